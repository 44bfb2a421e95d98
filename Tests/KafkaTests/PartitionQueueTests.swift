import Testing

@testable import Kafka

struct PartitionQueueTests {
    private func numbered(_ count: Int, partition: Int32) -> [OutgoingRecord] {
        (0..<count).map { number in
            OutgoingRecord(topic: "events", partition: partition, key: nil, value: Array("\(number)".utf8))
        }
    }

    @Test
    func `twelve queues give every record exactly once and in order`() async throws {
        let cluster = try MockCluster(brokers: 3)
        try cluster.createTopic("events", partitions: 12)
        for partition in 0..<12 as Range<Int32> {
            try await produce(numbered(2000, partition: partition), to: cluster, ["compression.type": "lz4"])
        }
        let reader = try Reader(cluster)
        try reader.assign(TopicPartition.all(12))
        await eventually("all records", reader.bell) {
            try reader.turn()
            return reader.count >= 24_000
        }
        #expect(reader.records.count == 12)
        for records in reader.records.values {
            #expect(records.map(\.offset) == Array(0..<2000))
            #expect(records.enumerated().allSatisfy { $1.value.map(Array.init) == Array("\($0)".utf8) })
        }
        #expect(reader.failures.isEmpty)
        try await reader.close()
    }

    @Test
    func `a partition that is not pulled waits while others go on`() async throws {
        let cluster = try MockCluster()
        try cluster.createTopic("events", partitions: 2)
        try await produce(numbered(3000, partition: 0), to: cluster)
        try await produce(numbered(3000, partition: 1), to: cluster)
        let reader = try Reader(cluster)
        let partitions = TopicPartition.all(2)
        try reader.assign(partitions)
        let removed = reader.queues.removeValue(forKey: partitions[0])
        let held = try #require(removed)
        await eventually("the other partition", reader.bell) {
            try reader.turn()
            return reader.records[partitions[1]]?.count == 3000
        }
        #expect(reader.records[partitions[0]] == nil)
        // A few at a time, as a lane frees up; most of these pulls come without any ring.
        var offsets: [Int64] = []
        await eventually("the held partition", reader.bell) {
            _ = reader.consumer.nextEvent()
            while held.receive(upTo: 7, { offsets.append($0.offset) }) == 7 {}
            return offsets.count >= 3000
        }
        #expect(offsets == Array(0..<3000))
    }

    @Test
    func `queues that were full are fetched into again at once when fetchers are woken`() async throws {
        let cluster = try MockCluster()
        try cluster.createTopic("events", partitions: 1)
        let values = (0..<40).map { [UInt8](repeating: UInt8($0), count: 100_000) }
        let records = values.map { OutgoingRecord(topic: "events", partition: 0, key: nil, value: $0) }
        try await produce(records, to: cluster, ["batch.num.messages": "1"])
        // Each record fills the queue. Without being woken, or told to look more often, it takes a second for each.
        var limits = ["queued.max.messages.kbytes": "64"]
        if LibraryVersion.current >= .fetchQueueBackoff { limits["fetch.queue.backoff.ms"] = "10" }
        let reader = try Reader(cluster, limits)
        try reader.assign(TopicPartition.all(1))
        await eventually("all records", reader.bell, within: .seconds(20)) {
            try reader.turn()
            reader.consumer.wakeFetchers()
            return reader.count == values.count
        }
        #expect(reader.records.values.first?.map { $0.value.map(Array.init) } == values)
        try await reader.close()
    }

    @Test(arguments: [1, 128, 129, 256])
    func `no wake-up is lost when a queue was left with exactly the limit`(limit: Int) async throws {
        let cluster = try MockCluster()
        try cluster.createTopic("events", partitions: 1)
        try await produce(numbered(limit, partition: 0), to: cluster)
        let reader = try Reader(cluster)
        let partition = TopicPartition(topic: "events", partition: 0)
        let queue = try reader.consumer.open(partition)
        try reader.consumer.assign([StartOffset(partition, at: .beginning)])
        var offsets: [Int64] = []
        await eventually("first half", reader.bell) {
            _ = reader.consumer.nextEvent()
            while queue.receive(upTo: limit, { offsets.append($0.offset) }) == limit {}
            return offsets.count == limit
        }
        #expect(queue.receive(upTo: limit) { _ in } == 0)
        try await produce(numbered(limit, partition: 0), to: cluster)
        await eventually("second half", reader.bell) {
            _ = reader.consumer.nextEvent()
            while queue.receive(upTo: limit, { offsets.append($0.offset) }) == limit {}
            return offsets.count == 2 * limit
        }
        #expect(offsets == Array(0..<Int64(2 * limit)))
        #expect(queue.receive(upTo: 0) { _ in } == 0)
        #expect(queue.receive(upTo: -1) { _ in } == 0)
    }

    @Test
    func `a queue opened again goes on, and closing the old one does not silence it`() async throws {
        let cluster = try MockCluster()
        try cluster.createTopic("events", partitions: 1)
        try await produce(numbered(10, partition: 0), to: cluster)
        let reader = try Reader(cluster)
        let partition = TopicPartition(topic: "events", partition: 0)
        let old = try reader.consumer.open(partition)
        try reader.assign([partition])
        old.close()
        old.close()
        await eventually("ten records", reader.bell) {
            try reader.turn()
            return reader.count == 10
        }
        // Assigned again from the start: what was fetched for the earlier assignment does not come twice.
        reader.records = [:]
        try reader.consumer.unassign()
        try reader.assign([partition])
        await eventually("ten records again", reader.bell) {
            try reader.turn()
            return reader.count >= 10
        }
        #expect(reader.records[partition]?.map(\.offset) == Array(0..<10))
        #expect(reader.failures.isEmpty)
    }

    @Test
    func `assigning again rings although the earlier assignment left records behind`() async throws {
        let cluster = try MockCluster()
        try cluster.createTopic("events", partitions: 1)
        try await produce(numbered(1000, partition: 0), to: cluster)
        let reader = try Reader(cluster)
        let partition = TopicPartition(topic: "events", partition: 0)
        for _ in 0..<20 {
            // Forgets earlier rings.
            reader.bell.ring()
            await reader.bell.wait()
            try reader.assign([partition])
            var offset: Int64?
            // Looks only after a ring, and then takes only one of many.
            while offset == nil {
                var rang = false
                let begin = ContinuousClock.now
                await eventually("ring", reader.bell, within: .seconds(5)) {
                    defer { rang = true }
                    return rang
                }
                // Longer means that it was the alarm.
                try #require(ContinuousClock.now - begin < .seconds(5))
                _ = reader.consumer.nextEvent()
                _ = reader.queues[partition]?.receive(upTo: 1) { offset = $0.offset }
            }
            #expect(offset == 0)
            // In this order what unassign leaves in the queue finds no callback.
            reader.queues = [:]
            try reader.consumer.unassign()
            _ = try await reader.consumer.watermarks(partition, timeout: .seconds(10))
        }
    }

    @Test
    func `a record that came by the event queue is reported, not lost silently`() async throws {
        let cluster = try MockCluster()
        try cluster.createTopic("events", partitions: 1)
        try await produce(numbered(1, partition: 0), to: cluster)
        let reader = try Reader(cluster)
        try reader.consumer.assign([StartOffset(TopicPartition.all(1)[0], at: .beginning)])
        await eventually("failure", reader.bell) {
            try reader.serveEvents()
            return reader.failures.contains { $0.code == .state }
        }
    }
}
