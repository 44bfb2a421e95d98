import Foundation
import GRDB
import Kafka
import Testing

/// One programme's installation for a test: a broker, a receiver, a journal, and the settings that name them.
final class Site {
    let brokers: String
    let folder: URL
    let receiver: Program
    private let url: String
    private let cluster: MockCluster?

    static let secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"

    /// With `brokers` nil: librdkafka's mock cluster inside the test's own process.
    init(brokers: String? = nil, partitions: Int = 12, receiver options: [String] = []) async throws {
        folder = FileManager.default.temporaryDirectory.appending(path: "loyalty-site-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        if let brokers {
            cluster = nil
            self.brokers = brokers
            let admin = try Admin(configuration: ["bootstrap.servers": brokers], log: { _ in })
            for (topic, count) in [("loyalty.events", partitions), ("loyalty.events.dlq", 1)] {
                // Generated records may be older than a broker keeps them by default.
                try await admin.createTopic(
                    topic,
                    partitions: Int32(count),
                    replication: 1,
                    properties: ["retention.ms": "-1"],
                    timeout: .seconds(20)
                )
            }
        } else {
            let cluster = try MockCluster()
            try cluster.createTopic("loyalty.events", partitions: partitions)
            try cluster.createTopic("loyalty.events.dlq", partitions: 1)
            self.cluster = cluster
            self.brokers = cluster.bootstrapServers
        }
        let secretFile = folder.appending(path: "secret")
        try Self.secret.write(to: secretFile, atomically: true, encoding: .utf8)
        receiver = try Program(["receiver", "--secret-file", secretFile.path, "--log", "/dev/stdout"] + options)
        url = try await receiver.firstLine()
    }

    deinit {
        receiver.send(SIGKILL)
        try? FileManager.default.removeItem(at: folder)
    }

    /// Where the receiver is; ends with a slash.
    var receiverAddress: String { url }

    /// Settings of a worker here; short timeouts, so that a killed member is missed soon.
    var settings: [String] {
        [
            "--kafka-bootstrap-servers", brokers, "--admin-port", "0", "--notification-sink", "webhook",
            "--notification-webhook-url", url, "--notification-webhook-allow", "127.0.0.1",
            "--notification-webhook-secret-file", folder.appending(path: "secret").path,
            "--journal-url", "sqlite:" + folder.appending(path: "journal.sqlite").path,
            "--kafka-properties", "session.timeout.ms=6000;heartbeat.interval.ms=300;fetch.wait.max.ms=10",
            "--commit-interval", "200ms", "--retry-initial-delay", "20ms",
        ]
    }

    /// Publishes generated events; the answer says what must become of them.
    func generate(_ count: Int, seed: Int, _ options: [String] = []) async throws -> Expected {
        let outcome = try await Program.run(
            ["generate", "--count", "\(count)", "--seed", "\(seed)", "--kafka-bootstrap-servers", brokers, "--json"]
                + [
                    "--malformed-share", "0.02", "--duplicate-share", "0.05", "--other-type-share", "0.05",
                    "--publication-share", "0.3",
                ] + options
        )
        let json = try #require(try outcome.json["expected"] as? [String: Int])
        return Expected(
            events: count,
            deadLetters: try #require(json["dead_letters"]),
            notifications: try #require(json["notifications"]),
            publications: try #require(json["publications"])
        )
    }

    struct Expected {
        let events: Int
        let deadLetters: Int
        let notifications: Int
        let publications: Int
    }

    /// The ids of all webhooks that the receiver has taken, in order; its first line is its address.
    var notified: [String] { Array(receiver.lines.dropFirst()) }

    func notifiedReaches(_ count: Int) async -> Bool {
        await receiver.outputReaches(count + 1)
    }

    /// Compares every book with what was expected.
    func checkBooks(_ expected: Expected, repeatsAllowed: Int) throws {
        let distinct = Set(notified)
        #expect(distinct.count == expected.notifications, "notifications lost or unexplained")
        #expect(notified.count - distinct.count <= repeatsAllowed, "notifications repeated")

        let journal = try DatabaseQueue(path: folder.appending(path: "journal.sqlite").path)
        let (effects, publications, rows) = try journal.read { database in
            (
                try Int.fetchOne(database, sql: "SELECT count(*) FROM effects WHERE stage = 'notification'"),
                try Int.fetchOne(database, sql: "SELECT count(*) FROM publications"),
                try Set(
                    String.fetchAll(
                        database,
                        sql: "SELECT 'msg_' || effect_key FROM effects WHERE stage = 'notification'"
                    )
                )
            )
        }
        #expect(effects == expected.notifications)
        #expect(publications == expected.publications)
        #expect(rows == distinct, "the journal and the receiver name the same accruals")
    }

    /// Every record of a topic, read without a group.
    func read(_ topic: String, partitions: Int = 1) async throws -> [Kafka.Record] {
        let doorbell = Doorbell()
        let consumer = try Consumer(
            configuration: ["bootstrap.servers": brokers, "fetch.wait.max.ms": "10", "enable.partition.eof": "true"],
            topics: [],
            doorbell: doorbell,
            log: { _ in }
        )
        let sources = (0..<Int32(partitions)).map { TopicPartition(topic: topic, partition: $0) }
        let queues = try sources.map { try consumer.open($0) }
        try consumer.assign(sources.map { StartOffset($0, at: .beginning) })
        var records: [Kafka.Record] = []
        var ended: Set<TopicPartition> = []
        while ended.count < sources.count {
            while consumer.nextEvent() != nil {}
            for queue in queues {
                _ = queue.receive(upTo: 1000) { message in
                    if message.error?.code == .partitionEOF {
                        ended.insert(queue.partition)
                    } else if message.error == nil {
                        records.append(message.record(of: queue.partition))
                    }
                }
            }
            if ended.count < sources.count { await doorbell.wait() }
        }
        for queue in queues { queue.close() }
        return records
    }

    /// Publishes records as they are.
    func publish(_ records: [OutgoingRecord]) throws {
        let producer = try Producer(
            configuration: ["bootstrap.servers": brokers, "message.max.bytes": "20000000"],
            doorbell: nil,
            log: { _ in }
        )
        for (token, record) in records.enumerated() { try producer.send(record, token: UInt64(token)) }
        var reports = 0
        while reports < records.count {
            reports += producer.waitForReports(timeout: .seconds(10)) { report in
                if case .failure(let error) = report.result { Issue.record("not published: \(error)") }
            }
        }
    }
}
