import Foundation
import GRDB
import Kafka
import Testing

/// One programme's installation for a test: a broker, a receiver, a journal, and the settings that name them.
final class Site {
    /// The setting's default.
    static let topic = "loyalty.events"

    let brokers: String
    let topic: String
    let partitions: Int
    let folder: URL
    private(set) var receiver: Program
    /// The mock cluster inside the test's own process.
    let cluster: MockCluster?
    private let url: String
    private let receiverOptions: [String]
    /// What receivers before the present one have taken.
    private var earlier: [String] = []

    static let secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"

    /// With `brokers` nil: librdkafka's mock cluster inside the test's own process.
    ///
    /// - Parameter makesTopics: the brokers have the topics not yet, and know how to make them.
    init(
        brokers: String? = nil,
        topic: String = Site.topic,
        partitions: Int = 12,
        makesTopics: Bool = true,
        receiver options: [String] = []
    ) async throws {
        self.topic = topic
        self.partitions = partitions
        folder = FileManager.default.temporaryDirectory.appending(path: "loyalty-site-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        if let brokers {
            cluster = nil
            self.brokers = brokers
            let admin = try Admin(configuration: ["bootstrap.servers": brokers], log: { _ in })
            for (topic, count) in [(topic, partitions), (topic + ".dlq", 1)] where makesTopics {
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
            try cluster.createTopic(topic, partitions: partitions)
            try cluster.createTopic(topic + ".dlq", partitions: 1)
            self.cluster = cluster
            self.brokers = cluster.bootstrapServers
        }
        let secretFile = folder.appending(path: "secret")
        try Self.secret.write(to: secretFile, atomically: true, encoding: .utf8)
        receiverOptions = ["receiver", "--secret-file", secretFile.path, "--log", "/dev/stdout"] + options
        receiver = try Program(receiverOptions)
        url = try await receiver.firstLine()
    }

    deinit {
        receiver.send(SIGKILL)
        try? FileManager.default.removeItem(at: folder)
    }

    /// Where the receiver is; ends with a slash.
    var receiverAddress: String { url }

    /// The consumer group: the setting's default, or named after a topic of its own.
    var group: String { topic == Self.topic ? "loyalty-worker" : topic }

    /// Settings of a worker here; short timeouts, so that a killed member is missed soon.
    var settings: [String] { settings(sessionTimeout: 6000) }

    /// - Parameter sessionTimeout: in milliseconds.
    func settings(sessionTimeout: Int) -> [String] {
        [
            "--kafka-bootstrap-servers", brokers, "--admin-port", "0", "--notification-sink", "webhook",
            "--notification-webhook-url", url, "--notification-webhook-allow", "127.0.0.1",
            "--notification-webhook-secret-file", folder.appending(path: "secret").path,
            "--journal-url", "sqlite:" + folder.appending(path: "journal.sqlite").path,
            "--kafka-properties",
            "session.timeout.ms=\(sessionTimeout);heartbeat.interval.ms=300;fetch.wait.max.ms=10",
            "--commit-interval", "200ms", "--retry-initial-delay", "20ms",
        ] + (topic == Self.topic ? [] : ["--kafka-topic", topic, "--kafka-group", group])
    }

    /// Publishes generated events; the answer says what must become of them.
    func generate(_ count: Int, seed: Int, _ options: [String] = []) async throws -> Expected {
        let outcome = try await Program.run(
            [
                "generate", "--count", "\(count)", "--seed", "\(seed)", "--kafka-bootstrap-servers", brokers,
                "--kafka-topic", topic, "--json",
            ]
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

        static let none = Expected(events: 0, deadLetters: 0, notifications: 0, publications: 0)

        static func + (one: Expected, other: Expected) -> Expected {
            Expected(
                events: one.events + other.events,
                deadLetters: one.deadLetters + other.deadLetters,
                notifications: one.notifications + other.notifications,
                publications: one.publications + other.publications
            )
        }
    }

    /// The ids of all webhooks that the receiver has taken, in order; its first line is its address.
    var notified: [String] { earlier + receiver.lines.dropFirst() }

    func notifiedReaches(_ count: Int) async -> Bool {
        await receiver.outputReaches(count - earlier.count + 1)
    }

    /// Changes how the receiver answers, by a JSON object.
    func conduct(_ json: String) async throws {
        try await HTTP.post(url + "control", json)
    }

    /// Calls that the receiver has not answered yet.
    func openCalls() async throws -> Int {
        try #require(try await HTTP.get(url + "counts")["open"] as? Int)
    }

    /// Breaks every call under way.
    func killReceiver() async {
        receiver.send(SIGKILL)
        _ = await receiver.finish()
    }

    /// Starts the receiver again at its address.
    func restartReceiver() async throws {
        let port = try #require(URL(string: url)?.port)
        let before = notified
        receiver = try Program(receiverOptions + ["--port", "\(port)"])
        earlier = before
        _ = try await receiver.firstLine()
    }

    /// The journal, for reading.
    func journalDatabase() throws -> DatabaseQueue {
        try DatabaseQueue(path: folder.appending(path: "journal.sqlite").path)
    }

    /// All records of the topic; there are `count`.
    func records(_ count: Int) async throws -> [Kafka.Record] {
        try await read(topic, partitions: partitions) { $0.count >= count }
    }

    /// Waits until the group has committed the ends of all partitions.
    ///
    /// - Returns: false when it has not within `patience`.
    func commitsEverything(_ count: Int, patience: Duration = .seconds(150)) async throws -> Bool {
        var ends: [TopicPartition: Int64] = [:]
        for record in try await records(count) {
            ends[record.source] = max(record.offset + 1, ends[record.source] ?? 0)
        }
        let consumer = try Consumer(
            configuration: ["bootstrap.servers": brokers, "group.id": group],
            topics: [],
            doorbell: Doorbell(),
            log: { _ in }
        )
        let deadline = ContinuousClock.now + patience
        while ContinuousClock.now < deadline {
            let committed = try? await consumer.committed(Array(ends.keys), timeout: .seconds(5))
            if let committed, committed.allSatisfy({ $0.offset == ends[$0.partition] }) { return true }
            while consumer.nextEvent() != nil {}
            // Brokers don't tell when somebody commits: they must be asked, and not without a pause.
            try await Task.sleep(for: .milliseconds(100))
        }
        return false
    }

    /// Compares every book with what was expected.
    func checkBooks(_ expected: Expected, repeatsAllowed: Int) throws {
        let distinct = Set(notified)
        #expect(distinct.count == expected.notifications, "notifications lost or unexplained")
        #expect(notified.count - distinct.count <= repeatsAllowed, "notifications repeated")

        let (effects, publications, rows) = try journalDatabase().read { database in
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
    ///
    /// - Parameter isEnough: for a broker that is wrong about the ends of partitions: goes on until it holds.
    func read(
        _ topic: String,
        partitions: Int = 1,
        isolation: String = "read_committed",
        until isEnough: ([Kafka.Record]) -> Bool = { _ in true }
    ) async throws -> [Kafka.Record] {
        let doorbell = Doorbell()
        let consumer = try Consumer(
            configuration: [
                "bootstrap.servers": brokers, "fetch.wait.max.ms": "10", "enable.partition.eof": "true",
                "isolation.level": isolation,
            ],
            topics: [],
            doorbell: doorbell,
            log: { _ in }
        )
        let sources = (0..<Int32(partitions)).map { TopicPartition(topic: topic, partition: $0) }
        let queues = try sources.map { try consumer.open($0) }
        try consumer.assign(sources.map { StartOffset($0, at: .beginning) })
        // A broker may fall silent instead of telling the end.
        let ticker = Task {
            while (try? await Task.sleep(for: .milliseconds(200))) != nil { doorbell.ring() }
        }
        defer { ticker.cancel() }
        let deadline = ContinuousClock.now + .seconds(60)
        var records: [Kafka.Record] = []
        var ended: Set<TopicPartition> = []
        while ended.count < sources.count || !isEnough(records) {
            try #require(ContinuousClock.now < deadline, "\(topic): \(records.count) records, and no end")
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
            if ended.count < sources.count || !isEnough(records) { await doorbell.wait() }
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
