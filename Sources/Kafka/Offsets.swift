internal import Crdkafka

/// What a group committed, or is to commit, for one partition.
package struct CommittedOffset: Sendable, Equatable {
    package let partition: TopicPartition
    /// The next offset to read; nil: none committed.
    package let offset: Int64?
    /// Printable ASCII, at most 4096 bytes by the default of brokers; empty: none.
    package let metadata: String
    /// This partition failed while others may not have.
    package let error: KafkaError?

    package init(partition: TopicPartition, offset: Int64?, metadata: String = "", error: KafkaError? = nil) {
        self.partition = partition
        self.offset = offset
        self.metadata = metadata
        self.error = error
    }
}

/// Where reading of a newly assigned partition begins.
package struct StartOffset: Sendable, Equatable {
    package enum Position: Sendable, Equatable {
        case offset(Int64)
        /// What the group committed; `auto.offset.reset` decides when it committed nothing.
        case stored
        case beginning
        case end

        var raw: Int64 {
            switch self {
            // A negative number would mean one of the other cases.
            case .offset(let offset): max(offset, 0)
            case .stored: Int64(RD_KAFKA_OFFSET_STORED)
            case .beginning: Int64(RD_KAFKA_OFFSET_BEGINNING)
            case .end: Int64(RD_KAFKA_OFFSET_END)
            }
        }
    }

    package let partition: TopicPartition
    package let position: Position

    package init(_ partition: TopicPartition, at position: Position) {
        self.partition = partition
        self.position = position
    }
}

/// What a partition holds: offsets from `low` up to, but without, `high`.
package struct Watermarks: Sendable, Equatable {
    package let low: Int64
    package let high: Int64

    package init(low: Int64, high: Int64) {
        self.low = low
        self.high = high
    }
}
