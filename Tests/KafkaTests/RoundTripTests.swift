import Testing

@testable import Kafka

struct RoundTripTests {
    @Test(arguments: ["none", "lz4", "zstd"])
    func `keys, values, headers and timestamps come back as sent`(compression: String) async throws {
        let cluster = try MockCluster()
        try cluster.createTopic("events", partitions: 1)
        let headers = [
            Header(name: "a", value: [1, 0, 255]), Header(name: "a", value: nil), Header(name: "ü€", value: []),
        ]
        let sent = [
            OutgoingRecord(topic: "events", key: [1], value: [2, 3], headers: headers, timestamp: 1_600_000_000_123),
            OutgoingRecord(topic: "events", key: nil, value: nil),
            OutgoingRecord(topic: "events", key: [], value: []),
            OutgoingRecord(topic: "events", key: [0], value: [UInt8](repeating: 7, count: 5000), timestamp: 1),
            OutgoingRecord(topic: "events", key: [0xff, 0xfe], value: [0], headers: [Header(name: "", value: [4])]),
        ]
        let reports = try await produce(sent, to: cluster, ["compression.type": compression])
        for (index, report) in reports {
            #expect(try report.result.get() == .init(partition: 0, offset: Int64(index)))
            #expect(report.mayBeStored)
        }

        let reader = try Reader(cluster)
        try reader.assign(TopicPartition.all(1))
        await eventually("five records", reader.bell) {
            try reader.turn()
            return reader.count == sent.count
        }
        let received = try #require(reader.records[TopicPartition(topic: "events", partition: 0)])
        for (index, (sent, received)) in zip(sent, received).enumerated() {
            #expect(received.offset == Int64(index))
            #expect(received.key.map(Array.init) == sent.key)
            #expect(received.value.map(Array.init) == sent.value)
            #expect(received.headers == sent.headers)
            #expect(received.timestamp?.kind == .create)
            if let timestamp = sent.timestamp { #expect(received.timestamp?.milliseconds == timestamp) }
            let again = Record(source: received.source, offset: 0, key: sent.key, value: sent.value)
            #expect(received.bytes == again.bytes)
            #expect(received.keyHash == again.keyHash)
        }
        try await reader.close()
    }

    @Test
    func `the end of a partition is reported when asked for`() async throws {
        let cluster = try MockCluster()
        try cluster.createTopic("events", partitions: 1)
        try await produce([OutgoingRecord(topic: "events", key: nil, value: [1])], to: cluster)
        let reader = try Reader(cluster, ["enable.partition.eof": "true"])
        let partition = TopicPartition(topic: "events", partition: 0)
        let queue = try reader.consumer.open(partition)
        try reader.consumer.assign([StartOffset(partition, at: .beginning)])
        var end: Int64?
        await eventually("end", reader.bell) {
            _ = reader.consumer.nextEvent()
            _ = queue.receive(upTo: 10) { message in
                guard message.error?.code == .partitionEOF else { return }
                end = message.offset
                #expect(message.valueCount == nil && message.key == nil && message.headers.isEmpty)
                #expect(message.record(of: partition).value == nil)
            }
            return end != nil
        }
        #expect(end == 1)
    }

    @Test(arguments: [StartOffset.Position.offset(2), .end, .beginning, .stored])
    func `reading begins where it is told to`(position: StartOffset.Position) async throws {
        let cluster = try MockCluster()
        try cluster.createTopic("events", partitions: 1)
        let sent = (0..<3).map { OutgoingRecord(topic: "events", key: nil, value: [UInt8($0)]) }
        try await produce(sent, to: cluster)
        let reader = try Reader(cluster, ["enable.partition.eof": "true"])
        reader.start = position
        try reader.assign(TopicPartition.all(1))
        await eventually("end", reader.bell) {
            try reader.turn()
            return reader.reports.contains { $0.code == .partitionEOF }
        }
        let expected: [Int64] =
            switch position {
            case .offset: [2]
            case .end: []
            case .beginning, .stored: [0, 1, 2]
            }
        #expect(reader.records.values.flatMap { $0.map(\.offset) } == expected)
    }
}
