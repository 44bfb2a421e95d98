import Kafka

@testable import Pipeline

/// A seeded world around the pure core: a broker with partitions, a group with members that come, stall, crash and leave, sinks that
/// fail, a journal, dead letters and an operator who redrives them. After every step the invariants are checked.
struct Simulation {
    final class Item: Work {
        let record: Record
        /// Where it stood first: what the accrual is known by.
        let original: Int64

        init(_ record: Record, original: Int64) {
            self.record = record
            self.original = original
        }

        var source: TopicPartition { record.source }
        var offset: Int64 { record.offset }
    }

    struct Effect: Hashable {
        let source: TopicPartition
        /// The original one.
        let offset: Int64
        let stage: Int
    }

    /// One record of the log and how it behaves.
    struct Entry {
        enum Kind { case ignore, reject, accept }
        let offset: Int64
        var key: UInt64
        let kind: Kind
        let stages: StageSet
        /// Failures before each stage succeeds; `.max`: always.
        var failures: [Int]
        /// The sink of stage 0 refuses the record for good when it is asked next.
        var isRefused = false
        /// When a redrive has brought it back.
        var redriven: Redriven?

        var original: Int64 { redriven?.original ?? offset }
        var isDiscarded: Bool { redriven?.isDiscarded == true }
    }

    struct Burial {
        let ticket: Ticket
        let record: Record
        let cause: DeadLetter.Cause
    }

    struct Member {
        let id: Int
        var machine: WorkerMachine
        var held: Set<TopicPartition> = []
        var position: [TopicPartition: Int] = [:]
        var runs: [(ticket: Ticket, stage: Int, work: Item)] = []
        var burials: [Burial] = []
        var commits: [(token: UInt64, batch: [CommittedOffset])] = []
        var resolves: [(generation: UInt64, partitions: [TopicPartition])] = []
        /// The group waits for this member's unassign since then.
        var owesAnswer: Duration?
        var isLeaving = false
        var isGone = false

        var summary: String {
            """
            member \(id) holds \(held.map(\.description).sorted()), \(machine.membership.phase), runs \(runs.count), \
            burials \(burials.count), commits \(commits.count), resolves \(resolves.count), \
            owes \(owesAnswer != nil), leaving \(isLeaving), \
            slots \(machine.assignment.slots.map { "\($0.source) owned \($0.partition != nil) orphans \($0.orphans)" }), \
            \(machine.assignment.breakers.map { "\($0.state)" }), in flight \(machine.assignment.inFlight), \
            buffered \(machine.assignment.bufferedBytes) of \(machine.assignment.settings.bufferedBytes), \
            positions \(position)
            """
        }
    }

    /// What happened, for people who read a failing history.
    final class Trace {
        private(set) var lines: [String] = []
        private let isOn: Bool

        init(isOn: Bool) {
            self.isOn = isOn
        }

        func note(_ now: Duration, _ text: @autoclosure () -> String) {
            if isOn { lines.append("\(now.microseconds / 1000) ms: \(text())") }
        }
    }

    struct Violation: Error, CustomStringConvertible {
        let description: String
    }

    /// A deliberate defect of the shell or the world, to prove that the checks bite: one for each invariant that a history can break.
    enum Defect: CaseIterable {
        case none
        /// Commits one record too far.
        case commitBeyondFrontier
        /// The worker is not told that its partitions went to others, and goes on committing them.
        case lossUnheard
        /// Two records of one key run at once.
        case lanesIgnored
        /// Which keys have dead letters is not kept in commits.
        case barsForgotten
        /// Effects are not remembered.
        case journalForgets
        /// What is done above the frontier is not kept in commits, and there is no journal.
        case mapForgotten
        /// Time never passes for the worker: no retry, no probe, no deadline.
        case clockStandsStill
        /// Records are pulled without asking for room.
        case roomIgnored
        /// Dead letters are discarded before earlier ones of their key.
        case discardsOvertake
        /// A replay notifies without leave.
        case permitIgnored
        /// A replay goes on beyond the end of its range.
        case rangeIgnored
        /// A replay commits for the live group.
        case replayCommitsForAll
    }

