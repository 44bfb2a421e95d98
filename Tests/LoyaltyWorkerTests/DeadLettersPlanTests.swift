import Kafka
import Pipeline
import Stages
import Testing

@testable import LoyaltyWorker

/// A worker, its topic and its dead-letter topic, as a random history leaves them: deaths, parked records, duplicates of a
/// crash, redrives that are recorded or not, records that die again.
private struct History {
    struct Redriven: Hashable {
        let partition: Int32
        let offset: Int64
        let key: UInt8
        let redrives: Int
    }

    static let shelves = 3
    private(set) var index = LetterIndex(shelves: shelves)
    private var texts = SharedTexts()
    private var random: SplitMix64
    private var next: [Int64]
    let scope: LetterScope
    private(set) var ends: [Int64]

    init(seed: UInt64, ordering: WorkerSettings.Ordering = .key) {
        random = SplitMix64(seed: seed)
        next = [0, 0, 0]
        ends = [0, 0, 0]
        var filter = LetterFilter()
        switch Int.random(in: 0..<5, using: &random) {
        case 0: filter.classes = [.stage, .parked]
        case 1: filter.partitions = [0, 1]
        case 2: filter.reason = "R1"
        case 3: filter.from = UTCTime(milliseconds: 1_700_000_000_000 + 30)
        default: break
        }
        scope = LetterScope(group: "g", ordering: ordering, isInput: { $0 == "t" }, filter: filter, keepsKeys: false)
        for _ in 0..<Int.random(in: 1...40, using: &random) { happen() }
    }

    private mutating func happen() {
        switch Int.random(in: 0..<10, using: &random) {
        case 0: add(shelf: Int.random(in: 0..<Self.shelves, using: &random), headers: [], key: nil)
        case 1: bury(.decode)
        case 2: repeatLast()
        case 3, 4: dieAgain()
        default:
            let partition = Int32.random(in: 0..<2, using: &random)
            let key = UInt8.random(in: 0..<4, using: &random)
            bury(.stage, partition, key)
            for _ in 0..<Int.random(in: 0..<3, using: &random) { bury(.parked, partition, key) }
        }
    }

    private mutating func bury(_ errorClass: DeadLetter.Cause.Class, _ partition: Int32 = 0, _ key: UInt8 = 9) {
        let offset = next[Int(partition)]
        next[Int(partition)] += Int64.random(in: 1...5, using: &random)
        write(errorClass, partition, offset, key, redrives: Int.random(in: 0..<8, using: &random) == 0 ? 3 : 0)
    }

    private mutating func write(
        _ errorClass: DeadLetter.Cause.Class,
        _ partition: Int32,
        _ offset: Int64,
        _ key: UInt8,
        redrives: Int
    ) {
        var headers = [
            "kafka_dlt-original-topic": "t", "kafka_dlt-original-partition": "\(partition)",
            "kafka_dlt-original-offset": "\(offset)", "kafka_dlt-original-consumer-group": "g",
            "loyalty-error-class": errorClass.rawValue, "kafka_dlt-exception-message": "r\(offset % 3)",
            "loyalty-first-failure-at": UTCTime(milliseconds: 1_700_000_000_000 + offset).iso8601,
        ]
        if redrives > 0 { headers["loyalty-redrives"] = "\(redrives)" }
        add(shelf: Int(key) % Self.shelves, headers: headers.map { ($0, $1) }, key: key)
    }

    private mutating func add(shelf: Int, headers: [(String, String)], key: UInt8?) {
        let letter = Letter(
            at: Letter.Place(shelf: shelf, offset: ends[shelf]),
            headers: headers.map { Header(name: $0.0, value: Array($0.1.utf8)) },
            key: key.map { [$0] },
            lane: key.map { KeyHash.hash([$0]) },
            byteCount: 10,
            scope: scope,
            texts: &texts
        )
        ends[shelf] += Int64.random(in: 1...3, using: &random)
        index.enter(letter)
    }

    /// A crash: the last letters of a partition are written again.
    private mutating func repeatLast() {
        guard let letter = index.letters.filter({ $0.origin != nil }).randomElement(using: &random) else { return }
        rewrite(letter, redrives: letter.redrives)
    }

