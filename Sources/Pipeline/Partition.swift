import Kafka

/// Names one piece of work of one record, so that its outcome finds the record again, or finds out that nobody owns it any more.
package struct Ticket: Hashable, Sendable {
    /// The partition, by its number in the assignment.
    package let slot: Int
    /// The taking-up of the partition under which the record was received: work of an old one can't move the frontier of a new one.
    package let generation: UInt64
    package let sequence: UInt64
    /// The stage's index; nil: the writing of a dead letter.
    package let stage: Int?
}

/// One record that was received and is not finished. Owned by the worker's task.
final class Delivery {
    let record: Record
    let sequence: UInt64
    let lane: UInt64?
    /// Hash of the key, whatever the lanes are: what parking goes by. Nil when nothing is to be parked.
    let key: UInt64?
    let redriven: Redriven?
    let work: (any Work)?
    let receivedAt: Duration
    /// Bytes that this record counts for in `limits.buffered`.
    let cost: Int

    /// Stages that are neither done nor failed.
    var remaining: StageSet
    /// Why it is dead, once that is certain.
    var cause: DeadLetter.Cause?
    /// Failures that count, by stage index.
    var attempts: [Int]
    /// Actions on their way.
    var running = 0
    var waitingForRetry = 0
    /// Stages among those that wait.
    var retrying: StageSet = []
    var nextAttempt: Duration?
    var firstFailure: Duration?
    var lastFailure: String?
    var deadLetterFailures = 0

    init(
        record: Record,
        sequence: UInt64,
        lane: UInt64?,
        key: UInt64?,
        redriven: Redriven?,
        work: (any Work)?,
        stages: StageSet,
        stageCount: Int,
        cause: DeadLetter.Cause?,
        receivedAt: Duration,
        cost: Int
    ) {
        self.record = record
        self.sequence = sequence
        self.lane = lane
        self.key = key
        self.redriven = redriven
        self.work = work
        self.remaining = stages
        self.attempts = Array(repeating: 0, count: stageCount)
        self.cause = cause
        self.receivedAt = receivedAt
        self.cost = cost
    }

    func failed(_ reason: String, at now: Duration) {
        lastFailure = reason
        if firstFailure == nil { firstFailure = now }
    }
}

/// One assigned partition: what was received, what runs, how far it may be committed.
struct Partition {
    /// Records that may be tracked above the frontier before the partition stops pulling: bounds memory when one record holds it.
    static let spanLimit = 1 << 18

    let generation: UInt64
    /// What an earlier owner had done above the frontier.
    let restored: OffsetMap
    /// Where `untilEnd`, or the range of a replay, is satisfied.
    let end: Int64?
    /// Nothing at or above `end` is taken: a replay.
    let isBounded: Bool
    /// Everything below `end` was received.
    var isReceived = false

    var ledger: OffsetLedger
    var lanes = KeyLanes()
    var barred: BarredKeys
    var deliveries: [UInt64: Delivery] = [:]
    /// Records tracked and finished, counted apart from the ledger: what is neither finished nor unfinished was lost.
    var tracked: UInt64 = 0
    var finished: UInt64 = 0
    /// Actions on their way.
    var running = 0
    var retrying = 0
    var bufferedBytes = 0
    var isDraining = false
    var isMapFull = false
    /// The broker takes less metadata than we have. First the map stays at home, and only then the barred keys too.
    var refusals = 0
    /// Something was finished or marked since the last commit was composed.
    var isDirty = false
    var committed: Int64?
    var lastProgress: Duration

    init(
        generation: UInt64,
        start: Int64?,
        restored: OffsetMap,
        end: Int64?,
        isBounded: Bool = false,
        at now: Duration
    ) {
        self.generation = generation
        self.restored = restored
        self.end = end
        self.isBounded = isBounded
        ledger = OffsetLedger(frontier: start)
        barred = restored.barred
        committed = start
        lastProgress = now
    }

    var mayPull: Bool { !isDraining && !isMapFull && !isReceived }

    var hasReachedEnd: Bool {
        guard let end else { return false }
        return end <= ledger.frontier ?? 0
    }

    /// Bytes that an unfinished record of this partition costs on average.
    var averageCost: Int { deliveries.isEmpty ? 0 : bufferedBytes / deliveries.count }
}

extension Duration {
    var microseconds: Int64 {
        let (seconds, attoseconds) = components
        return seconds &* 1_000_000 &+ attoseconds / 1_000_000_000_000
    }
}
