import Testing

@testable import Kafka

struct CommitTests {
    private let partitions = TopicPartition.all(3)

    private func reader(_ cluster: MockCluster) throws -> Reader {
        try cluster.createTopic("events", partitions: 3)
        return try Reader(cluster)
    }

    @Test
    func `metadata of each partition comes back as committed`() async throws {
        let cluster = try MockCluster()
        let reader = try reader(cluster)
        let texts = ["", String(repeating: "0123456789", count: 100), String(repeating: "~", count: 4096)]
        let offsets = zip(partitions, texts)
            .map { CommittedOffset(partition: $0, offset: Int64($1.count) + 1, metadata: $1) }
        try reader.consumer.commit(offsets, token: .max)
        await eventually("commit", reader.bell) {
            try reader.serveEvents()
            return reader.commits[.max] != nil
        }
        let answer = try #require(reader.commits[.max])
        #expect(answer.error == nil)
        #expect(answer.results.map(\.offset) == offsets.map(\.offset))
        let stored = try await reader.consumer.committed(partitions, timeout: .seconds(10))
        #expect(stored == offsets)
    }

    @Test
    func `nothing committed is nil`() async throws {
        let cluster = try MockCluster()
        let reader = try reader(cluster)
        let stored = try await reader.consumer.committed(partitions, timeout: .seconds(10))
        #expect(stored == partitions.map { CommittedOffset(partition: $0, offset: nil) })
    }

    @Test
    func `what cannot be committed is refused`() throws {
        let cluster = try MockCluster()
        let reader = try reader(cluster)
        for metadata in ["a\0b", "ü", "line\n"] {
            let offset = CommittedOffset(partition: partitions[0], offset: 1, metadata: metadata)
            let error = #expect(throws: KafkaError.self) { try reader.consumer.commit([offset], token: 1) }
            #expect(error?.code == .invalidArgument)
        }
        for offset in [nil, -1, .min] as [Int64?] {
            let offset = CommittedOffset(partition: partitions[0], offset: offset)
            #expect(throws: KafkaError.self) { try reader.consumer.commit([offset], token: 1) }
        }
        #expect(throws: KafkaError.self) { try reader.consumer.commit([], token: 1) }
    }

    @Test(arguments: [KafkaError.Code.unknownMember, .illegalGeneration, .offsetMetadataTooLarge])
    func `a refused commit says so with its token`(code: KafkaError.Code) async throws {
        let cluster = try MockCluster()
        let reader = try reader(cluster)
        cluster.push([code], for: .offsetCommit)
        try reader.consumer.commit([CommittedOffset(partition: partitions[0], offset: 5)], token: 0)
        try reader.consumer.commit([CommittedOffset(partition: partitions[0], offset: 6)], token: 7)
        await eventually("commits", reader.bell) {
            try reader.serveEvents()
            return reader.commits.count == 2
        }
        let refused = try #require(reader.commits[0])
        #expect((refused.error ?? refused.results[0].error)?.code == code)
        #expect(reader.commits[7]?.error == nil)
        let stored = try await reader.consumer.committed([partitions[0]], timeout: .seconds(10))
        #expect(stored[0].offset == 6)
    }
}
