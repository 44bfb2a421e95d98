import Kafka

/// Reads a whole topic with a plain consumer that is in no group.
struct TopicReading {
    let bootstrapServers: String
    let topic: String
    let partitions: Int

    /// How long one question to the broker, and the whole reading, may take.
    private static let questionTimeout: Duration = .seconds(10)
    private static let readTimeout: Duration = .seconds(60)

    /// What the broker holds of each partition, in their order.
    func watermarks() async throws(KafkaError) -> [Watermarks] {
        try await watermarks(by: consumer(group: nil, doorbell: Doorbell()))
    }

    /// What `group` committed of each partition, in their order; nil: nothing.
    func committed(by group: String) async throws(KafkaError) -> [Int64?] {
        let consumer = try consumer(group: group, doorbell: Doorbell())
        let offsets = try await consumer.committed(sources, timeout: Self.questionTimeout)
        for offset in offsets {
            if let error = offset.error { throw error }
        }
        let byPartition = Dictionary(offsets.map { ($0.partition, $0.offset) }) { first, _ in first }
        return sources.map { byPartition[$0] ?? nil }
    }

    /// Hands every record that is there now to `body`, in the order of each partition.
    func read(_ body: (Record) -> Void) async throws(KafkaError) {
        let doorbell = Doorbell()
        let consumer = try consumer(group: nil, doorbell: doorbell)
        let ends = try await watermarks(by: consumer)
        var left: [(queue: PartitionQueue, end: Int64)] = []
        for (source, marks) in zip(sources, ends) where marks.high > marks.low {
            left.append((try consumer.open(source), marks.high))
        }
        try consumer.assign(left.map { StartOffset($0.queue.partition, at: .beginning) })
        let deadline = ContinuousClock.now + Self.readTimeout
        let ticks = Task {
            while (try? await Task.sleep(for: .milliseconds(100))) != nil { doorbell.ring() }
        }
        defer { ticks.cancel() }
        while !left.isEmpty {
            while let event = consumer.nextEvent() {
                if case .failure(let error) = event, error.isFatal { throw error }
            }
            left.removeAll { queue, end in isAtEnd(queue, end, body) }
            guard !left.isEmpty else { break }
            guard ContinuousClock.now < deadline else {
                throw KafkaError(.timedOut, "\(topic) could not be read to its end within \(Self.readTimeout)")
            }
            await doorbell.wait()
        }
        for (queue, _) in left { queue.close() }
        try consumer.unassign()
    }

    /// Takes what waits in `queue`; whether the last record before `end` was among it.
    private func isAtEnd(_ queue: PartitionQueue, _ end: Int64, _ body: (Record) -> Void) -> Bool {
        var next: Int64 = 0
        func take(_ message: borrowing Message) {
            guard message.error == nil else { return }
            next = message.offset + 1
            body(message.record(of: queue.partition))
        }
        while queue.receive(upTo: 1000, take) > 0 {}
        return next >= end
    }

    private var sources: [TopicPartition] {
        (0..<Int32(clamping: partitions)).map { TopicPartition(topic: topic, partition: $0) }
    }

    private func consumer(group: String?, doorbell: Doorbell) throws(KafkaError) -> Consumer {
        var configuration: Configuration = [
            "bootstrap.servers": bootstrapServers, "auto.offset.reset": "earliest", "fetch.wait.max.ms": "10",
        ]
        if let group { configuration.set("group.id", group) }
        return try Consumer(configuration: configuration, topics: [], doorbell: doorbell, log: { _ in })
    }

    private func watermarks(by consumer: Consumer) async throws(KafkaError) -> [Watermarks] {
        var all: [Watermarks] = []
        for source in sources {
            all.append(try await consumer.watermarks(source, timeout: Self.questionTimeout))
        }
        return all
    }
}
