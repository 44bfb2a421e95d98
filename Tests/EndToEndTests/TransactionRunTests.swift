import Foundation
import Kafka
import Testing

/// `kafka.delivery=transactions`, with killed processes and readers of what is committed.
@Suite(.serialized, .crowded, .timeLimit(.minutes(4))) struct TransactionRunTests {
    private static let outputs = ["loyalty.notifications", "loyalty.publications", "loyalty.events.dlq"]

    @Test(.enabled(if: BrokerProcess.python != nil, "TEST_VENV does not name a virtual environment with the brokers"))
    func `members killed in the middle leave every effect once for those who read what is committed`() async throws {
        var draws = SeededDraws(seed: ChaosScale.seed)
        let broker = try await BrokerProcess(.noida)
        let site = try await Site(brokers: broker.address, partitions: 4)
        try await makeOutputs(at: site)
        let expected = try await site.generate(4000, seed: 71, ["--duplicate-share", "0"])
        func start(_ instance: String) throws -> Program {
            // Few at once, so that there is a middle.
            try Program(
                ["run", "--kafka-group-instance-id", instance, "--limits-in-flight", "2"] + settings(of: site)
            )
        }
        var members = ["one": try start("one")]
        #expect(await members["one"]?.logs(" assigned") == true)
        members["two"] = try start("two")
        #expect(await members["two"]?.logs(" assigned") == true)
        var kills = 0
        while kills < 6 {
            let seen = try await site.read("loyalty.notifications", partitions: 2).count
            guard seen >= expected.notifications * kills / 8 else { continue }
            let instance = Bool.random(using: &draws) ? "one" : "two"
            members[instance]?.send(SIGKILL)
            let outcome = await members[instance]?.finish()
            #expect(outcome?.wasKilled == true, "\(outcome?.errors.suffix(2000) ?? "")")
            members[instance] = try start(instance)
            kills += 1
        }
        #expect(try await site.commitsEverything(expected.events))
        for member in members.values {
            member.send(SIGTERM)
            let outcome = await member.finish()
            #expect(outcome.status == 0, "\(outcome.errors.suffix(2000))")
        }
        try await check(site, expected)
        let committed = try await site.read("loyalty.notifications", partitions: 2).count
        let all = try await site.read("loyalty.notifications", partitions: 2, isolation: "read_uncommitted").count
        print("transactions: \(kills) kills, \(all - committed) notifications in aborted ones, seed \(ChaosScale.seed)")
        // Else nothing was killed in the middle.
        #expect(all > committed)
    }

    @Test(.enabled(if: BrokerProcess.python != nil, "TEST_VENV does not name a virtual environment with the brokers"))
    func `a member that joins in the middle, and one that leaves, cost and repeat nothing`() async throws {
        let broker = try await BrokerProcess(.noida)
        let site = try await Site(brokers: broker.address, partitions: 4)
        try await makeOutputs(at: site)
        let expected = try await site.generate(4000, seed: 72, ["--duplicate-share", "0"])
        let options = ["run", "--limits-in-flight", "2"] + settings(of: site)
        let one = try Program(options)
        while try await site.read("loyalty.notifications", partitions: 2).count < expected.notifications / 8 {}
        let two = try Program(options)
        #expect(await two.logs(" assigned"), "\(two.errorText.suffix(2000))")
        one.send(SIGTERM)
        let outcome = await one.finish()
        #expect(outcome.status == 0, "\(outcome.errors.suffix(2000))")
        #expect(try await site.commitsEverything(expected.events), "\(two.errorText.suffix(2000))")
        two.send(SIGTERM)
        let last = await two.finish()
        #expect(last.status == 0, "\(last.errors.suffix(2000))")
        try await check(site, expected)
    }

    /// The mock forgets offsets in transactions and shows what was aborted, so only going on can be seen here.
    @Test(arguments: [MockCluster.Request.txnOffsetCommit, .addPartitionsToTxn])
    func `after an aborted transaction everything since the last commit is read again`(
        _ request: MockCluster.Request
    ) async throws {
        let site = try await Site(partitions: 4)
        let cluster = try #require(site.cluster)
        for topic in Self.outputs.prefix(2) { try cluster.createTopic(topic, partitions: 2) }
        let expected = try await site.generate(500, seed: 73, ["--duplicate-share", "0"])
        cluster.push([request == .txnOffsetCommit ? .illegalGeneration : .topicAuthorizationFailed], for: request)
        let outcome = try await Program.run(["run", "--until-end", "--json"] + settings(of: site))
        #expect(outcome.errors.contains("a transaction was aborted"), "\(outcome.errors.suffix(3000))")
        #expect(try outcome.json["lost"] as? Int == 0)
        let seen = try await site.read("loyalty.notifications", partitions: 2)
        #expect(Set(seen.map(\.effect)).count == expected.notifications)
        if request == .txnOffsetCommit { #expect(seen.count > expected.notifications) }
    }

    @Test func `an end that nobody will know ends the process, which says so`() async throws {
        let site = try await Site(partitions: 4)
        let cluster = try #require(site.cluster)
        for topic in Self.outputs.prefix(2) { try cluster.createTopic(topic, partitions: 2) }
        _ = try await site.generate(500, seed: 74)
        cluster.push([.invalidTransactionState], for: .endTxn)
        let worker = try Program(["run"] + settings(of: site))
        let start = ContinuousClock.now
        let outcome = await worker.finish()
        #expect(outcome.status == 1 && !outcome.wasKilled, "\(outcome.errors.suffix(2000))")
        let words = ["the next start will find out how", "Kafka failed for good"]
        #expect(words.contains { outcome.errors.contains($0) }, "\(outcome.errors.suffix(2000))")
        // Nothing is drained that could not be committed.
        #expect(start.duration(to: .now) < .seconds(15))
    }

    private func settings(of site: Site) -> [String] {
        [
            "--kafka-bootstrap-servers", site.brokers, "--admin-port", "none", "--kafka-delivery", "transactions",
            "--journal-url", "none", "--notification-sink", "kafka", "--publication-sink", "kafka",
            "--commit-interval", "200ms", "--kafka-properties",
            "session.timeout.ms=6000;heartbeat.interval.ms=300;fetch.wait.max.ms=10",
        ]
    }

    private func makeOutputs(at site: Site) async throws {
        let admin = try Admin(configuration: ["bootstrap.servers": site.brokers], log: { _ in })
        for topic in Self.outputs.prefix(2) {
            try await admin.createTopic(
                topic,
                partitions: 2,
                replication: 1,
                properties: ["retention.ms": "-1"],
                timeout: .seconds(20)
            )
        }
    }

    private func check(_ site: Site, _ expected: Site.Expected) async throws {
        let counts = [expected.notifications, expected.publications, expected.deadLetters]
        for (topic, count) in zip(Self.outputs, counts) {
            let records = try await site.read(topic, partitions: topic.hasSuffix(".dlq") ? 1 : 2)
            #expect(records.count == count, "\(topic)")
            #expect(Set(records.map(\.effect)).count == count, "\(topic)")
        }
    }
}

extension Kafka.Record {
    /// What tells one result from another one.
    fileprivate var effect: [String] {
        ["idempotency-key", "kafka_dlt-original-partition", "kafka_dlt-original-offset"]
            .map { name in
                headers.first { $0.name == name }?.value.map { String(decoding: $0, as: UTF8.self) } ?? ""
            }
    }
}
