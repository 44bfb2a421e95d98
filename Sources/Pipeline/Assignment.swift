import DequeModule
import HeapModule
package import Kafka

/// Everything this member owns and has in progress: the pure core of the worker.
///
/// No I/O, no clock, no task: time is a `Duration` since the worker's start, and what is to be done comes back as actions.
package struct Assignment {
    package enum Action {
        /// Run a stage and report the outcome with `complete`.
        case perform(Ticket, stage: Int, attempt: Int, any Work)
        /// Write a dead letter and report with `deadLettered`.
        case bury(Ticket, Record, DeadLetter.Cause, firstFailure: Duration)
    }

    struct Retry: Comparable {
        let due: Duration
        let ticket: Ticket

        static func < (one: Retry, other: Retry) -> Bool { one.due < other.due }
        static func == (one: Retry, other: Retry) -> Bool { one.due == other.due }
    }

    /// The place of a topic's partition, kept for good once it was seen; tickets name it by number.
    struct Slot {
        let source: TopicPartition
        var partition: Partition?
        /// Actions still on their way for partitions that were given up: until they end, a new assignment of the partition must not
        /// start, or two records of one key could run at once.
        var orphans = 0
    }

    /// What is known of a record when it is pulled.
    package struct Arrival: Sendable {
        package let offset: Int64
        /// Hash of its key; nil: no key.
        package let key: UInt64?
        /// Need not be looked for while the partition bars no key.
        package let redriven: Redriven?

        package init(offset: Int64, key: UInt64?, redriven: Redriven?) {
            self.offset = offset
            self.key = key
            self.redriven = redriven
        }
    }

    /// A record that was given up for good has had its turn.
    package struct Discard: Sendable, Equatable {
        package let source: TopicPartition
        package let offset: Int64
        /// Where it stood first.
        package let original: Int64
    }

    /// A breaker has changed its state.
    package struct BreakerNews: Sendable {
        package let stage: String
        package let state: CircuitBreaker.State
        /// What the sink said last.
        package let reason: String
    }

    static let reliefInterval: Duration = .milliseconds(100)
    /// What a record costs beside its bytes, in `limits.buffered`.
    static let overhead = 512

    package let settings: WorkerSettings
    let stageNames: [String]
    package internal(set) var counts: WorkerCounts
    /// Records with an action on its way.
    package internal(set) var inFlight = 0
    package internal(set) var bufferedBytes = 0
    var slots: [Slot] = []
    private var slotNumbers: [TopicPartition: Int] = [:]
    /// Counts the partitions taken up.
    private var generation: UInt64 = 0
    var breakers: [CircuitBreaker]
    /// When each stage last succeeded, for any record.
    var lastSuccess: [Duration?]
    /// Changes of breakers since the shell last looked, for people.
    package var breakerNews: [BreakerNews] = []
    /// Discards since the shell last looked, for people.
    package var discards: [Discard] = []
    /// Work that waits for its sink, by stage, oldest first.
    var held: [Deque<Ticket>]
    /// Work that waits for room in `limits.inFlight`, oldest first.
    var ready: Deque<Ticket> = []
    var retries = Heap<Retry>()
    var random: SplitMix64
    var nextRelief: Duration = .zero

    /// - Parameters:
    ///   - stages: names of the stages, in the order of their bits.
    ///   - seed: of the jitter of retries.
    package init(settings: WorkerSettings, stages: [String], seed: UInt64) {
        self.settings = settings
        stageNames = stages
        counts = WorkerCounts(stages: stages)
        breakers = stages.map { _ in CircuitBreaker(policy: settings.breaker) }
        lastSuccess = stages.map { _ in nil }
        held = stages.map { _ in [] }
        random = SplitMix64(seed: seed)
    }

    /// The partitions owned now.
    package var sources: [TopicPartition] {
        slots.compactMap { $0.partition == nil ? nil : $0.source }
    }

    /// The number under which a partition's records are admitted.
    package mutating func slot(of source: TopicPartition) -> Int {
        if let number = slotNumbers[source] { return number }
        slots.append(Slot(source: source))
        slotNumbers[source] = slots.count - 1
        return slots.count - 1
    }

    func knownSlot(of source: TopicPartition) -> Int? { slotNumbers[source] }

    func partition(_ source: TopicPartition) -> Partition? {
        slotNumbers[source].flatMap { slots[$0].partition }
    }

    /// Takes a partition over from `start` (nil: wherever the broker begins), with what an earlier owner had done above it.
    ///
    /// - Parameters:
    ///   - end: where `untilEnd`, or the range of a replay, is satisfied.
    ///   - isBounded: nothing at or above `end` is to be taken.
    package mutating func add(
        _ source: TopicPartition,
        start: Int64?,
        restored: OffsetMap? = nil,
        end: Int64? = nil,
        isBounded: Bool = false,
        at now: Duration
    ) {
        drop(source)
        generation &+= 1
        slots[slot(of: source)].partition = Partition(
            generation: generation,
            start: start,
            restored: restored ?? OffsetMap(frontier: start ?? 0),
            end: end,
            isBounded: isBounded,
            at: now
        )
    }

    /// Forgets a partition at once: outcomes of its work will be ignored.
    package mutating func drop(_ source: TopicPartition) {
        guard let slot = slotNumbers[source], let partition = slots[slot].partition else { return }
        slots[slot].partition = nil
        slots[slot].orphans += partition.running
        let unfinished = UInt64(partition.deliveries.count)
        counts.abandoned &+= unfinished
        counts.lost &+= partition.tracked &- min(partition.finished &+ unfinished, partition.tracked)
        bufferedBytes -= partition.bufferedBytes
        inFlight -= partition.deliveries.values.count { $0.running > 0 }
        ready.removeAll { $0.slot == slot }
        for stage in held.indices { held[stage].removeAll { $0.slot == slot } }
    }

    /// Admits nothing more to a partition: what was admitted may finish, but retries and work that waits for its sink are abandoned,
    /// because the group waits meanwhile.
    package mutating func drain(_ source: TopicPartition) {
        slots[slot(of: source)].partition?.isDraining = true
    }

    package func isDrained(_ source: TopicPartition) -> Bool {
        guard let slot = slotNumbers[source], let partition = slots[slot].partition else { return true }
        return partition.running == 0 && !ready.contains { $0.slot == slot }
    }

    package var haltedStages: [String] {
        stageNames.indices.filter { breakers[$0].state == .halted }.map { stageNames[$0] }
    }

    /// Whether nothing moves any more, because all that is left waits for sinks that are gone for good.
    package var isHalted: Bool {
        inFlight == 0 && ready.isEmpty && retries.isEmpty
            && zip(held, breakers).contains { !$0.isEmpty && $1.state == .halted }
            && zip(held, breakers).allSatisfy { $0.isEmpty || $1.state == .halted }
    }

    /// Whether every partition has come as far as `untilEnd` asks for.
    package var hasReachedEnd: Bool {
        slots.allSatisfy { $0.partition?.hasReachedEnd ?? true }
    }

    /// How many records may be pulled for a slot now; none while any limit is reached.
    package func room(in slot: Int) -> Int {
        guard let partition = slots[slot].partition, partition.mayPull, slots[slot].orphans == 0 else { return 0 }
        let bytes = min(settings.bufferedBytes - bufferedBytes, share - partition.bufferedBytes)
        guard bytes > 0 else { return partition.deliveries.isEmpty && inFlight < settings.inFlight ? 1 : 0 }
        return min(
            settings.inFlight - inFlight - ready.count,
            max(bytes / max(partition.averageCost, Self.overhead), 1),
            Partition.spanLimit - partition.ledger.span
        )
    }

    /// What one partition may buffer: a key that is stuck fills no more than its partition's share.
    var share: Int {
        settings.bufferedBytes / max(1, slots.count { $0.partition != nil })
    }
}
