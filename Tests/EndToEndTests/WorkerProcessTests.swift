import Foundation
import Kafka
import Testing

@Suite(.serialized, .crowded, .timeLimit(.minutes(3))) struct WorkerProcessTests {
    @Test func `the demo reconciles five thousand events of every kind`() async throws {
        let outcome = try await Program.run(["demo", "--events", "5000", "--json"])
        let report = try outcome.json
        #expect(report["lost"] as? Int == 0)
        let events = try #require(report["events"] as? Int)
        let parts = try ["accepted", "ignored"].map { try #require(report[$0] as? Int) }
        #expect(events >= 5000)
        #expect(parts.allSatisfy { $0 > 0 })
    }

    @Test func `kill -9 in the middle of five thousand events loses nothing and records nothing twice`() async throws {
        let site = try await Site(receiver: ["--delay-ms", "0..3"])
        let expected = try await site.generate(5000, seed: 11)
        let inFlight = 100
        let settings = site.settings + ["--limits-in-flight", "\(inFlight)"]

        let first = try Program(["run"] + settings)
        #expect(await site.notifiedReaches(1500), "\(first.errorText.suffix(2000))")
        first.send(SIGKILL)
        let killed = await first.finish()
        #expect(killed.wasKilled)
        let before = Set(site.notified)
        #expect(before.count < expected.notifications, "it must have been in the middle")

        let second = try await Program.run(["run", "--until-end", "--json"] + settings)
        #expect(try second.json["lost"] as? Int == 0)
        try site.checkBooks(expected, repeatsAllowed: inFlight)
        let deadLetters = try await site.read("loyalty.events.dlq")
        #expect(Set(deadLetters.map(\.origin)).count == expected.deadLetters)

        let third = try await Program.run(["run", "--until-end", "--json"] + settings)
        #expect(try third.json["events"] as? Int == 0, "everything was committed")
    }

    @Test func `two workers of a group share the work, and one that is stopped hands over without a repeat`()
        async throws
    {
        let site = try await Site(receiver: ["--delay-ms", "0..2"])
        try await handOver(at: site)
    }

    @Test func `bad input of every kind becomes a dead letter or is ignored, and the worker goes on`() async throws {
        let site = try await Site(partitions: 1)
        let sample = try await goodValue(site)
        func record(_ key: String, _ value: [UInt8]?) -> OutgoingRecord {
            OutgoingRecord(
                topic: "loyalty.events",
                partition: 0,
                key: Array(key.utf8),
                value: value,
                headers: [],
                timestamp: nil
            )
        }
        try site.publish([record("tombstone", nil)])
        try site.publish([record("empty", [])])
        try site.publish([record("deep", Array(repeating: 0x5b, count: 1 << 20))])
        try site.publish([record("utf8", [0x7b, 0xff, 0xfe, 0x7d])])
        try site.publish([record("good", sample)])
        let run = try await Program.run(["run", "--until-end", "--json"] + site.settings)
        let report = try run.json
        #expect(report["events"] as? Int == 5)
        #expect(report["dead_letters"] as? Int == 3)
        #expect(report["ignored"] as? Int == 1)
        #expect(Set(site.notified).count == 1)
        let letters = try await site.read("loyalty.events.dlq")
        #expect(letters.map { String(decoding: $0.key ?? [], as: UTF8.self) }.sorted() == ["deep", "empty", "utf8"])
        #expect(letters.first { $0.key == ArraySlice("deep".utf8) }?.value?.count == 1 << 20, "kept byte for byte")
    }

    @Test func `a value of 5 MB is a dead letter, whole`() async throws {
        let site = try await Site(partitions: 1)
        let value = (0..<5_000_000).map { UInt8(truncatingIfNeeded: $0 &* 31 >> 3) }
        try site.publish([
            OutgoingRecord(topic: "loyalty.events", partition: 0, key: [1], value: value, headers: [], timestamp: nil)
        ])
        let run = try await Program.run(["run", "--until-end", "--json"] + site.settings)
        let report = try run.json
        #expect(report["dead_letters"] as? Int == 1)
        let letter = try #require(try await site.read("loyalty.events.dlq").first)
        #expect(letter.value == value[...])
        #expect(letter.header("loyalty-error-class") == "oversize")
    }

    @Test func `wrong settings are exit 78 and name the key, wrong usage is 64, an unreachable broker is 69`()
        async throws
    {
        let wrong = try await Program.run(
            ["run", "--kafka-bootstrap-servers", "127.0.0.1:1", "--limits-in-flight", "many"],
            expecting: 78
        )
        #expect(wrong.errors.contains("limits.inFlight") && wrong.errors.contains("many"))
        try await Program.run(["run", "--kafka-bootstrap-server", "127.0.0.1:1"], expecting: 64)
        let start = ContinuousClock.now
        let settings = ["--kafka-bootstrap-servers", "127.0.0.1:1", "--admin-port", "0", "--kafka-reach-timeout", "2s"]
        for command in [["run", "--until-end"], ["check"]] {
            let outcome = try await Program.run(
                command + settings + ["--journal-url", "none", "--publication-sink", "log"],
                expecting: 69
            )
            #expect(outcome.errors.contains("127.0.0.1:1") || outcome.output.contains { $0.contains("127.0.0.1:1") })
        }
        #expect(start.duration(to: .now) < .seconds(60))
    }

    @Test func `a worker without a broker keeps trying, and stops when asked`() async throws {
        let worker = try Program([
            "run", "--kafka-bootstrap-servers", "127.0.0.1:1", "--admin-port", "0", "--journal-url", "none",
            "--publication-sink", "log", "--kafka-reach-timeout", "1s",
        ])
        #expect(await worker.logs("Trying again"))
        worker.send(SIGTERM)
        let outcome = await worker.finish()
        #expect(outcome.status == 0, "\(outcome.errors)")
    }

    private func goodValue(_ site: Site) async throws -> [UInt8] {
        let cluster = try MockCluster()
        try cluster.createTopic("loyalty.events", partitions: 1)
        try await Program.run([
            "generate", "--count", "1", "--publication-share", "1", "--kafka-bootstrap-servers",
            cluster.bootstrapServers,
        ])
        let doorbell = Doorbell()
        let consumer = try Consumer(
            configuration: ["bootstrap.servers": cluster.bootstrapServers, "fetch.wait.max.ms": "10"],
            topics: [],
            doorbell: doorbell,
            log: { _ in }
        )
        let source = TopicPartition(topic: "loyalty.events", partition: 0)
        let queue = try consumer.open(source)
        try consumer.assign([StartOffset(source, at: .beginning)])
        var value: [UInt8]?
        while value == nil {
            while consumer.nextEvent() != nil {}
            _ = queue.receive(upTo: 1) { message in value = message.record(of: source).value.map(Array.init) }
            if value == nil { await doorbell.wait() }
        }
        queue.close()
        return value ?? []
    }
}

/// Two workers over twelve partitions; the first is stopped in the middle.
///
/// - Returns: the records that both have read together.
@discardableResult
func handOver(at site: Site, sessionTimeout: Int = 6000) async throws -> Int {
    // A drain that reaches its deadline gives up what it has not finished, which a busy machine can bring about.
    let settings = site.settings(sessionTimeout: sessionTimeout) + ["--drain-timeout", "100s"]
    let one = try Program(["run", "--json"] + settings)
    let two = try Program(["run", "--json"] + settings)
    #expect(await one.logs("assigned"))
    #expect(await two.logs("assigned"))
    let expected = try await site.generate(4000, seed: 12, ["--rate", "2000"])
    #expect(await site.notifiedReaches(expected.notifications / 3), "\(one.errorText.suffix(1000))")
    one.send(SIGTERM)
    let first = await one.finish()
    #expect(first.status == 0, "\(first.errors.suffix(2000))")
    #expect(await site.notifiedReaches(expected.notifications), "\(two.errorText.suffix(2000))")
    two.send(SIGTERM)
    let second = await two.finish()
    #expect(second.status == 0, "\(second.errors.suffix(2000))")
    let events = try [first, second].map { try #require(try $0.json["events"] as? Int) }
    #expect(events.allSatisfy { $0 > 0 }, "both worked: \(events)")
    try site.checkBooks(expected, repeatsAllowed: 0)
    return events[0] + events[1]
}

extension Kafka.Record {
    func header(_ name: String) -> String? {
        headers.last { $0.name == name }?.value.map { String(decoding: $0, as: UTF8.self) }
    }

    /// Where a dead letter came from.
    var origin: String {
        "\(header("kafka_dlt-original-partition") ?? "?")/\(header("kafka_dlt-original-offset") ?? "?")"
    }
}
