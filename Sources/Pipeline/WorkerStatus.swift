package import Kafka

/// What the worker is doing now, for people and machines; a copy made about every quarter of a second and at each change of assignment.
package struct WorkerStatus: Sendable {
    /// Where the worker stands in its group.
    package enum Phase: String, Sendable {
        /// Not yet in the group, or between two assignments.
        case joining
        /// Has an assignment (it may be empty) and works on it.
        case working
        /// A revoke or a stop: finishing what runs, then committing.
        case draining
        /// Has left the group.
        case stopped
    }

    package struct Partition: Sendable {
        package let source: TopicPartition
        /// The next offset to commit: everything below is finished. Nil before the first record.
        package let frontier: Int64?
        /// The last committed offset that the broker confirmed to this process.
        package let committed: Int64?
        /// Where the partition ended when last asked; nil when unknown.
        package let end: Int64?
        /// Records received and not finished: running, waiting for their key, or waiting for a retry.
        package let unfinished: Int
        package let running: Int
        package let retrying: Int
        package let bufferedBytes: Int
        /// How long ago a record of this partition was finished, or since when it is assigned.
        package let sinceProgress: Duration
        /// The record that holds the frontier, since when, and what it waits for.
        package let oldest: Oldest?
        package let isDraining: Bool
        /// The offset map would not fit into the commit's metadata: nothing is pulled until it does.
        package let isMapFull: Bool
        /// Keys whose records are parked behind a dead letter.
        package let barredKeys: Int
    }

    package struct Oldest: Sendable {
        package let offset: Int64
        package let age: Duration
        package let attempts: Int
        package let stages: [String]
        package let lastFailure: String?
        package let nextAttemptIn: Duration?
    }

    package struct Breaker: Sendable {
        package let stage: String
        package let state: CircuitBreaker.State
        package let waiting: Int
    }

    package var phase: Phase = .joining
    package var partitions: [Partition] = []
    package var breakers: [Breaker] = []
    package var counts = WorkerCounts()
    /// Events being handled at this instant, and bytes fetched and not finished.
    package var inFlight = 0
    package var bufferedBytes = 0
    package var assignments: UInt64 = 0
    package var lastCommitError: String?
    /// How long ago a record was last finished or a commit last succeeded.
    package var sinceProgress: Duration = .zero

    package init() {}
}

/// What has been counted since the start.
package struct WorkerCounts: Sendable, Equatable {
    package struct Stage: Sendable, Equatable {
        package let name: String
        package var performed: UInt64 = 0
        package var repeated: UInt64 = 0
        package var suppressed: UInt64 = 0
        package var failed: UInt64 = 0
        package var rejected: UInt64 = 0
        package var retries: UInt64 = 0

        package init(name: String) {
            self.name = name
        }
    }

    /// Records received = accepted + ignored (other types, tombstones) + rejected at intake + resumed (known to be finished from the
    /// offset map, so not handled again). Dead letters are those acknowledged by the broker, of rejected and accepted records.
    package var received: UInt64 = 0
    package var accepted: UInt64 = 0
    package var ignored: UInt64 = 0
    package var rejected: UInt64 = 0
    package var deadLetters: UInt64 = 0
    /// Dead letters that are only behind another one of their key.
    package var parked: UInt64 = 0
    /// Records that became dead letters before their last attempt, because too much waited behind them.
    package var relieved: UInt64 = 0
    /// Redriven records that were given up for good: finished in their turn, without a stage.
    package var discarded: UInt64 = 0
    /// Keys whose order is no longer kept behind their dead letters, because a partition had too many of them.
    package var barsGivenUp: UInt64 = 0
    package var resumed: UInt64 = 0
    package var finished: UInt64 = 0
    /// Unfinished when their partition was given up: not committed, delivered again to its next owner.
    package var abandoned: UInt64 = 0
    /// Neither finished nor unfinished when their partition was given up: a defect of the worker, to be reported.
    package var lost: UInt64 = 0
    /// Partitions whose log began again at a lower offset while they were assigned.
    package var restarts: UInt64 = 0
    /// Offsets of a replay's range that could not be read any more, because retention or somebody else had deleted them.
    package var missing: UInt64 = 0
    package var commits: UInt64 = 0
    package var commitFailures: UInt64 = 0
    package var rebalances: UInt64 = 0
    package var lostAssignments: UInt64 = 0
    package var stages: [Stage] = []
    /// From reception to finish.
    package var latency = LatencyHistogram()
    /// Duration of one attempt at any stage.
    package var processing = LatencyHistogram()

    package init(stages: [String] = []) {
        self.stages = stages.map { Stage(name: $0) }
    }
}

/// What a run came to.
package struct WorkerReport: Sendable {
    package let counts: WorkerCounts
    /// From the first record to the last commit.
    package let seconds: Double
    /// From the first record to the end of the last stage.
    package let handlingSeconds: Double
    /// Everything asked for by `untilEnd` was finished; false when it was stopped before.
    package let hasReachedEnd: Bool

    package init(counts: WorkerCounts, seconds: Double, handlingSeconds: Double = 0, hasReachedEnd: Bool) {
        self.counts = counts
        self.seconds = seconds
        self.handlingSeconds = handlingSeconds
        self.hasReachedEnd = hasReachedEnd
    }
}