    private mutating func rewrite(_ letter: Letter, redrives: Int) {
        guard let origin = letter.origin, let errorClass = letter.errorClass else { return }
        let key = (0..<10 as Range<UInt8>).first { Letter.tag([$0]) == letter.keyTag } ?? 9
        write(errorClass, origin.source.partition, origin.offset, key, redrives: redrives)
    }

    /// Of a key that waits, the first letters are redriven, and some die again.
    private mutating func dieAgain() {
        let plan = RedrivePlan(index, limit: 3)
        for number in plan.order.prefix(Int.random(in: 0...4, using: &random)) {
            index.finish(number)
            if Bool.random(using: &random) {
                rewrite(index.letters[number], redrives: index.letters[number].redrives + 1)
            }
        }
    }

    /// What the records of progress hold, read back as another run does.
    mutating func restored() -> LetterIndex {
        let sources = (0..<Self.shelves).map { TopicPartition(topic: "t.dlq", partition: Int32($0)) }
        let entries = sources.indices.map { shelf in
            let map = index.progress(of: shelf, end: ends[shelf])
            let (offset, _) = RedriveEntry.commit(map, of: sources[shelf], run: "00000000")
            return RedriveEntry(offset, end: ends[shelf])
        }
        var other = index
        other.restore { entries[$0.shelf]?.isFinished($0.offset) ?? false }
        return other
    }

    mutating func finish(_ numbers: some Sequence<Int>) {
        for number in numbers { index.finish(number) }
    }
}

private let seeds: Range<UInt64> = 1..<2000

@Suite struct `Plans of a redrive` {
    @Test func `of random histories keep the order of each key, overtake nothing, and hold nothing twice`() {
        for seed in seeds {
            let history = History(seed: seed)
            let index = history.index
            let plan = RedrivePlan(index, limit: 3)
            let words: Comment = "seed \(seed)"
            let origins = plan.order.compactMap { index.letters[$0].origin }
            #expect(Set(origins).count == plan.order.count, words)
            #expect(plan.order.allSatisfy { index.state(of: $0) == .waiting && index.letters[$0].matches }, words)
            #expect(plan.order.allSatisfy { index.letters[$0].redrives < 3 }, words)
            #expect(plan.order.count + plan.refused.count == plan.matched, words)
            let all = index.letters.indices.filter { index.state(of: $0) == .waiting && index.letters[$0].matches }
            #expect(plan.matched == all.count, words)
            for chain in Set(plan.order.compactMap { index.letters[$0].chain }) {
                let offsets = plan.order.filter { index.letters[$0].chain == chain }
                    .compactMap { index.letters[$0].origin?.offset }
                #expect(offsets == offsets.sorted(), words)
                // Every letter of the key that waits and is earlier than one that goes, goes too.
                let waiting = index.letters.indices.filter {
                    index.letters[$0].chain == chain && index.state(of: $0) == .waiting
                }
                let earlier = waiting.filter { index.letters[$0].origin?.offset ?? 0 < offsets.last ?? 0 }
                #expect(earlier.allSatisfy(plan.order.contains), words)
            }
        }
    }

    @Test func `that are resumed are the rest of the plan, from what was recorded`() {
        for seed in seeds {
            var history = History(seed: seed)
            let plan = RedrivePlan(history.index, limit: 3)
            var random = SplitMix64(seed: seed)
            let done = Int.random(in: 0...plan.order.count, using: &random)
            history.finish(plan.order.prefix(done))
            let resumed = RedrivePlan(history.restored(), limit: 3)
            #expect(resumed.order == Array(plan.order.dropFirst(done)), "seed \(seed)")
            #expect(resumed.refused.map(\.letter) == plan.refused.map(\.letter), "seed \(seed)")
        }
    }

