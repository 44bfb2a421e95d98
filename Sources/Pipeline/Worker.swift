package import Kafka
package import Logging
import Synchronization

/// Consumes a topic as a member of a group: hands records to their stages, and commits what is finished.
///
/// One task owns everything mutable (`WorkerLoop`); this is the handle that other tasks hold.
package final class Worker: Sendable {
    let settings: WorkerSettings
    let consumer: Consumer
    let publisher: Publisher
    let transactions: Transactions?
    let stages: [any Stage]
    let logger: Logger
    let doorbell: Doorbell
    let mailbox: Mailbox<Mail>
    let throttle: Throttle?
    let listing: (@Sendable (DeadLetter) -> Void)?
    private let latest: Mutex<WorkerStatus>
    private let isOver = Atomic(false)

    enum Mail: Sendable {
        case completed(Ticket, StageOutcome, microseconds: Int64)
        case buried(Ticket, failure: String?)
        case resolved(generation: UInt64, Result<Resolution, KafkaError>)
        case transacted(Result<TransactionEnd, KafkaError>)
        case stop
    }

    struct Resolution: Sendable {
        let starts: [WorkerMachine.Start]
        /// As what offsets of these partitions are committed in transactions.
        let member: GroupMember?
    }

    /// - Parameters:
    ///   - doorbell: the one that the consumer was made with.
    ///   - publisher: writes dead letters; whoever made it runs its pump until `run` has returned. Closed at the end.
    ///   - transactions: of the publisher's producer, when the settings ask for them.
    ///   - stages: their index is their bit in a `StageSet`.
    ///   - throttle: nil: as fast as it goes.
    ///   - listing: takes dead letters instead of the dead-letter topic: for a replay.
    package init(
        settings: WorkerSettings,
        consumer: Consumer,
        doorbell: Doorbell,
        publisher: Publisher,
        transactions: Transactions? = nil,
        stages: [any Stage],
        throttle: Throttle? = nil,
        listing: (@Sendable (DeadLetter) -> Void)? = nil,
        logger: Logger
    ) {
        self.settings = settings
        self.consumer = consumer
        self.doorbell = doorbell
        self.publisher = publisher
        self.transactions = transactions
        self.stages = stages
        self.throttle = throttle
        self.listing = listing
        self.logger = logger
        mailbox = Mailbox(doorbell: doorbell)
        latest = Mutex(WorkerStatus())
    }

    /// What the worker is doing; from any thread.
    package var status: WorkerStatus {
        latest.withLock { $0 }
    }

    /// The group was left: nothing more is waited for.
    var isFinished: Bool { isOver.load(ordering: .relaxed) }

    /// Asks the worker to drain, commit and leave; from any thread, as often as one likes.
    package func stop() {
        mailbox.post(.stop)
    }

    /// Works until `stop`, or with `untilEnd` until everything present at the start is finished.
    ///
    /// - Parameter intake: made here and used by this task alone.
    package func run(intake: @Sendable () -> any Intake) async throws(WorkerError) -> WorkerReport {
        var loop = WorkerLoop(of: self, intake: intake())
        let failure = await withDiscardingTaskGroup(returning: WorkerError?.self) { group in
            group.addTask(name: "tick") { [self] in
                while !isOver.load(ordering: .relaxed), (try? await Task.sleep(for: WorkerTiming.tick)) != nil {
                    doorbell.ring()
                }
            }
            let failure = await loop.run(in: &group)
            // Calls on their way are not cancelled: the other side may have acted, and the journal should know.
            isOver.store(true, ordering: .relaxed)
            await publisher.finish(within: WorkerTiming.reportTimeout)
            return failure
        }
        if let transactions, loop.hasOpenTransaction { await abandon(transactions) }
        publish(loop.status())
        if let failure { throw failure }
        return loop.report()
    }

    func publish(_ status: WorkerStatus) {
        latest.withLock { $0 = status }
    }
}

/// Notices that the process stood still (SIGSTOP, a machine asleep, no processor time): the group may have given its partitions
/// to others meanwhile. librdkafka finds that out within a second of its own time, of which a busy machine gives it little, so
/// nothing new is begun for longer than that.
struct Standstill {
    /// No turn for this long is no accident: the shortest session that brokers allow is six seconds by default.
    static let gap: Duration = .seconds(3)
    static let fence: Duration = .seconds(3)

    private var lastTurn: Duration?
    private var fencedUntil: Duration = .zero

    /// To be asked once in each turn.
    mutating func isFenced(at now: Duration) -> Bool {
        if let lastTurn, now - lastTurn >= Self.gap { fencedUntil = now + Self.fence }
        lastTurn = now
        return now < fencedUntil
    }
}

/// How often the loop looks at the clock, and how long it waits for answers.
enum WorkerTiming {
    static let tick: Duration = .milliseconds(20)
    static let statusInterval: Duration = .milliseconds(250)
    static let answerTimeout: Duration = .seconds(10)
    static let closeTimeout: Duration = .seconds(15)
    /// For the acknowledgement of what was published, after the group was left.
    static let reportTimeout: Duration = .seconds(3)
    /// Records pulled from one partition before the next one has its turn.
    static let pullLimit = 256
}
