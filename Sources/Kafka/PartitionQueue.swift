internal import Crdkafka
internal import Synchronization

/// The records that librdkafka fetched for one assigned partition. To hold back, don't pull.
///
/// Unchecked: `queue` is constant, librdkafka locks it, and it is destroyed only when nobody holds this object.
@safe
package final class PartitionQueue: @unchecked Sendable {
    /// Pointers taken from librdkafka at a time; 1 KiB of stack.
    private static let batch = 128

    package let partition: TopicPartition
    // Holding the consumer keeps its client alive: a queue must be destroyed before the client.
    private let consumer: Consumer
    private let queue: OpaquePointer
    private let signal: QueueSignal

    /// Takes over `queue`.
    @unsafe
    init(_ partition: TopicPartition, of consumer: Consumer, queue: OpaquePointer, signal: QueueSignal) {
        self.partition = partition
        self.consumer = consumer
        unsafe self.queue = queue
        self.signal = signal
    }

    deinit {
        close()
        unsafe rd_kafka_queue_destroy(queue)
    }

    /// Non-blocking: hands at most `limit` messages to `body`, in offset order, and returns how many.
    ///
    /// Costs one atomic exchange when nothing arrived since it last came up short. When it returns `limit`, more may
    /// be waiting and the doorbell won't ring for it. Messages that were fetched for an earlier assignment are dropped.
    package func receive(upTo limit: Int, _ body: (borrowing Message) -> Void) -> Int {
        // Lowered before looking, so that a ring that comes meanwhile counts for the next time.
        guard limit > 0, signal.lower() else { return 0 }
        var received = 0
        while received < limit {
            let room = min(limit - received, Self.batch)
            let count = receiveBatch(upTo: room, body)
            received += count
            if count < room { return received }
        }
        // librdkafka signals only when an empty queue gets something, and this one may not be empty.
        signal.raise()
        return received
    }

    private func receiveBatch(upTo room: Int, _ body: (borrowing Message) -> Void) -> Int {
        typealias Raw = UnsafeMutablePointer<rd_kafka_message_t>
        return unsafe withUnsafeTemporaryAllocation(of: Raw?.self, capacity: Self.batch) { messages in
            let count = unsafe rd_kafka_consume_batch_queue(queue, 0, messages.baseAddress, room)
            guard count > 0 else { return 0 }
            for index in 0..<count {
                guard let raw = unsafe messages[index] else { continue }
                unsafe body(Message(owning: raw))
            }
            return count
        }
    }

    /// No more rings from this partition. Called by `deinit` too; harmless when the partition was opened again
    /// meanwhile.
    package func close() {
        unsafe consumer.silence(queue, of: partition, signal)
    }
}

/// What the callback of a partition's queue rings: the doorbell that all share, and a flag that tells which queue
/// to look at.
final class QueueSignal: Sendable {
    // Raised at first: the queue may hold something from before the callback was there.
    private let raised = Atomic(true)
    private let doorbell: Doorbell

    init(_ doorbell: Doorbell) {
        self.doorbell = doorbell
    }

    func ring() {
        raise()
        doorbell.ring()
    }

    func raise() {
        raised.store(true, ordering: .releasing)
    }

    /// Whether it was raised.
    func lower() -> Bool {
        raised.exchange(false, ordering: .acquiringAndReleasing)
    }
}
