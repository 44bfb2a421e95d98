internal import Crdkafka

/// Changes to the cluster.
package final class Admin: Sendable {
    private let client: Client

    package init(
        configuration: Configuration,
        log: @escaping @Sendable (LogLine) -> Void
    ) throws(KafkaError) {
        client = try Client(RD_KAFKA_PRODUCER, configuration, events: 0, doorbell: nil, log: log)
    }

    /// Throws `.topicAlreadyExists` when it does. A `replication` of -1 leaves the number to the brokers; `properties` are the topic's,
    /// such as `retention.ms`.
    package func createTopic(
        _ name: String,
        partitions: Int32,
        replication: Int32 = -1,
        properties: [String: String] = [:],
        timeout: Duration
    ) async throws(KafkaError) {
        guard partitions > 0 else { throw .invalidArgument("create topic \(name): partitions must be 1 or more") }
        let client = client
        try await BlockingCall.run("create topic \(name)", timeout: timeout) { milliseconds throws(KafkaError) in
            var words = [CChar](repeating: 0, count: 512)
            let made = unsafe rd_kafka_NewTopic_new(name, partitions, replication, &words, words.count)
            guard let topic = unsafe made else {
                throw .invalidArgument("create topic \(name): \(unsafe String(copying: &words))")
            }
            defer { unsafe rd_kafka_NewTopic_destroy(topic) }
            for (name, value) in properties {
                try KafkaError.check(
                    unsafe rd_kafka_NewTopic_set_config(topic, name, value),
                    during: "topic property \(name)"
                )
            }
            let options = unsafe rd_kafka_AdminOptions_new(client.handle, RD_KAFKA_ADMIN_OP_CREATETOPICS)
            defer { unsafe rd_kafka_AdminOptions_destroy(options) }
            unsafe rd_kafka_AdminOptions_set_request_timeout(options, milliseconds, &words, words.count)
            let queue = unsafe rd_kafka_queue_new(client.handle)
            defer { unsafe rd_kafka_queue_destroy(queue) }
            var first: OpaquePointer? = unsafe topic
            unsafe rd_kafka_CreateTopics(client.handle, &first, 1, options, queue)
            guard let event = unsafe rd_kafka_queue_poll(queue, milliseconds) else {
                throw KafkaError(.timedOut, "create topic \(name): no answer within \(timeout)")
            }
            defer { unsafe rd_kafka_event_destroy(event) }
            try KafkaError.check(unsafe rd_kafka_event_error(event), during: "create topic \(name)")
            var count = 0
            let results = unsafe rd_kafka_CreateTopics_result_topics(
                rd_kafka_event_CreateTopics_result(event),
                &count
            )
            guard count > 0, let result = unsafe results?.pointee else { return }
            try KafkaError.check(unsafe rd_kafka_topic_result_error(result), during: "create topic \(name)")
        }
    }
}