    var random: SplitMix64
    let defect: Defect
    let trace: Trace
    var now: Duration = .zero
    var log: [TopicPartition: [Entry]] = [:]
    var committed: [TopicPartition: (offset: Int64, metadata: String)] = [:]
    var owner: [TopicPartition: Int] = [:]
    var members: [Member] = []
    var performed: [Effect: Int] = [:]
    var journal: Set<Effect> = []
    /// Offsets of log entries that are safely in the dead-letter topic.
    var buried: [TopicPartition: Set<Int64>] = [:]
    /// Original offsets of dead and parked records that nobody has redriven, with their keys.
    var letters: [TopicPartition: [Int64: UInt64]] = [:]
    /// Original offsets of records that the operator has given up, whatever becomes of them.
    var discarded: [TopicPartition: Set<Int64>] = [:]
    /// Those of letters that were discarded before and parked again.
    var discardedLetters: [TopicPartition: Set<Int64>] = [:]
    /// Where the latest letter of each key stood.
    var latestLetters: [TopicPartition: [UInt64: Int64]] = [:]
    /// Where the record stands that was redriven last.
    var lastRedriven: [TopicPartition: Int64] = [:]
    var lastFirst: [[UInt64]: Int64] = [:]
    var isRebalancing = false
    var rebalances = 0
    var nextMember = 0
    var repeats = 0
    var repeatsAllowed = 0
    var sinkDown: [Bool] = [false, false]
    var calm = false
    /// The replay, once it has begun.
    var job: Job?
    let hasReplay: Bool
    let hasJournal: Bool
    let keys: UInt64
    /// Of so many records, one is refused by its sink.
    let refusals: Int
    let markers: Int64
    let settings: WorkerSettings
    let partitions: [TopicPartition]

    init(_ history: History, tracing: Bool = false) {
        random = SplitMix64(seed: history.seed)
        defect = history.defect
        trace = Trace(isOn: tracing)
        var settings = WorkerSettings(group: "sim")
        settings.inFlight = Int.random(in: 1...12, using: &random)
        settings.bufferedBytes = Int.random(in: 2000...40_000, using: &random)
        settings.retry = RetryPolicy(maxAttempts: 3, initialDelay: .milliseconds(50), maxDelay: .seconds(1))
        settings.breaker = CircuitBreaker.Policy(failures: 4, cooldown: .milliseconds(500))
        settings.drainTimeout = .seconds(2)
        settings.commitInterval = .milliseconds(200)
        settings.isCooperative = Int.random(in: 0..<3, using: &random) == 0
        // The map of a partition often does not fit.
        if Int.random(in: 0..<4, using: &random) == 0 {
            settings.metadataLimit = Int.random(in: 120...200, using: &random)
        }
        hasJournal = history.defect != .mapForgotten && Int.random(in: 0..<4, using: &random) != 0
        let mustReplay = [.permitIgnored, .rangeIgnored, .replayCommitsForAll].contains(history.defect)
        hasReplay = hasJournal && (mustReplay || Int.random(in: 0..<3, using: &random) == 0)
        keys = UInt64.random(in: 1...5, using: &random)
        refusals = Int.random(in: 0..<2, using: &random) == 0 ? 8 : 1000
        self.settings = settings
        markers = Int64.random(in: 0...2, using: &random)
        let partitions = (0..<Int32.random(in: 1...4, using: &random)).map { TopicPartition(topic: "t", partition: $0) }
        self.partitions = Array(partitions.prefix(history.partitions))
        for source in partitions {
            var entries: [Entry] = []
            var offset = Int64.random(in: 0...3, using: &random)
            for _ in 0..<Int.random(in: 0...30, using: &random) {
                let entry = Self.entry(at: offset, keys: keys, refusals: refusals, using: &random)
                entries.append(entry)
                offset += Int.random(in: 0..<6, using: &random) == 0 ? Int64.random(in: 2...9, using: &random) : 1
            }
            log[source] = Array(entries.prefix(history.records))
        }
    }

