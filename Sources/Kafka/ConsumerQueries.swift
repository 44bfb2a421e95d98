internal import Crdkafka

/// Questions to the cluster. Each blocks a thread of its own, never the caller's, and none longer than `timeout` plus
/// half a second.
extension Consumer {
    /// What the group committed. One result for each partition, each with an error of its own if it failed.
    package func committed(
        _ partitions: [TopicPartition],
        timeout: Duration
    ) async throws(KafkaError) -> [CommittedOffset] {
        let client = client
        return try await BlockingCall.run("committed offsets", timeout: timeout) { milliseconds throws(KafkaError) in
            let list = PartitionList(partitions)
            try KafkaError.check(
                unsafe rd_kafka_committed(client.handle, list.pointer, milliseconds),
                during: "committed offsets"
            )
            return list.offsets
        }
    }

    /// What the broker holds of a partition now.
    package func watermarks(_ partition: TopicPartition, timeout: Duration) async throws(KafkaError) -> Watermarks {
        let client = client
        return try await BlockingCall.run("watermarks", timeout: timeout) { milliseconds throws(KafkaError) in
            var low: Int64 = 0
            var high: Int64 = 0
            let response = unsafe rd_kafka_query_watermark_offsets(
                client.handle,
                partition.topic,
                partition.partition,
                &low,
                &high,
                milliseconds
            )
            try KafkaError.check(response, during: "watermarks of \(partition)")
            return Watermarks(low: low, high: high)
        }
    }

    /// The first offset at or after a time (milliseconds since 1970) in each partition; nil: no such record yet.
    package func offsets(
        at times: [TopicPartition: Int64],
        timeout: Duration
    ) async throws(KafkaError) -> [TopicPartition: Int64?] {
        let client = client
        return try await BlockingCall.run("offsets at times", timeout: timeout) { milliseconds throws(KafkaError) in
            let list = PartitionList(capacity: times.count)
            // A negative time would mean "beginning" or "end".
            for (partition, time) in times { list.add(partition, offset: max(time, 0)) }
            try KafkaError.check(
                unsafe rd_kafka_offsets_for_times(client.handle, list.pointer, milliseconds),
                during: "offsets at times"
            )
            var found: [TopicPartition: Int64?] = [:]
            for result in list.offsets {
                if let error = result.error { throw error }
                found.updateValue(result.offset, forKey: result.partition)
            }
            return found
        }
    }

    /// How many partitions a topic has.
    package func partitions(of topic: String, timeout: Duration) async throws(KafkaError) -> Int {
        try await client.partitions(of: topic, timeout: timeout)
    }

    /// All topics that this client may see, with their numbers of partitions.
    package func topics(timeout: Duration) async throws(KafkaError) -> [String: Int] {
        try await client.topics(timeout: timeout)
    }
}
