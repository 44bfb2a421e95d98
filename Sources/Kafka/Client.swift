internal import Crdkafka

/// A librdkafka client and its event queue. Whoever uses either holds this, so nothing outlives it.
///
/// Unchecked: both pointers are constant, librdkafka's functions on them may be called from any thread, and they are
/// destroyed only when nobody holds this object any more.
@safe
final class Client: @unchecked Sendable {
    let handle: OpaquePointer
    let events: OpaquePointer
    private let log: @Sendable (LogLine) -> Void
    // The event queue's callback has its address: it must live as long as the queue.
    private let doorbell: Doorbell?

    init(
        _ kind: rd_kafka_type_t,
        _ configuration: Configuration,
        events kinds: Int32,
        doorbell: Doorbell?,
        log: @escaping @Sendable (LogLine) -> Void
    ) throws(KafkaError) {
        var configuration = configuration
        // Lines come through the event queue: no code of ours runs on librdkafka's threads.
        configuration.set("log.queue", "true")
        unsafe handle = try ConfigurationHandle(configuration).makeClient(kind, events: kinds | RD_KAFKA_EVENT_LOG)
        if kind == RD_KAFKA_CONSUMER { unsafe rd_kafka_poll_set_consumer(handle) }
        // A consumer without group.id has no consumer queue, but Consumer always sets one.
        let queue = unsafe kind == RD_KAFKA_CONSUMER ? rd_kafka_queue_get_consumer(handle) : nil
        unsafe events = queue ?? rd_kafka_queue_get_main(handle)
        self.doorbell = doorbell
        self.log = log
        unsafe rd_kafka_set_log_queue(handle, events)
        if let doorbell {
            unsafe rd_kafka_queue_cb_event_enable(
                events,
                { _, opaque in
                    guard let opaque = unsafe opaque else { return }
                    unsafe Unmanaged<Doorbell>.fromOpaque(opaque).takeUnretainedValue().ring()
                },
                Unmanaged.passUnretained(doorbell).toOpaque()
            )
            // Something may have been queued before the callback was there.
            doorbell.ring()
        }
    }

    deinit {
        unsafe rd_kafka_queue_cb_event_enable(events, nil, nil)
        unsafe rd_kafka_queue_destroy(events)
        // Without this flag destroy closes an open consumer first and waits for events that nobody would answer.
        unsafe rd_kafka_destroy_flags(handle, RD_KAFKA_DESTROY_F_NO_CONSUMER_CLOSE)
    }

    /// Takes the next event that is not a log line; waits at most `timeout` milliseconds for it.
    /// The caller destroys it.
    @unsafe
    func nextEvent(timeout: Int32 = 0) -> OpaquePointer? {
        var wakeups = 0
        while true {
            guard let event = unsafe rd_kafka_queue_poll(events, timeout) else {
                // An internal wake-up also reads as "nothing", with events left behind it for which nothing rings.
                // Bounded, because nothing of librdkafka's may hold up the caller for ever.
                wakeups += 1
                if wakeups < 100, unsafe rd_kafka_queue_length(events) > 0 { continue }
                return nil
            }
            guard unsafe rd_kafka_event_type(event) == RD_KAFKA_EVENT_LOG else { return unsafe event }
            unsafe report(event)
            unsafe rd_kafka_event_destroy(event)
        }
    }

    /// For what is worth a line but is no log event.
    func report(_ line: LogLine) {
        log(line)
    }

    @unsafe
    private func report(_ event: OpaquePointer) {
        var facility: UnsafePointer<CChar>?
        var message: UnsafePointer<CChar>?
        var level: Int32 = 0
        guard unsafe rd_kafka_event_log(event, &facility, &message, &level) == 0 else { return }
        unsafe log(
            LogLine(level: Int(level), facility: String(copying: facility), message: String(copying: message))
        )
    }

    /// The error that made this client useless, if any.
    var fatalError: KafkaError? {
        var words = [CChar](repeating: 0, count: 512)
        let code = unsafe rd_kafka_fatal_error(handle, &words, words.count)
        guard code != RD_KAFKA_RESP_ERR_NO_ERROR else { return nil }
        return unsafe KafkaError(KafkaError.Code(code), String(copying: &words), isFatal: true, isRetriable: false)
    }

    /// Raises a fatal error.
    func breakForGood(_ reason: String) {
        _ = unsafe rd_kafka_test_fatal_error(handle, RD_KAFKA_RESP_ERR_OUT_OF_ORDER_SEQUENCE_NUMBER, reason)
    }

    /// The error inside an `RD_KAFKA_EVENT_ERROR`.
    @unsafe
    func error(of event: OpaquePointer) -> KafkaError {
        let error = unsafe KafkaError(
            KafkaError.Code(rd_kafka_event_error(event)),
            String(copying: rd_kafka_event_error_string(event)),
            isFatal: rd_kafka_event_error_is_fatal(event) != 0
        )
        // The event says only "fatal"; the client knows why.
        return error.isFatal ? fatalError ?? error : error
    }

    /// How many partitions a topic has.
    func partitions(of topic: String, timeout: Duration) async throws(KafkaError) -> Int {
        guard let count = try await topics(timeout: timeout)[topic] else {
            throw KafkaError(.unknownTopicOrPartition, "metadata of \(topic): no such topic")
        }
        return count
    }

    /// All topics that this client may see, with their numbers of partitions. Asking for one by name could create it.
    func topics(timeout: Duration) async throws(KafkaError) -> [String: Int] {
        try await BlockingCall.run("metadata", timeout: timeout) { milliseconds throws(KafkaError) in
            var metadata: UnsafePointer<rd_kafka_metadata>?
            try KafkaError.check(
                unsafe rd_kafka_metadata(self.handle, 1, nil, &metadata, milliseconds),
                during: "metadata"
            )
            guard let metadata = unsafe metadata else { return [:] }
            defer { unsafe rd_kafka_metadata_destroy(metadata) }
            let found = unsafe UnsafeBufferPointer(
                start: metadata.pointee.topics,
                count: max(0, Int(metadata.pointee.topic_cnt))
            )
            var topics: [String: Int] = [:]
            for index in found.indices {
                let topic = unsafe found[index]
                guard unsafe topic.err == RD_KAFKA_RESP_ERR_NO_ERROR, let name = unsafe topic.topic else { continue }
                unsafe topics[String(cString: name)] = Int(topic.partition_cnt)
            }
            return topics
        }
    }
}