    static func entry(at offset: Int64, keys: UInt64, refusals: Int, using random: inout SplitMix64) -> Entry {
        let dice = Int.random(in: 0..<20, using: &random)
        let failures = (0..<2).map { _ in
            let dice = Int.random(in: 0..<25, using: &random)
            return dice == 0 ? Int.max : dice < 5 ? dice / 2 : 0
        }
        return Entry(
            offset: offset,
            key: UInt64.random(in: 0..<keys, using: &random),
            kind: dice == 0 ? .reject : dice < 4 ? .ignore : .accept,
            stages: dice < 10 ? StageSet(index: 0) : [StageSet(index: 0), StageSet(index: 1)],
            failures: failures,
            isRefused: Int.random(in: 0..<refusals, using: &random) == 0
        )
    }

    mutating func run(_ history: History) throws(Violation) {
        addMember()
        for seed in history.steps {
            random = SplitMix64(seed: seed)
            try step()
        }
        calm = true
        trace.note(now, "calm")
        sinkDown = [false, false]
        random = SplitMix64(seed: history.seed ^ 0xca1_0)
        for _ in 0..<20_000 {
            if isFinished { break }
            if members.allSatisfy({ $0.isGone || $0.isLeaving }) { addMember() }
            if hasReplay, job == nil { startJob() }
            try step()
        }
        guard isFinished else {
            throw Violation(
                description: """
                    stuck: \(unfinished.prefix(3)); letters \(letters); owners \(owner), rebalancing \(isRebalancing), \
                    committed \(committed); \(members.filter { !$0.isGone }.map(\.summary)); \
                    replay \(job.map { "\($0.ranges) at \($0.committed), \($0.member.summary)" } ?? "none")
                    """
            )
        }
        try checkEnd()
    }

    private mutating func step() throws(Violation) {
        if job != nil, Int.random(in: 0..<3, using: &random) == 0 {
            try stepJob()
            return try check()
        }
        let dice = Int.random(in: 0..<106, using: &random)
        switch dice {
        case 0..<20: passTime()
        case 20..<40: fetch()
        case 40..<72: try finishRun()
        case 72..<80: finishBurial()
        case 80..<88: try answerCommit()
        case 88..<92: answerResolve()
        case 92..<94 where !calm: rebalance()
        case 94 where !calm: addMember()
        case 95 where !calm: try crash()
        case 96 where !calm: leave()
        case 97 where !calm: lose()
        case 98 where !calm: turnSink()
        case 99 where !calm: reset()
        case 100..<103: redrive()
        case 103 where hasReplay && job == nil: startJob()
        default: regroup()
        }
        for index in members.indices where !members[index].isGone { try obey(index) }
        try check()
    }

    private mutating func passTime() {
        now += .milliseconds(Int.random(in: 1...(calm ? 400 : 120), using: &random))
        guard defect != .clockStandsStill else { return }
        for index in members.indices where !members[index].isGone { members[index].machine.advance(at: now) }
    }

    private mutating func turnSink() {
        let stage = Int.random(in: 0..<2, using: &random)
        sinkDown[stage].toggle()
        trace.note(now, "sink \(stage) \(sinkDown[stage] ? "fails" : "works")")
    }

    mutating func pick(_ isWanted: (Member) -> Bool) -> Int? {
        var chosen: Int?
        var seen = 0
        for index in members.indices where !members[index].isGone && isWanted(members[index]) {
            seen += 1
            if Int.random(in: 0..<seen, using: &random) == 0 { chosen = index }
        }
        return chosen
    }

    func place(_ source: TopicPartition, _ offset: Int64) -> Int? {
        guard let entries = log[source] else { return nil }
        var low = 0
        var high = entries.count
        while low < high {
            let middle = (low + high) / 2
            if entries[middle].offset < offset { low = middle + 1 } else { high = middle }
        }
        return low < entries.count && entries[low].offset == offset ? low : nil
    }

    func entry(_ source: TopicPartition, _ offset: Int64) -> Entry? {
        place(source, offset).flatMap { log[source]?[$0] }
    }
}
