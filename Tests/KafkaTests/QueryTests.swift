import Testing

@testable import Kafka

struct QueryTests {
    @Test
    func `watermarks, partitions and offsets at times`() async throws {
        let cluster = try MockCluster()
        try cluster.createTopic("events", partitions: 5)
        let partition = TopicPartition(topic: "events", partition: 4)
        let sent = (0..<9).map { _ in OutgoingRecord(topic: "events", partition: 4, key: nil, value: [1]) }
        try await produce(sent, to: cluster)
        let reader = try Reader(cluster)
        #expect(try await reader.consumer.partitions(of: "events", timeout: .seconds(10)) == 5)
        let watermarks = try await reader.consumer.watermarks(partition, timeout: .seconds(10))
        #expect(watermarks == Watermarks(low: 0, high: 9))
        // The mock answers "none" to every time.
        let offsets = try await reader.consumer.offsets(at: [partition: 1_600_000_000_000], timeout: .seconds(10))
        #expect(offsets == [partition: nil])
    }

    @Test
    func `questions to a cluster that is away end in time`() async throws {
        let cluster = try MockCluster()
        try cluster.createTopic("events", partitions: 1)
        try cluster.setDown()
        let consumer = try Reader(cluster).consumer
        let partition = TopicPartition(topic: "events", partition: 0)
        let clock = ContinuousClock()
        let begin = clock.now
        async let first = failure { () throws(KafkaError) in
            _ = try await consumer.committed([partition], timeout: .seconds(1))
        }
        async let second = failure { () throws(KafkaError) in
            _ = try await consumer.watermarks(partition, timeout: .seconds(1))
        }
        async let third = failure { () throws(KafkaError) in
            _ = try await consumer.partitions(of: "events", timeout: .seconds(1))
        }
        async let fourth = failure { () throws(KafkaError) in
            _ = try await consumer.offsets(at: [partition: 0], timeout: .seconds(1))
        }
        let failures = await [first, second, third, fourth]
        #expect(failures.allSatisfy { $0?.isRetriable == true }, "\(failures)")
        // Each takes a second or two; the rest is for other tests on the same threads.
        #expect(clock.now - begin < .seconds(40))
    }

    private func failure(
        _ question: @Sendable () async throws(KafkaError) -> Void
    ) async -> KafkaError? {
        do throws(KafkaError) {
            try await question()
            return nil
        } catch {
            return error
        }
    }

    @Test
    func `creating a topic ends in time where brokers do not know how`() async throws {
        let cluster = try MockCluster()
        let admin = try Admin(configuration: ["bootstrap.servers": cluster.bootstrapServers], log: { _ in })
        await #expect(throws: KafkaError.self) {
            try await admin.createTopic("dead-letters", partitions: 3, timeout: .seconds(1))
        }
        let error = await #expect(throws: KafkaError.self) {
            try await admin.createTopic("dead-letters", partitions: 0, timeout: .seconds(1))
        }
        #expect(error?.code == .invalidArgument)
    }
}
