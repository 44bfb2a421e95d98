internal import Crdkafka
internal import Synchronization

/// Sends records and reports what became of each. Idempotent unless configured otherwise.
///
/// Letting go of it drops whatever is still queued: wait until `queued` is 0 first.
package final class Producer: Sendable {
    let client: Client
    // librdkafka's own count includes log lines and errors that nobody took yet.
    private let unreported = Atomic(0)

    /// - Parameters:
    ///   - configuration: `enable.idempotence=true` and `acks=all` are the defaults.
    ///   - doorbell: rings when reports wait.
    ///   - log: called by `reports` and `waitForReports`; gets librdkafka's lines and its errors that belong to no
    ///     record (brokers away, authentication).
    /// - Throws: what librdkafka finds wrong with the configuration.
    package init(
        configuration: Configuration,
        doorbell: Doorbell?,
        log: @escaping @Sendable (LogLine) -> Void
    ) throws(KafkaError) {
        var configuration = configuration
        configuration.setDefault("enable.idempotence", "true")
        configuration.setDefault("acks", "all")
        client = try Client(
            RD_KAFKA_PRODUCER,
            configuration,
            events: RD_KAFKA_EVENT_DR | RD_KAFKA_EVENT_ERROR,
            doorbell: doorbell,
            log: log
        )
    }

    /// Queues a copy of `record`. Throws when it can't be queued: `.queueFull` is to come back for after some reports,
    /// `.messageSizeTooLarge` is not. Otherwise exactly one report with `token` follows.
    package func send(_ record: OutgoingRecord, token: UInt64) throws(KafkaError) {
        let headers = unsafe makeHeaders(record.headers)
        // Before, because the report may be there before this function is back.
        unreported.add(1, ordering: .relaxed)
        let error = unsafe withBytes(record.value) { value in
            unsafe withBytes(record.key) { key in
                unsafe crdkafka_produce(
                    client.handle,
                    record.topic,
                    record.partition ?? RD_KAFKA_PARTITION_UA,
                    value.baseAddress,
                    value.count,
                    key.baseAddress,
                    key.count,
                    record.timestamp ?? 0,
                    headers,
                    UInt(truncatingIfNeeded: token)
                )
            }
        }
        guard let failure = unsafe KafkaError(consuming: error, during: "send to \(record.topic)") else { return }
        unreported.subtract(1, ordering: .relaxed)
        if let headers = unsafe headers { unsafe rd_kafka_headers_destroy(headers) }
        throw failure
    }

    /// Hands waiting reports to `body` until `limit` is reached, and returns how many. Reports come in batches, the
    /// last of which is always finished, so it may be more than `limit`. Never blocks.
    package func reports(upTo limit: Int, _ body: (DeliveryReport) -> Void) -> Int {
        var count = 0
        while count < limit, let event = unsafe client.nextEvent() {
            count += unsafe handle(event, body)
        }
        return count
    }

    /// Blocks the calling thread until a report comes or `timeout` is over, then takes all that wait. For tools.
    package func waitForReports(timeout: Duration, _ body: (DeliveryReport) -> Void) -> Int {
        guard let event = unsafe client.nextEvent(timeout: timeout.clampedMilliseconds) else { return 0 }
        return unsafe handle(event, body) + reports(upTo: .max, body)
    }

    /// Records not yet reported on.
    package var queued: Int { unreported.load(ordering: .relaxed) }

    /// The error that made this producer useless, if any: make a new one.
    package var fatalError: KafkaError? { client.fatalError }

    /// Makes the producer useless, as a fatal error of librdkafka's does. For tests.
    package func breakForGood(_ reason: String) {
        client.breakForGood(reason)
    }

    /// How many partitions a topic has. Blocks no thread of the caller.
    package func partitions(of topic: String, timeout: Duration) async throws(KafkaError) -> Int {
        try await client.partitions(of: topic, timeout: timeout)
    }

    /// All topics that this client may see, with their numbers of partitions.
    package func topics(timeout: Duration) async throws(KafkaError) -> [String: Int] {
        try await client.topics(timeout: timeout)
    }

    /// Destroys `event`; returns the number of reports in it.
    @unsafe
    private func handle(_ event: OpaquePointer, _ body: (DeliveryReport) -> Void) -> Int {
        defer { unsafe rd_kafka_event_destroy(event) }
        switch unsafe rd_kafka_event_type(event) {
        case RD_KAFKA_EVENT_DR:
            var count = 0
            while let message = unsafe rd_kafka_event_message_next(event) {
                count += 1
                unreported.subtract(1, ordering: .relaxed)
                unsafe body(DeliveryReport(message))
            }
            return count
        case RD_KAFKA_EVENT_ERROR:
            let error = unsafe client.error(of: event)
            client.report(LogLine(level: error.isFatal ? 2 : 4, facility: "ERROR", message: error.description))
            return 0
        default:
            return 0
        }
    }

    @unsafe
    private func makeHeaders(_ headers: [Header]) -> OpaquePointer? {
        guard !headers.isEmpty, let list = unsafe rd_kafka_headers_new(headers.count) else { return nil }
        for header in headers {
            unsafe withBytes(header.value) { value in
                let name = header.name
                _ = unsafe rd_kafka_header_add(list, name, name.utf8.count, value.baseAddress, value.count)
            }
        }
        return unsafe list
    }
}

/// Calls `body` with the bytes: no address at all for nil, some address for an empty array. That is how librdkafka
/// tells them apart.
@unsafe
private func withBytes<Result>(_ bytes: [UInt8]?, _ body: (UnsafeRawBufferPointer) -> Result) -> Result {
    guard let bytes else { return unsafe body(UnsafeRawBufferPointer(start: nil, count: 0)) }
    guard bytes.isEmpty else { return unsafe bytes.withUnsafeBytes(body) }
    return unsafe withUnsafeBytes(of: UInt8(0)) { unsafe body(UnsafeRawBufferPointer(rebasing: $0.prefix(0))) }
}

extension DeliveryReport {
    @unsafe
    fileprivate init(_ message: UnsafePointer<rd_kafka_message_t>) {
        unsafe token = UInt64(UInt(bitPattern: message.pointee._private))
        if let error = unsafe KafkaError(message.pointee.err, during: "delivery") {
            result = .failure(error)
        } else {
            let offset = unsafe message.pointee.offset
            result = unsafe .success(
                Delivery(partition: message.pointee.partition, offset: offset >= 0 ? offset : nil)
            )
        }
        unsafe mayBeStored = rd_kafka_message_status(message) != RD_KAFKA_MSG_STATUS_NOT_PERSISTED
    }
}
