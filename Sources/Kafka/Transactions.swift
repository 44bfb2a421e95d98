internal import Crdkafka
internal import Dispatch
internal import Synchronization

/// The transactions of a producer, one after the other.
///
/// Every call blocks in C, on one thread that all of them share and no task runs on. When a call is not answered in time, it throws
/// `.timedOut`, which is retriable: the same call, made again, waits on for the same answer.
package final class Transactions: Sendable {
    private let client: Client
    private let thread = DispatchQueue(label: "kafka.transactions")
    private let isOpen = Mutex(false)

    /// - Parameter producer: was configured with `transactional.id`.
    package init(of producer: Producer) {
        client = producer.client
    }

    /// Fences earlier producers with this `transactional.id`, waits until their last transaction has been ended one way or the other,
    /// and begins the first transaction. Harmless when that was done before.
    package func open(timeout: Duration) async throws(KafkaError) {
        try await call("open transactions", timeout) { client, milliseconds throws(KafkaError) in
            guard !self.isOpen.withLock({ $0 }) else { return }
            try unsafe check(rd_kafka_init_transactions(client.handle, milliseconds), "open transactions")
            try unsafe check(rd_kafka_begin_transaction(client.handle), "begin a transaction")
            self.isOpen.withLock { $0 = true }
        }
    }

    /// Begins the next transaction. Everything sent from here on belongs to it.
    package func begin(timeout: Duration) async throws(KafkaError) {
        try await call("begin a transaction", timeout) { client, _ throws(KafkaError) in
            try unsafe check(rd_kafka_begin_transaction(client.handle), "begin a transaction")
        }
    }

    /// Adds what a group commits to the transaction.
    ///
    /// - Parameter member: was made when the partitions were taken up.
    package func add(
        _ offsets: [CommittedOffset],
        of member: GroupMember,
        timeout: Duration
    ) async throws(KafkaError) {
        try await call("add offsets to a transaction", timeout) { client, milliseconds throws(KafkaError) in
            let list = try PartitionList(committing: offsets)
            try unsafe check(
                rd_kafka_send_offsets_to_transaction(
                    client.handle,
                    list.pointer,
                    member.pointer,
                    milliseconds
                ),
                "add offsets to a transaction"
            )
        }
    }

    /// Returns when everything in the transaction is there for good. Somebody must take the producer's reports meanwhile.
    package func commit(timeout: Duration) async throws(KafkaError) {
        try await call("commit a transaction", timeout) { client, milliseconds throws(KafkaError) in
            try unsafe check(rd_kafka_commit_transaction(client.handle, milliseconds), "commit a transaction")
        }
    }

    /// Returns when nothing of the transaction will ever be seen by readers of what is committed. Somebody must take the producer's
    /// reports meanwhile.
    package func abort(timeout: Duration) async throws(KafkaError) {
        try await call("abort a transaction", timeout) { client, milliseconds throws(KafkaError) in
            try unsafe check(rd_kafka_abort_transaction(client.handle, milliseconds), "abort a transaction")
        }
    }

    private func call(
        _ action: String,
        _ timeout: Duration,
        _ body: @escaping @Sendable (Client, Int32) throws(KafkaError) -> Void
    ) async throws(KafkaError) {
        let client = client
        try await BlockingCall.run(action, timeout: timeout, on: thread) { milliseconds throws(KafkaError) in
            try body(client, milliseconds)
        }
    }
}

@unsafe
private func check(_ error: OpaquePointer?, _ action: String) throws(KafkaError) {
    if let error = unsafe KafkaError(consuming: error, during: action) { throw error }
}
