import Kafka
import Pipeline
import Testing

@testable import LoyaltyWorker

@Suite struct `The definition of a replay job` {
    private let request = {
        var request = ReplayRequest(topics: ["t", "ü"])
        request.texts = ("-36h", nil)
        request.filter = ReplayFilter(["campaign=a&b=ü%:,customer=c"]) ?? .none
        return request
    }()

    private func partition(_ number: Int32, of topic: String = "t") -> TopicPartition {
        TopicPartition(topic: topic, partition: number)
    }

    private var definition: ReplayDefinition {
        ReplayDefinition(
            words: request.words,
            ranges: [partition(0): 5..<50, partition(1): 7..<7, partition(2): 0..<900, partition(0, of: "u"): 1..<2]
        )
    }

    @Test func `it comes back from its commits, which are printable`() throws {
        let commits = try #require(definition.commits())
        #expect(commits.allSatisfy { $0.metadata.utf8.allSatisfy { (0x20...0x7e).contains($0) } })
        let absent = CommittedOffset(partition: partition(9), offset: nil)
        #expect(try ReplayDefinition.read(commits.reversed() + [absent]) == definition)
        #expect(try ReplayDefinition.read([absent]) == nil)
        #expect(definition.total == 946)
    }

    @Test func `a definition that is not whole is not believed`() throws {
        let commits = try #require(definition.commits())
        let other = try #require(
            ReplayDefinition(words: request.words, ranges: [partition(0): 5..<51, partition(1): 7..<7]).commits()
        )
        let foreign = CommittedOffset(partition: partition(0), offset: 3, metadata: "lw1:abc")
        let moved = CommittedOffset(partition: commits[0].partition, offset: 6, metadata: commits[0].metadata)
        for broken in [
            Array(commits.dropFirst()), Array(commits.dropLast()), [other[0]] + commits.dropFirst(), [foreign],
            [moved] + commits.dropFirst(), [commits[0], commits[0]],
        ] {
            #expect(throws: ReplayDefinition.Broken.self) { try ReplayDefinition.read(broken) }
        }
    }

    @Test func `differences are named, and the times that relative ends come to are none`() {
        #expect(definition.differences(from: request.words).isEmpty)
        var other = request
        other.texts = ("-24h", nil)
        other.mayNotify = true
        #expect(
            definition.differences(from: other.words)
                == ["from is -36h there and -24h here", "notify is no there and yes here"]
        )
    }

    @Test func `a request that does not fit into a commit is refused`() {
        var long = request
        long.filter = ReplayFilter([(0..<500).map { "campaign=camp_\($0)" }.joined(separator: ",")]) ?? .none
        #expect(ReplayDefinition(words: long.words, ranges: definition.ranges).commits() == nil)
    }

    @Test(arguments: 0..<500 as Range<UInt64>)
    func `processes that start at any instant settle on one definition`(_ seed: UInt64) {
        var simulation = ElectionSimulation(seed: seed)
        let settled = simulation.run()
        #expect(settled.count == simulation.processes)
        #expect(Set(settled).count == 1, "seed \(seed)")
    }
}

/// Processes that read, write and wait, each call taking a random time below half of the patience.
private struct ElectionSimulation {
    private static let patience = 1000

    private enum Call {
        case read, land(Int), answer
    }

    let processes: Int
    private var random: SplitMix64
    private var stored: Int?
    private var elections: [DefinitionElection<Int>] = []
    private var events: [(at: Int, process: Int, call: Call)] = []
    private var settled: [Int] = []

    init(seed: UInt64) {
        random = SplitMix64(seed: seed)
        processes = 2 + random.below(4)
        for process in 0..<processes {
            elections.append(DefinitionElection(candidate: process))
            events.append((random.below(3000), process, .read))
        }
    }

    mutating func run() -> [Int] {
        while let next = events.indices.min(by: { events[$0].at < events[$1].at }) {
            let event = events.remove(at: next)
            let later = event.at + 1 + random.below(Self.patience / 2 - 1)
            switch event.call {
            case .read:
                // What is found is what is there now; the answer takes its time.
                switch elections[event.process].found(stored) {
                case .read: events.append((later, event.process, .read))
                case .write(let value): events.append((later, event.process, .land(value)))
                case .wait: events.append((later + Self.patience, event.process, .read))
                case .settled(let value): settled.append(value)
                }
            case .land(let value):
                stored = value
                events.append((later, event.process, .answer))
            case .answer: events.append((event.at + Self.patience, event.process, .read))
            }
        }
        return settled
    }
}
