package import Kafka

/// This member's place in the group: answers revokes when drained, commits before giving up, fences old assignments.
///
/// Pure: events and time go in, steps to carry out come out.
package struct Membership: Sendable {
    package enum Step: Sendable, Equatable {
        /// Ask the broker for committed offsets (and ends), then report with `resolved`.
        case resolve(generation: UInt64, [TopicPartition])
        /// Take these up and tell librdkafka.
        case assign([TopicPartition])
        /// Admit nothing more to these.
        case drain([TopicPartition])
        /// Forget these and close their queues.
        case release([TopicPartition])
        /// Tell librdkafka that these are given up (all of them when eager).
        case unassign([TopicPartition])
        /// Leave the group.
        case close
    }

    private enum Operation: Sendable, Equatable {
        /// Nothing pending.
        case none
        /// Assigned, not yet answered. Becomes `none` when resolved; is superseded by any other event.
        case resolving([TopicPartition])
        /// Revoked or stopping: waits for what runs. Becomes `committing` when drained or late.
        case draining(Leave)
        /// Waits for the last commit. Becomes `none`, or `closing` when stopping.
        case committing(Leave)
        /// Leaving the group; every further event is answered at once.
        case closing
    }

    private struct Leave: Sendable, Equatable {
        var partitions: [TopicPartition]
        var deadline: Duration
        /// librdkafka waits for an unassign; otherwise this member leaves of its own will.
        var isRevoke: Bool
    }

    /// How long the last commit of a partition may take: a synchronous commit would block without limit while the coordinator is
    /// away, so the deadline is our own.
    package static let lastCommitTimeout: Duration = .seconds(5)

    private let drainTimeout: Duration
    private let isCooperative: Bool
    private var operation: Operation = .none
    /// Fences every assignment: raised when one is taken up.
    package private(set) var generation: UInt64 = 0
    package private(set) var owned: [TopicPartition] = []
    /// An assignment (it may be empty) was taken up at least once.
    package private(set) var hasJoined = false
    package private(set) var isStopping = false
    /// The last word of the group was an assignment.
    private var isAssigned = false

    package init(drainTimeout: Duration, isCooperative: Bool) {
        self.drainTimeout = drainTimeout
        self.isCooperative = isCooperative
    }

    /// Nothing is pending: what is owned is being worked on.
    package var isSettled: Bool { operation == .none }

    /// Drained and not yet given up: what these have finished is to be committed now, then `committedLast` called.
    package var committingLast: [TopicPartition]? {
        guard case .committing(let leave) = operation else { return nil }
        return leave.partitions
    }

    package var phase: WorkerStatus.Phase {
        switch operation {
        case .none: isAssigned ? .working : .joining
        case .resolving: .joining
        case .draining, .committing: .draining
        case .closing: .stopped
        }
    }

    /// The group gives partitions to this member.
    ///
    /// May come while a revoke is still being drained: librdkafka rejoins on a metadata change without waiting for the unassign. The
    /// late unassign would then discard the new assignment, so it is cancelled.
    package mutating func assigned(_ partitions: [TopicPartition]) -> [Step] {
        if operation == .closing || isStopping { return [.unassign(partitions)] }
        var steps: [Step] = []
        var wanted = partitions
        switch operation {
        case .draining(let leave), .committing(let leave):
            steps += forget(leave.partitions)
        case .resolving(let earlier):
            if isCooperative { wanted = earlier + partitions.filter { !earlier.contains($0) } }
        case .none, .closing: break
        }
        if !isCooperative { steps += forget(owned) }
        generation += 1
        operation = .resolving(wanted)
        return steps + [.resolve(generation: generation, wanted)]
    }

    /// The answer to `resolve` is there; too late, when another event came first.
    package mutating func resolved(generation: UInt64) -> [Step] {
        guard case .resolving(let partitions) = operation, generation == self.generation else { return [] }
        operation = .none
        owned += partitions
        hasJoined = true
        isAssigned = true
        return [.assign(partitions)]
    }

    /// The answer to `resolve` could not be had: asks again.
    package func resolveAgain() -> [Step] {
        guard case .resolving(let partitions) = operation else { return [] }
        return [.resolve(generation: generation, partitions)]
    }

    /// The group takes partitions away.
    ///
    /// - Parameter lost: they belong to others already: no commit.
    package mutating func revoked(_ partitions: [TopicPartition], lost: Bool, at now: Duration) -> [Step] {
        if operation == .closing { return forget(partitions) + [.unassign(partitions)] }
        if case .resolving = operation { operation = .none }
        if !isCooperative { isAssigned = false }
        let mine = partitions.filter(owned.contains)
        if lost || mine.isEmpty {
            operation = .none
            // Incrementally, librdkafka refuses to unassign what it was never told to assign.
            let answer = isCooperative ? mine : partitions
            return forget(partitions) + [.unassign(answer)] + (isStopping ? leave(at: now) : [])
        }
        operation = .draining(Leave(partitions: mine, deadline: now + drainTimeout, isRevoke: true))
        return [.drain(mine)]
    }

    /// Somebody wants this member to stop: the same as a revoke of everything, then leaving the group.
    package mutating func stop(at now: Duration) -> [Step] {
        guard !isStopping else { return [] }
        isStopping = true
        switch operation {
        case .resolving(let partitions):
            operation = .none
            return [.unassign(partitions)] + leave(at: now)
        case .none:
            return leave(at: now)
        case .draining, .committing, .closing:
            return []
        }
    }

    /// Lets time pass.
    ///
    /// - Parameter isDrained: whether nothing runs any more in a partition.
    package mutating func advance(at now: Duration, isDrained: (TopicPartition) -> Bool) -> [Step] {
        switch operation {
        case .draining(var leave):
            guard now >= leave.deadline || leave.partitions.allSatisfy(isDrained) else { return [] }
            leave.deadline = now + Self.lastCommitTimeout
            operation = .committing(leave)
            return []
        case .committing(let leave):
            return now >= leave.deadline ? committedLast(at: now) : []
        case .none, .resolving, .closing:
            return []
        }
    }

    /// The last commit was answered, one way or the other: the partitions are given up.
    package mutating func committedLast(at now: Duration) -> [Step] {
        guard case .committing(let leave) = operation else { return [] }
        operation = .none
        let answer: [Step] = leave.isRevoke ? [.unassign(leave.partitions)] : []
        return forget(leave.partitions) + answer + (isStopping ? self.leave(at: now) : [])
    }

    /// Everything since the last commit was undone: what is owned is begun again from there, or, when it is being given up, given up
    /// now.
    package mutating func beginAgain(at now: Duration) -> [Step] {
        switch operation {
        case .none:
            guard !owned.isEmpty else { return [] }
            let partitions = owned
            generation += 1
            operation = .resolving(partitions)
            return forget(partitions) + [.resolve(generation: generation, partitions)]
        case .draining(let leave):
            operation = .committing(leave)
            return committedLast(at: now)
        case .committing:
            return committedLast(at: now)
        case .resolving, .closing:
            return []
        }
    }

    /// Gives up what is still owned, then closes; librdkafka's revoke that comes of closing is answered at once.
    private mutating func leave(at now: Duration) -> [Step] {
        guard !owned.isEmpty else {
            operation = .closing
            return [.close]
        }
        operation = .draining(Leave(partitions: owned, deadline: now + drainTimeout, isRevoke: false))
        return [.drain(owned)]
    }

    private mutating func forget(_ partitions: [TopicPartition]) -> [Step] {
        let mine = partitions.filter(owned.contains)
        guard !mine.isEmpty else { return [] }
        owned.removeAll(where: mine.contains)
        return [.release(mine)]
    }
}