    @Test func `without parking let every letter go for itself`() {
        for seed in seeds.prefix(300) {
            let history = History(seed: seed, ordering: .none)
            let plan = RedrivePlan(history.index, limit: 3)
            #expect(plan.refused.allSatisfy { $0.refusal == .redriveLimit }, "seed \(seed)")
            #expect(
                plan.order == plan.order.sorted { history.index.letters[$0].place < history.index.letters[$1].place }
            )
        }
    }

    @Test func `say why a letter stays`() {
        var texts = SharedTexts()
        var index = LetterIndex(shelves: 1)
        var filter = LetterFilter()
        filter.classes = [.stage]
        let scope = LetterScope(group: "g", ordering: .key, isInput: { _ in true }, filter: filter, keepsKeys: false)
        for (place, (key, errorClass, redrives)) in [
            ("a", "parked", 0), ("a", "stage", 0), ("b", "stage", 3), ("b", "stage", 0), ("c", "stage", 2),
        ].enumerated() {
            index.enter(
                .test(
                    place,
                    key: key,
                    ["loyalty-error-class": errorClass, "loyalty-redrives": "\(redrives)"],
                    scope,
                    &texts
                )
            )
        }
        let plan = RedrivePlan(index, limit: 3)
        #expect(plan.order == [4])
        #expect(plan.refused.map(\.letter) == [1, 2, 3])
        #expect(plan.refused.map(\.refusal) == [.overtaking(0), .redriveLimit, .overtaking(2)])
        #expect(plan.matched == 4)
        #expect(plan.keys == 1)
    }

    @Test func `of a later round take what was parked behind the run's own letters, and nothing that died again`() {
        var texts = SharedTexts()
        var index = LetterIndex(shelves: 1)
        let scope = LetterScope(group: "g", ordering: .key, isInput: { _ in true }, filter: .init(), keepsKeys: false)
        func letter(_ place: Int, _ key: String, _ errorClass: String, offset: Int? = nil, redrives: Int = 0) -> Letter
        {
            .test(
                place,
                key: key,
                [
                    "loyalty-error-class": errorClass, "loyalty-redrives": "\(redrives)",
                    "kafka_dlt-original-offset": "\(offset ?? place)",
                ],
                scope,
                &texts
            )
        }
        for (place, key) in ["a", "b"].enumerated() { index.enter(letter(place, key, "stage")) }
        let first = RedrivePlan(index, limit: 3)
        #expect(first.order == [0, 1])
        for number in first.order { index.finish(number) }
        let earlier = RedrivePlan.Earlier(
            records: Set(first.order.compactMap { index.letters[$0].origin }),
            chains: Set(first.order.compactMap { index.letters[$0].chain }),
            known: 2
        )
        // Behind a, two were parked; b died again, and one is behind it; c died for the first time.
        index.enter(letter(2, "a", "parked"))
        index.enter(letter(3, "b", "stage", offset: 1, redrives: 1))
        index.enter(letter(4, "b", "parked"))
        index.enter(letter(5, "c", "stage"))
        index.enter(letter(6, "a", "parked"))
        let second = RedrivePlan(index, limit: 3, after: earlier)
        #expect(second.order == [2, 6])
        #expect(second.waitingAgain == 2)
        #expect(second.refused.isEmpty)
        #expect(RedrivePlan(index, limit: 3).order == [2, 3, 4, 5, 6], "another run takes all")
    }
}

extension Letter {
    /// A letter whose original offset is its own, from partition 0.
    static func test(
        _ place: Int,
        key: String?,
        _ headers: [String: String] = [:],
        _ scope: LetterScope,
        _ texts: inout SharedTexts
    ) -> Letter {
        let usual = [
            "kafka_dlt-original-topic": "t", "kafka_dlt-original-partition": "0",
            "kafka_dlt-original-offset": "\(place)", "kafka_dlt-original-consumer-group": "g",
            "loyalty-error-class": "stage",
        ]
        return Letter(
            at: Place(shelf: 0, offset: Int64(place)),
            headers: usual.merging(headers) { $1 }.map { Header(name: $0.key, value: Array($0.value.utf8)) },
            key: key.map { Array($0.utf8) },
            lane: key.map { KeyHash.hash(Array($0.utf8)) },
            byteCount: 1,
            scope: scope,
            texts: &texts
        )
    }
}
