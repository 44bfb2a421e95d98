package import Kafka

/// A set of stages, by their index in the worker's list of stages (at most seven; their bits are kept in commit metadata).
package struct StageSet: OptionSet, Hashable, Sendable {
    package let rawValue: UInt8

    package init(rawValue: UInt8) {
        self.rawValue = rawValue & 0x7f
    }

    /// The set of just the stage at `index`.
    package init(index: Int) {
        self.init(rawValue: index >= 0 && index < 7 ? 1 << UInt8(index) : 0)
    }

    /// Calls `body` with the index of each stage, lowest first.
    @inline(__always)
    package func forEachIndex(_ body: (Int) -> Void) {
        var bits = rawValue
        while bits != 0 {
            body(bits.trailingZeroBitCount)
            bits &= bits &- 1
        }
    }
}

/// What became of one stage of one record.
package enum StageOutcome: Sendable, Equatable {
    /// The consequence is there and durable: the record's offset may be committed as far as this stage is concerned.
    case done(Completion)
    /// This record failed in a way that may pass; counts as an attempt. `after` is the other side's wish, else the backoff decides.
    case retry(reason: String, after: Duration? = nil)
    /// The sink failed, whatever the record: counts for the circuit breaker, never as an attempt of the record.
    case unavailable(reason: String, after: Duration? = nil)
    /// The record can never succeed: it becomes a dead letter.
    case reject(reason: String)
    /// The sink refuses all further work until somebody mends it (for example HTTP 410): its breaker opens for good.
    case halt(reason: String)
}

/// How a stage was completed, for the books.
package enum Completion: Sendable, Equatable {
    /// The consequence was brought about now, for the first time as far as anyone can know.
    case performed
    /// It was brought about now, and may have been before: an earlier answer was never seen.
    case repeated
    /// It had been brought about before, or must not be (too old, replay): nothing was done now.
    case suppressed
}

/// The circumstances of one attempt at a stage.
package struct StageContext: Sendable, Equatable {
    /// 1 for the first attempt in this process.
    package let attempt: Int
    /// Decides what the stage may do: see `notificationPermit`.
    package let mode: RunMode

    package init(attempt: Int, mode: RunMode) {
        self.attempt = attempt
        self.mode = mode
    }
}

/// What a record was turned into. The pipeline carries it to the stages and never looks into it.
package protocol Work: AnyObject, Sendable {
    /// Where it came from, kept for a dead letter.
    var record: Record { get }
}

/// One consequence that a record must have.
///
/// The worker calls `perform` in a child task, once at a time for a record and in offset order for a key.
package protocol Stage<Subject>: Sendable {
    /// The work that it takes.
    associatedtype Subject: Work

    /// Lower-case word for logs, metrics and the header `loyalty-stage`.
    var name: String { get }

    /// Brings the consequence about. Never throws: every failure is an outcome with a reason for people, free of payload data.
    func perform(_ work: Subject, in context: StageContext) async -> StageOutcome
}

extension Stage {
    /// `perform` for work whose kind is known only here.
    func perform(erased work: any Work, in context: StageContext) async -> StageOutcome {
        guard let work = work as? Subject else {
            return .reject(reason: "the work is of a kind that the stage \(name) does not take: a defect of the worker")
        }
        return await perform(work, in: context)
    }
}

/// What a record turned out to be.
package enum Reception {
    /// Nothing to do: counted and committed.
    case ignore
    /// Can't be processed: kept in the dead-letter topic.
    case reject(DeadLetter.Cause, Record)
    /// Accepted, and nothing is to be done: no stage of it has a sink.
    case settled(lane: UInt64)
    /// Has consequences. `lane` orders records of one key: those with equal numbers run one after the other.
    case accept(lane: UInt64, stages: StageSet, work: any Work)
}

/// Decodes and routes: turns a message into work. Owned and called by the worker's task alone, so it may keep buffers.
package protocol Intake {
    /// Copies the record out of the message only when something is to be done with it.
    func receive(_ message: borrowing Message, of source: TopicPartition) -> Reception
}
