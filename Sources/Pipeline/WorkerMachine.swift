package import Kafka

/// All decisions of a worker: what happened goes in, what is to be done comes out.
///
/// Pure: no I/O, no clock, no task; `now` is the time since the worker's start and never goes back. `WorkerLoop` is the shell that
/// feeds it, the simulation of the tests is another.
package struct WorkerMachine {
    package typealias Action = Assignment.Action

    /// Where a partition begins for this member.
    package struct Start: Sendable {
        package let committed: CommittedOffset
        /// Where the partition ended when asked; nil when not asked.
        package let end: Int64?
        /// Where it began then.
        package let beginning: Int64?

        package init(committed: CommittedOffset, end: Int64?, beginning: Int64? = nil) {
            self.committed = committed
            self.end = end
            self.beginning = beginning
        }

        var log: Watermarks? {
            guard let beginning, let end else { return nil }
            return Watermarks(low: beginning, high: end)
        }
    }

    /// What the shell has to do with the group; in order, and before it looks for new events.
    package enum Order: Sendable {
        /// Ask for the starts of these and report with `resolved`.
        case resolve(generation: UInt64, [TopicPartition])
        /// Open the queues of these and tell librdkafka.
        case assign([StartOffset])
        /// Tell librdkafka that these are given up (all of them when eager).
        case unassign([TopicPartition])
        /// Close the queues of these.
        case release([TopicPartition])
        /// Send a commit; the answer goes to `commitAnswered`.
        case commit(token: UInt64, [CommittedOffset])
        /// Commit the transaction with these in it, or abort it when that can't be; the end of it goes to `transacted`.
        case commitTransaction([CommittedOffset])
        /// Abort the transaction; `transacted` is to be told.
        case abortTransaction
        /// Leave the group.
        case close
        /// Something that people should know.
        case warn(String)
        /// A sink's breaker has changed.
        case tell(Assignment.BreakerNews)
        /// A record that was given up for good has had its turn: to be logged.
        case discarded(Assignment.Discard)
    }

    package internal(set) var assignment: Assignment
    package internal(set) var membership: Membership
    /// Stages to run and dead letters to write; the shell empties it.
    package var actions: [Action] = []
    /// The shell empties it.
    package var orders: [Order] = []
    package internal(set) var lastCommitError: String?
    package private(set) var lastCommitAt: Duration?
    var commit: Commit
    /// The last commit of partitions that are being given up, once it was sent.
    var lastCommitToken: UInt64?
    /// Nil: offsets are committed by themselves.
    var transaction: TransactionCycle?
    /// Of the commit in the transaction.
    var transactionToken: UInt64?
    /// Waits for the end of a transaction: what the group has committed is not certain before.
    var heldResolve: Membership.Step?
    /// After transactions were aborted, one after the other.
    var beginAgainAt: Duration = .zero

    package init(settings: WorkerSettings, stages: [String], seed: UInt64) {
        assignment = Assignment(settings: settings, stages: stages, seed: seed)
        membership = Membership(drainTimeout: settings.drainTimeout, isCooperative: settings.isCooperative)
        commit = Commit(interval: settings.commitInterval)
        if settings.isTransactional { transaction = TransactionCycle() }
    }

    // MARK: Records

    /// How many records may be pulled for a slot now.
    package func room(in slot: Int) -> Int { assignment.room(in: slot) }

    /// Whether a record of a slot is wanted at all; to be asked before it is decoded.
    package mutating func admits(_ offset: Int64, in slot: Int) -> Bool {
        // All of live work goes this way.
        assignment.settings.ranges == nil || assignment.admits(offset, in: slot)
    }

    /// Whether keys of a slot's partition are barred, so that redriven records must be told from others.
    package func isBarring(_ slot: Int) -> Bool { assignment.slots[slot].partition?.barred.isEmpty == false }

    package func slot(of source: TopicPartition) -> Int? { assignment.knownSlot(of: source) }

    package mutating func admit(_ arrival: Assignment.Arrival, in slot: Int, _ reception: Reception, at now: Duration) {
        assignment.admit(arrival, in: slot, reception, at: now, &actions)
    }

    package mutating func reach(_ position: Int64, in slot: Int) {
        assignment.reach(position, in: slot)
    }

    package mutating func completed(_ ticket: Ticket, _ outcome: StageOutcome, microseconds: Int64, at now: Duration) {
        transaction?.ended(failure: outcome.failure)
        assignment.complete(ticket, outcome, microseconds: microseconds, at: now, &actions)
        guard !assignment.breakerNews.isEmpty else { return }
        orders += assignment.breakerNews.map { .tell($0) }
        assignment.breakerNews = []
    }

    package mutating func buried(_ ticket: Ticket, failure: String?, at now: Duration) {
        transaction?.ended(failure: failure)
        if let failure { orders.append(.warn("the dead letter could not be written, its offset is held: \(failure)")) }
        let barsGivenUp = assignment.counts.barsGivenUp
        assignment.deadLettered(ticket, failure: failure, at: now, &actions)
        guard assignment.counts.barsGivenUp > barsGivenUp else { return }
        orders.append(
            .warn(
                "a partition has more than \(BarredKeys.limit) keys with dead letters: the oldest one's later events are no"
                    + " longer parked; redrive dead letters"
            )
        )
    }

    // MARK: The group

    package mutating func assigned(_ partitions: [TopicPartition], at now: Duration) {
        assignment.countRebalance(lost: false)
        follow(membership.assigned(partitions))
    }

    package mutating func revoked(_ partitions: [TopicPartition], lost: Bool, at now: Duration) {
        assignment.countRebalance(lost: lost)
        follow(membership.revoked(partitions, lost: lost, at: now))
    }

    package mutating func resolved(generation: UInt64, _ starts: [Start], at now: Duration) {
        for step in membership.resolved(generation: generation) {
            guard case .assign(let partitions) = step else { continue }
            assign(partitions, starts, at: now)
        }
    }

    package mutating func resolveFailed(generation: UInt64, _ reason: String) {
        orders.append(.warn("committed offsets could not be fetched, trying again: \(reason)"))
        if generation == membership.generation { follow(membership.resolveAgain()) }
    }

    package mutating func stop(at now: Duration) {
        follow(membership.stop(at: now))
    }

    /// Lets time pass: retries, probes, deadlines, commits.
    package mutating func advance(at now: Duration) {
        assignment.tick(at: now, &actions)
        if !assignment.discards.isEmpty {
            orders += assignment.discards.map { .discarded($0) }
            assignment.discards = []
        }
        follow(membership.advance(at: now) { assignment.isDrained($0) })
        guard transaction == nil else { return advanceTransaction(at: now) }
        if let late = commit.expired(at: now) {
            orders.append(.warn("a commit was not answered within \(Commit.timeout) and will be tried again"))
            assignment.committed(late, failed: true)
        }
        if let leaving = membership.committingLast {
            guard lastCommitToken == nil, !commit.isOnItsWay else { return }
            lastCommitToken = send(assignment.commitBatch(of: leaving), at: now)
            if lastCommitToken == nil { follow(membership.committedLast(at: now)) }
        } else {
            lastCommitToken = nil
            guard membership.isSettled, commit.isDue(at: now) else { return }
            if send(assignment.commitBatch(), at: now) == nil { commit.skip(at: now) }
        }
    }

    /// The broker's answer to a commit, or that it could not even be sent.
    package mutating func commitAnswered(
        _ token: UInt64,
        _ results: [CommittedOffset],
        failure: String?,
        at now: Duration
    ) {
        if let batch = commit.answered(token) {
            assignment.committed(results.isEmpty ? batch : results, failed: failure != nil)
            lastCommitError = failure ?? results.lazy.compactMap(\.error).first?.description
            if let lastCommitError {
                orders.append(.warn("a commit failed and will be tried again: \(lastCommitError)"))
            } else {
                lastCommitAt = now
            }
        }
        if lastCommitToken == token {
            lastCommitToken = nil
            follow(membership.committedLast(at: now))
        }
    }

    /// Whether everything asked for by `untilEnd` is finished.
    package var hasReachedEnd: Bool {
        membership.hasJoined && membership.isSettled && assignment.hasReachedEnd && transaction?.isUntouched ?? true
    }

    private mutating func send(_ batch: [CommittedOffset], at now: Duration) -> UInt64? {
        guard !batch.isEmpty else { return nil }
        let token = commit.begin(batch, at: now)
        orders.append(.commit(token: token, batch))
        return token
    }

    mutating func follow(_ steps: [Membership.Step]) {
        for step in steps {
            switch step {
            case .resolve(let generation, let partitions):
                if transaction == nil {
                    orders.append(.resolve(generation: generation, partitions))
                } else {
                    heldResolve = step
                }
            case .assign: break
            case .drain(let partitions): for partition in partitions { assignment.drain(partition) }
            case .release(let partitions):
                for partition in partitions { assignment.drop(partition) }
                orders.append(.release(partitions))
                if transaction != nil { forgetHeldActions() }
            case .unassign(let partitions): orders.append(.unassign(partitions))
            case .close: orders.append(.close)
            }
        }
    }

    private mutating func assign(_ partitions: [TopicPartition], _ starts: [Start], at now: Duration) {
        var found: [TopicPartition: Start] = [:]
        for start in starts { found[start.committed.partition] = start }
        if let ranges = assignment.settings.ranges {
            let positions = partitions.compactMap { replayed($0, ranges[$0], found[$0], at: now) }
            return orders.append(.assign(positions))
        }
        let positions = partitions.map { partition in
            let start = found[partition]
            let offset = start?.committed.offset
            // A commit beyond the end belongs to a log that was cut or made anew. librdkafka will find the offset out of range and
            // begin where it is told to; what it brings then is below the commit, and new.
            let isForeign = offset.flatMap { offset in start?.end.map { $0 < offset } } ?? false
            if isForeign {
                orders.append(
                    .warn("\(partition): committed \(offset ?? 0) is beyond the end \(start?.end ?? 0): a new log?")
                )
            }
            assignment.add(
                partition,
                start: isForeign ? nil : offset,
                restored: isForeign
                    ? nil : offset.flatMap { restored(start?.committed.metadata ?? "", at: $0, of: partition) },
                end: assignment.settings.untilEnd ? start?.end : nil,
                at: now
            )
            return StartOffset(partition, at: offset.map { .offset($0) } ?? .stored)
        }
        orders.append(.assign(positions))
    }

    /// Takes up a partition of a replay; nil when there is nothing to read. What was finished before stays so.
    private mutating func replayed(
        _ partition: TopicPartition,
        _ range: Range<Int64>?,
        _ start: Start?,
        at now: Duration
    ) -> StartOffset? {
        guard let range else {
            orders.append(.warn("\(partition) is no part of this replay, nothing of it is read"))
            return nil
        }
        let committed = start?.committed.offset
        let missing = assignment.counts.missing
        let position = assignment.add(
            partition,
            range: range,
            committed: committed,
            restored: committed.flatMap { restored(start?.committed.metadata ?? "", at: $0, of: partition) },
            log: start?.log,
            at: now
        )
        let gone = assignment.counts.missing - missing
        if gone > 0 { orders.append(.warn("\(partition): \(gone) offsets of the range are not in the log any more")) }
        return position.map { StartOffset(partition, at: .offset($0)) }
    }

    /// Foreign or broken metadata is ignored, never trusted.
    private mutating func restored(_ metadata: String, at frontier: Int64, of partition: TopicPartition) -> OffsetMap? {
        do throws(OffsetMap.Malformed) {
            return try OffsetMap(metadata: metadata, frontier: frontier)
        } catch {
            orders.append(
                .warn(
                    "\(partition): the metadata of commit \(frontier) is \(error), not an offset map of this worker: ignored"
                )
            )
            return nil
        }
    }
}
