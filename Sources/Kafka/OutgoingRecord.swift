/// A record to be sent.
package struct OutgoingRecord: Sendable, Equatable {
    package var topic: String
    /// nil: chosen by the key.
    package var partition: Int32?
    /// nil and empty differ.
    package var key: [UInt8]?
    /// nil: a tombstone.
    package var value: [UInt8]?
    package var headers: [Header]
    /// Milliseconds since 1970; nil: now.
    package var timestamp: Int64?

    package init(
        topic: String,
        partition: Int32? = nil,
        key: [UInt8]?,
        value: [UInt8]?,
        headers: [Header] = [],
        timestamp: Int64? = nil
    ) {
        self.topic = topic
        self.partition = partition
        self.key = key
        self.value = value
        self.headers = headers
        self.timestamp = timestamp
    }
}

/// What became of one sent record.
package struct DeliveryReport: Sendable {
    /// Where a record was stored.
    package struct Delivery: Sendable, Hashable {
        package let partition: Int32
        /// nil: stored, but the broker did not say where (a retry found it there).
        package let offset: Int64?

        package init(partition: Int32, offset: Int64?) {
            self.partition = partition
            self.offset = offset
        }
    }

    /// The token given to `send`.
    package let token: UInt64
    package let result: Result<Delivery, KafkaError>
    /// False: the record is certainly not in the topic. True: it is, or nobody knows.
    package let mayBeStored: Bool

    package init(token: UInt64, result: Result<Delivery, KafkaError>, mayBeStored: Bool) {
        self.token = token
        self.result = result
        self.mayBeStored = mayBeStored
    }
}
