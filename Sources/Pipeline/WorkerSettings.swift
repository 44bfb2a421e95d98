package import Kafka

/// How a worker works; the defaults are those of the documented settings.
package struct WorkerSettings: Sendable {
    /// Which records wait for each other.
    package enum Ordering: String, Sendable, CaseIterable {
        /// Records of one key, inside one partition.
        case key
        /// All records of a partition.
        case partition
        /// None.
        case none
    }

    package var group: String
    /// Nil: the name of the record's own topic with `.dlq` behind it.
    package var deadLetterTopic: String?
    package var ordering: Ordering = .key
    /// The group rebalances incrementally (`cooperative-sticky`), so assignments are answered so.
    package var isCooperative = false
    /// Events being handled at once.
    package var inFlight = 1000
    /// Bytes fetched and not finished.
    package var bufferedBytes = 64 << 20
    /// Bytes that the broker takes as the metadata of a commit.
    package var metadataLimit = OffsetMap.limit
    package var commitInterval: Duration = .seconds(1)
    /// Results and offsets are committed together, by the worker's `Transactions`. The group must not rebalance incrementally.
    package var isTransactional = false
    package var drainTimeout: Duration = .seconds(20)
    package var retry = RetryPolicy()
    package var breaker = CircuitBreaker.Policy()
    /// Stop once everything present at the start is finished.
    package var untilEnd = false
    package var mode = RunMode.live
    /// What of each partition a replay reads; partitions without a range are no part of it. Nil: everything. With ranges the worker
    /// works until it is told to stop, because other members may still have something to do.
    package var ranges: [TopicPartition: Range<Int64>]?
    /// With `untilEnd` or `ranges`: how long to wait for the first assignment.
    package var joinTimeout: Duration = .seconds(60)

    package init(group: String) {
        self.group = group
    }

    package func deadLetterTopic(for topic: String) -> String {
        deadLetterTopic ?? topic + ".dlq"
    }
}

/// Why a worker ended without having finished its job.
package enum WorkerError: Error, Sendable, CustomStringConvertible {
    /// A sink wants no more work, and nothing else is left to do.
    case halted(stages: String)
    /// librdkafka declared its consumer or producer dead.
    case consumerFailed(String)
    /// Nobody knows, or will know before the next start, whether the last transaction was committed.
    case transactionFailed(String)
    /// No assignment within the time allowed: broker, topic or group can't be reached.
    case notJoined(after: Duration, lastError: String?)

    package var description: String {
        switch self {
        case .halted(let stages): "the sink of \(stages) wants no more; what is unfinished was not committed"
        case .consumerFailed(let reason): "Kafka failed for good: \(reason)"
        case .transactionFailed(let reason):
            "the transaction could not be ended, the next start will find out how: \(reason)"
        case .notJoined(let time, let last):
            "no assignment within \(time): \(last ?? "the broker did not say why"); check kafka.bootstrapServers and kafka.topic"
        }
    }
}
