internal import Crdkafka
internal import Synchronization

/// A member of a consumer group, or, without topics, a reader of partitions that it assigns itself.
///
/// Everything it has to say is an event on one queue, nothing is answered by itself, and nothing is committed by
/// itself. `nextEvent` must be called at least every `max.poll.interval.ms`, whether the doorbell rang or not.
///
/// To close: `startClose`, answer events until `isClosed`, let go of the queues and of the consumer.
package final class Consumer: Sendable {
    let client: Client
    private let doorbell: Doorbell
    // The signal whose address each open queue's callback has. It is kept here, and not only by the PartitionQueue,
    // so that opening a partition twice can't leave a callback with a dead address.
    private let signals = Mutex<[TopicPartition: QueueSignal]>([:])
    // What `wakeFetchers` sets again; nil where fetchers wake by themselves.
    private let credentials: (name: String, password: String)?

    /// - Parameters:
    ///   - configuration: `enable.auto.commit` and `enable.auto.offset.store` are always off. `group.id` is required
    ///     with topics; without, a name that nothing is committed to is the default.
    ///   - topics: to subscribe; empty for `assign` only.
    ///   - doorbell: rings for events and for records.
    ///   - log: called by `nextEvent`.
    /// - Throws: what librdkafka, or this module on its behalf, finds wrong with the configuration.
    package init(
        configuration: Configuration,
        topics: [String],
        doorbell: Doorbell,
        log: @escaping @Sendable (LogLine) -> Void
    ) throws(KafkaError) {
        if let refusal = Self.refusal(of: configuration, on: .current) { throw refusal }
        var configuration = configuration
        configuration.set("enable.auto.commit", "false")
        configuration.set("enable.auto.offset.store", "false")
        if topics.isEmpty {
            configuration.setDefault("group.id", "unused")
        } else if configuration["group.id"] == nil {
            throw .invalidArgument("a consumer that subscribes needs group.id: set it to the name of the group")
        }
        client = try Client(
            RD_KAFKA_CONSUMER,
            configuration,
            events: RD_KAFKA_EVENT_REBALANCE | RD_KAFKA_EVENT_OFFSET_COMMIT | RD_KAFKA_EVENT_ERROR
                | RD_KAFKA_EVENT_STATS | RD_KAFKA_EVENT_FETCH,
            doorbell: doorbell,
            log: log
        )
        self.doorbell = doorbell
        credentials =
            LibraryVersion.current < .fetchQueueBackoff
            ? (configuration["sasl.username"] ?? "", configuration["sasl.password"] ?? "") : nil
        guard !topics.isEmpty else { return }
        let list = PartitionList(topics.map { TopicPartition(topic: $0, partition: RD_KAFKA_PARTITION_UA) })
        try KafkaError.check(unsafe rd_kafka_subscribe(client.handle, list.pointer), during: "subscribe")
    }

    /// Why `configuration` must not run on `version`.
    ///
    /// Besides #4059 this keeps away #4312, which aborts the process when a cooperative-sticky member is destroyed
    /// before its first assignment.
    static func refusal(of configuration: Configuration, on version: LibraryVersion) -> KafkaError? {
        guard version < .safeCooperativeRebalance,
            configuration["partition.assignment.strategy"]?.contains("cooperative-sticky") == true
        else { return nil }
        return .unsupported(
            """
            partition.assignment.strategy=cooperative-sticky is not safe on librdkafka \(version): a commit during a \
            rebalance makes the member lose its whole assignment (confluentinc/librdkafka#4059). \
            Set it to range, or run with librdkafka \(LibraryVersion.safeCooperativeRebalance) or newer.
            """
        )
    }

    /// The next event, if any. Never blocks.
    package func nextEvent() -> ConsumerEvent? {
        while let event = unsafe client.nextEvent() {
            defer { unsafe rd_kafka_event_destroy(event) }
            if let known = unsafe ConsumerEvent(event, of: client) { return known }
        }
        return nil
    }

    /// Opens the partition's own queue. Do it before the partition is assigned, or its first records take another
    /// way. Rings, so that it is looked at. A queue that was opened before goes silent.
    package func open(_ partition: TopicPartition) throws(KafkaError) -> PartitionQueue {
        let queue = unsafe rd_kafka_queue_get_partition(client.handle, partition.topic, partition.partition)
        guard let queue = unsafe queue else {
            throw KafkaError(.unknownPartition, "\(partition): librdkafka has no queue for it")
        }
        unsafe rd_kafka_queue_forward(queue, nil)
        let signal = QueueSignal(doorbell)
        signals.withLock { signals in
            unsafe rd_kafka_queue_cb_event_enable(
                queue,
                { _, opaque in
                    guard let opaque = unsafe opaque else { return }
                    unsafe Unmanaged<QueueSignal>.fromOpaque(opaque).takeUnretainedValue().ring()
                },
                Unmanaged.passUnretained(signal).toOpaque()
            )
            // The callback of the signal that this replaces is gone by now.
            signals[partition] = signal
        }
        // What an earlier assignment left behind keeps the queue from ever going from empty to not empty, and so
        // from ringing: it must be looked at once.
        signal.ring()
        return unsafe PartitionQueue(partition, of: self, queue: queue, signal: signal)
    }

    /// Has queues that were full looked at now; any thread, as often as one likes.
    ///
    /// Below `LibraryVersion.fetchQueueBackoff` a broker's thread that found all its queues full sleeps for a second unless
    /// something wakes it. No function is made for that, but setting the credentials does it, and these are those it has: nothing
    /// is sent, and nothing changes. From that version on there is nothing to do.
    package func wakeFetchers() {
        guard let credentials else { return }
        let error = unsafe rd_kafka_sasl_set_credentials(client.handle, credentials.name, credentials.password)
        if let error = unsafe error { unsafe rd_kafka_error_destroy(error) }
    }

    /// Ends the rings of `signal`, unless the partition was opened again since.
    @unsafe
    func silence(_ queue: OpaquePointer, of partition: TopicPartition, _ signal: QueueSignal) {
        signals.withLock { signals in
            guard signals[partition] === signal else { return }
            unsafe rd_kafka_queue_cb_event_enable(queue, nil, nil)
            signals[partition] = nil
        }
    }
}

