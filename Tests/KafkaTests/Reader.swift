import Synchronization
import Testing

@testable import Kafka

/// The smallest consumer loop: answers events at once (unless told to hold revokes back) and keeps every record.
final class Reader {
    let name: String
    let bell: Doorbell
    let consumer: Consumer
    var queues: [TopicPartition: PartitionQueue] = [:]
    var records: [TopicPartition: [Record]] = [:]
    var reports: [KafkaError] = []
    var failures: [KafkaError] = []
    var commits: [UInt64: (results: [CommittedOffset], error: KafkaError?)] = [:]
    var statistics: [String] = []
    var assignments = 0
    /// Revokes are kept here instead of being answered while `holdsRevokes`.
    var pendingRevokes: [[TopicPartition]] = []
    var holdsRevokes = false
    var start = StartOffset.Position.beginning

    init(
        _ cluster: MockCluster,
        topics: [String] = [],
        name: String = "reader",
        bell: Doorbell = Doorbell(),
        _ extra: [String: String] = [:],
        log: @escaping @Sendable (LogLine) -> Void = { _ in }
    ) throws {
        self.name = name
        self.bell = bell
        consumer = try Consumer(
            configuration: .test(cluster, extra),
            topics: topics,
            doorbell: bell,
            log: log
        )
    }

    var owned: Set<TopicPartition> { Set(queues.keys) }
    var count: Int { records.values.reduce(0) { $0 + $1.count } }

    func assign(_ partitions: [TopicPartition]) throws {
        queues = [:]
        for partition in partitions { queues[partition] = try consumer.open(partition) }
        try consumer.assign(partitions.map { StartOffset($0, at: start) })
    }

    func serveEvents() throws {
        while let event = consumer.nextEvent() {
            switch event {
            case .assigned(let partitions):
                assignments += 1
                try assign(partitions)
            case .revoked(let partitions, _):
                pendingRevokes.append(partitions)
                if !holdsRevokes { try answerRevokes() }
            case .committed(let token, let results, let error):
                commits[token] = (results, error)
            case .failure(let error):
                failures.append(error)
            case .statistics(let text):
                statistics.append(text)
            }
        }
    }

    func answerRevokes() throws {
        guard !pendingRevokes.isEmpty else { return }
        pendingRevokes = []
        queues = [:]
        try consumer.unassign()
    }

    func receive(upTo limit: Int = 1000) {
        for (partition, queue) in queues {
            var more = true
            while more {
                var taken: [Record] = []
                let count = queue.receive(upTo: limit) { message in
                    if let error = message.error {
                        reports.append(error)
                    } else {
                        taken.append(message.record(of: partition))
                    }
                }
                records[partition, default: []] += taken
                more = count == limit
            }
        }
    }

    func turn() throws {
        try serveEvents()
        receive()
    }

    func close() async throws {
        try consumer.startClose()
        await eventually("\(name) closed", bell) {
            try self.serveEvents()
            return self.consumer.isClosed
        }
    }
}

extension Configuration {
    static func test(_ cluster: MockCluster, _ extra: [String: String] = [:]) -> Configuration {
        var configuration: Configuration = [
            "bootstrap.servers": cluster.bootstrapServers,
            "group.id": "group",
            "auto.offset.reset": "earliest",
            "session.timeout.ms": "6000",
            "heartbeat.interval.ms": "300",
            "fetch.wait.max.ms": "10",
            "socket.nagle.disable": "true",
        ]
        for (name, value) in extra { configuration.set(name, value) }
        return configuration
    }

    static func producing(_ cluster: MockCluster, _ extra: [String: String] = [:]) -> Configuration {
        var configuration: Configuration = ["bootstrap.servers": cluster.bootstrapServers, "linger.ms": "1"]
        for (name, value) in extra { configuration.set(name, value) }
        return configuration
    }
}

/// Looks whenever the bell rings, until `condition` holds or `limit` is over.
func eventually(
    _ what: String,
    _ bell: Doorbell,
    within limit: Duration = .seconds(40),
    sourceLocation: SourceLocation = #_sourceLocation,
    _ condition: () throws -> Bool
) async {
    let clock = ContinuousClock()
    let end = clock.now + limit
    // A last ring, so that a ring that got lost fails the test instead of hanging it.
    let alarm = Task {
        try? await clock.sleep(until: end)
        bell.ring()
    }
    defer { alarm.cancel() }
    do {
        while try !condition() {
            guard clock.now < end else {
                Issue.record("\(what): not within \(limit)", sourceLocation: sourceLocation)
                return
            }
            await bell.wait()
        }
    } catch {
        Issue.record(error, "\(what)", sourceLocation: sourceLocation)
    }
}

/// Sends and waits for every report; returns them by token (the record's index).
@discardableResult
func produce(
    _ records: [OutgoingRecord],
    to cluster: MockCluster,
    _ extra: [String: String] = [:],
    sourceLocation: SourceLocation = #_sourceLocation
) async throws -> [UInt64: DeliveryReport] {
    let bell = Doorbell()
    let producer = try Producer(configuration: .producing(cluster, extra), doorbell: bell, log: { _ in })
    for (index, record) in records.enumerated() { try producer.send(record, token: UInt64(index)) }
    var reports: [UInt64: DeliveryReport] = [:]
    await eventually("reports", bell, sourceLocation: sourceLocation) {
        _ = producer.reports(upTo: 100_000) { reports[$0.token] = $0 }
        return reports.count == records.count
    }
    return reports
}

extension TopicPartition {
    static func all(_ count: Int, of topic: String = "events") -> [TopicPartition] {
        (0..<count).map { TopicPartition(topic: topic, partition: Int32($0)) }
    }
}