extension Consumer {
    /// Whether rebalances are answered with the incremental functions. Known once the group was joined.
    package var isCooperative: Bool {
        unsafe String(copying: rd_kafka_rebalance_protocol(client.handle)) == "COOPERATIVE"
    }

    /// Whether the present assignment went to others without being asked back: nothing of it can be committed.
    package var isAssignmentLost: Bool { unsafe rd_kafka_assignment_lost(client.handle) != 0 }

    /// The error that made this consumer useless, if any.
    package var fatalError: KafkaError? { client.fatalError }

    /// Answers `.assigned`, or chooses partitions without a group. Replaces the whole assignment.
    package func assign(_ start: [StartOffset]) throws(KafkaError) {
        let list = PartitionList(start)
        try KafkaError.check(unsafe rd_kafka_assign(client.handle, list.pointer), during: "assign")
    }

    /// Answers `.assigned` when `isCooperative`.
    package func incrementalAssign(_ start: [StartOffset]) throws(KafkaError) {
        let list = PartitionList(start)
        let error = unsafe rd_kafka_incremental_assign(client.handle, list.pointer)
        if let error = unsafe KafkaError(consuming: error, during: "incremental assign") { throw error }
    }

    /// Answers `.revoked`: gives up every partition.
    package func unassign() throws(KafkaError) {
        try KafkaError.check(unsafe rd_kafka_assign(client.handle, nil), during: "unassign")
    }

    /// Answers `.revoked` when `isCooperative`.
    package func incrementalUnassign(_ partitions: [TopicPartition]) throws(KafkaError) {
        let list = PartitionList(partitions)
        let error = unsafe rd_kafka_incremental_unassign(client.handle, list.pointer)
        if let error = unsafe KafkaError(consuming: error, during: "incremental unassign") { throw error }
    }

    /// Sends a commit; the answer is `.committed` with the same token, and may not come at all while the group's
    /// coordinator is away: keep a deadline.
    package func commit(_ offsets: [CommittedOffset], token: UInt64) throws(KafkaError) {
        guard !offsets.isEmpty else { throw .invalidArgument("commit: no partition given") }
        let list = try PartitionList(committing: offsets)
        let opaque = unsafe UnsafeMutableRawPointer(bitPattern: UInt(truncatingIfNeeded: token))
        let response = unsafe rd_kafka_commit_queue(client.handle, list.pointer, client.events, nil, opaque)
        try KafkaError.check(response, during: "commit")
    }

    /// Begins to leave the group. What the consumer owns comes back as `.revoked`, which must be answered. Throws
    /// after a fatal error, when there is nothing left to close.
    package func startClose() throws(KafkaError) {
        let error = unsafe rd_kafka_consumer_close_queue(client.handle, client.events)
        if let error = unsafe KafkaError(consuming: error, during: "close") { throw error }
    }

    package var isClosed: Bool { unsafe rd_kafka_consumer_closed(client.handle) != 0 }
}
