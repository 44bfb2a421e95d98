import Foundation
import Kafka
import Testing

/// Moments at which librdkafka, or a broker, is known to hang, to end the process or to drop an assignment. Runs on both versions
/// of the library by `deploy/test`.
@Suite(.crowded, .timeLimit(.minutes(ChaosScale.minutes))) struct BrokerDefectTests {
    @Test func `SIGTERM before the first assignment ends in order`() async throws {
        let site = try await Site()
        // The first one finds the client without a group, the second one in the middle of its first join (#4312, #4527).
        for words in ["prefetch", "librdkafka"] {
            let worker = try Program(["run", "--json"] + site.settings)
            #expect(await worker.logs(words), "\(worker.errorText)")
            try await Task.sleep(for: words == "prefetch" ? .zero : .seconds(1))
            worker.send(SIGTERM)
            let start = ContinuousClock.now
            let outcome = await worker.finish()
            #expect(outcome.status == 0 && !outcome.wasKilled, "\(outcome.errors.suffix(2000))")
            #expect(!outcome.errors.contains(" assigned"))
            #expect(start.duration(to: .now) < .seconds(20))
        }
    }

    @Test func `SIGTERM while the group rebalances loses nothing`() async throws {
        let site = try await Site(receiver: ["--delay-ms", "20..100"])
        let expected = try await site.generate(1500, seed: 61)
        let settings = site.settings + ["--limits-in-flight", "16"]
        let one = try Program(["run", "--json"] + settings)
        #expect(await site.notifiedReaches(100), "\(one.errorText.suffix(2000))")
        // A second member makes the first one give everything up; it is told to stop in the middle of that.
        let two = try Program(["run", "--json"] + settings)
        #expect(await one.logs(" revoked"), "\(one.errorText.suffix(2000))")
        one.send(SIGTERM)
        let first = await one.finish()
        #expect(first.status == 0, "\(first.errors.suffix(2000))")
        #expect(try await site.commitsEverything(expected.events), "\(two.errorText.suffix(2000))")
        // And a last one with nobody else there, during the join of a third.
        let three = try Program(["run", "--json"] + settings)
        #expect(await two.logs(" revoked"), "\(two.errorText.suffix(2000))")
        three.send(SIGTERM)
        two.send(SIGTERM)
        for worker in [two, three] {
            let outcome = await worker.finish()
            #expect(outcome.status == 0, "\(outcome.errors.suffix(2000))")
        }
        _ = try await Books(of: site, expected: expected).check(expected, repeatsAllowed: 0)
    }

    @Test func `a second SIGTERM leaves at once, and what was unfinished comes again`() async throws {
        let site = try await Site(receiver: ["--delay-ms", "4000"])
        let expected = try await site.generate(40, seed: 62)
        let worker = try Program(["run"] + site.settings)
        #expect(await worker.logs(" assigned"), "\(worker.errorText.suffix(2000))")
        while try await site.openCalls() == 0 {}
        let calls = try await site.openCalls()
        worker.send(SIGTERM)
        #expect(await worker.logs("draining"), "\(worker.errorText.suffix(2000))")
        // Two signals within a second are one wish.
        try await Task.sleep(for: .milliseconds(1200))
        let start = ContinuousClock.now
        worker.send(SIGTERM)
        let outcome = await worker.finish()
        #expect(outcome.status == 1 && !outcome.wasKilled, "\(outcome.errors.suffix(2000))")
        #expect(start.duration(to: .now) < .seconds(3))
        try await site.conduct("{\"delay_ms\":1}")
        let rest = try await Program.run(["run", "--until-end", "--json"] + site.settings)
        #expect(try rest.json["lost"] as? Int == 0)
        while try await site.openCalls() > 0 {}
        #expect(calls > 0)
        _ = try await Books(of: site, expected: expected).check(expected, repeatsAllowed: expected.notifications)
    }

    @Test func `errors of every kind from the broker, in any order, lose nothing`() async throws {
        print("chaos: seed \(ChaosScale.seed) of a broker's errors")
        var draws = SeededDraws(seed: ChaosScale.seed)
        let site = try await Site(receiver: ["--delay-ms", "5..20"])
        let cluster = try #require(site.cluster)
        let expected = try await site.generate(3000, seed: 63)
        let inFlight = 32
        let member = try Member(
            site.settings + ["--limits-in-flight", "\(inFlight)", "--retry-max-attempts", "100000"]
        )
        #expect(await site.notifiedReaches(50), "\(member.worker.errorText.suffix(2000))")
        let errors: [(MockCluster.Request, [KafkaError.Code])] = [
            (.heartbeat, [.illegalGeneration, .rebalanceInProgress, .unknownMember, .notCoordinator, .transport]),
            (.joinGroup, [.coordinatorLoading, .notCoordinator, .transport, .unknownMember]),
            (.syncGroup, [.rebalanceInProgress, .notCoordinator, .transport]),
            (
                .offsetCommit,
                [.rebalanceInProgress, .illegalGeneration, .coordinatorLoading, .transport, .requestTimedOut]
            ),
            (.offsetFetch, [.coordinatorLoading, .notCoordinator, .transport]),
            (.findCoordinator, [.coordinatorNotAvailable, .transport]),
            (.fetch, [.notLeader, .leaderNotAvailable, .transport, .unknown]),
            (.metadata, [.leaderNotAvailable, .transport]),
        ]
        var tried = 0
        while tried < ChaosScale.faults * 3 {
            let (request, codes) = errors[Int.random(in: errors.indices, using: &draws)]
            let count = Int.random(in: 1...3, using: &draws)
            cluster.push((0..<count).compactMap { _ in codes.randomElement(using: &draws) }, for: request)
            tried += count
            try await Task.sleep(for: .milliseconds(Int.random(in: 100...1500, using: &draws)))
            #expect(!member.hasEnded, "\(member.worker.errorText.suffix(3000))")
        }
        for (request, _) in errors { cluster.clearErrors(for: request) }
        #expect(try await site.commitsEverything(expected.events), "\(member.worker.errorText.suffix(3000))")
        member.terminate()
        try await member.finish()
        // The assignment is lost each time that the group says so, with calls under way.
        let bound = member.losses * inFlight
        var measurement = Measurement(fault: "errors of the broker", broker: "mock", tried: tried, bound: bound)
        measurement.tally = try await Books(of: site, expected: expected).check(expected, repeatsAllowed: bound)
        try measurement.publish()
    }

    @Test func `a fenced member ends and says why`() async throws {
        let site = try await Site()
        let cluster = try #require(site.cluster)
        let expected = try await site.generate(200, seed: 64)
        let worker = try Program(["run"] + site.settings + ["--kafka-group-instance-id", "one"])
        #expect(await site.notifiedReaches(expected.notifications), "\(worker.errorText.suffix(2000))")
        cluster.push([.fencedInstance], for: .heartbeat)
        let outcome = await worker.finish()
        #expect(outcome.status == 1 && !outcome.wasKilled, "\(outcome.errors.suffix(2000))")
        #expect(outcome.errors.contains("Kafka failed for good"), "\(outcome.errors.suffix(2000))")
        try await Program.run(["run", "--until-end"] + site.settings)
        try site.checkBooks(expected, repeatsAllowed: 0)
    }

    /// An idempotent producer gives up for good when its rights are gone, and after some lost sequences (#4438).
    @Test func `a producer that broke for good ends the process, which says why`() async throws {
        let site = try await Site()
        let cluster = try #require(site.cluster)
        let expected = try await site.generate(100, seed: 67)
        let errors = Array(repeating: KafkaError.Code.clusterAuthorizationFailed, count: 1000)
        cluster.push(errors, for: .initProducerID)
        let worker = try Program(["run"] + site.settings)
        let outcome = await worker.finish()
        #expect(outcome.status == 1 && !outcome.wasKilled, "\(outcome.errors.suffix(2000))")
        #expect(outcome.errors.contains("Kafka failed for good: the producer"), "\(outcome.errors.suffix(2000))")
        cluster.clearErrors(for: .initProducerID)
        try await Program.run(["run", "--until-end"] + site.settings)
        try site.checkBooks(expected, repeatsAllowed: 0)
    }

    /// Reports may stay away for as long as the brokers do: librdkafka 2.16 forgets a partition that it was just handing to a
    /// broker when it begins again from its bootstrap servers.
    @Test func `SIGTERM while dead letters are never acknowledged ends by drain.timeout, and they come again`()
        async throws
    {
        let site = try await Site()
        let cluster = try #require(site.cluster)
        let expected = try await site.generate(100, seed: 68)
        #expect(expected.deadLetters > 0)
        // Later answers on the same connection wait behind this one.
        try cluster.push(.none, after: .seconds(300), for: .produce, broker: 1)
        let worker = try Program(["run"] + site.settings + ["--drain-timeout", "2s"])
        #expect(await site.notifiedReaches(expected.notifications), "\(worker.errorText.suffix(2000))")
        worker.send(SIGTERM)
        let start = ContinuousClock.now
        let outcome = await worker.finish()
        #expect(outcome.status == 0 && !outcome.wasKilled, "\(outcome.errors.suffix(2000))")
        #expect(start.duration(to: .now) < .seconds(20))
        let rest = try await Program.run(["run", "--until-end", "--json"] + site.settings).json
        #expect(try #require(rest["dead_letters"] as? Int) > 0 && rest["lost"] as? Int == 0)
        try site.checkBooks(expected, repeatsAllowed: 0)
        let letters = try await site.read("loyalty.events.dlq")
        #expect(Set(letters.map(\.origin)).count == expected.deadLetters)
    }

    /// A synchronous commit, and closing, would wait for the coordinator without limit.
    @Test func `SIGTERM while the broker stands still ends in time, and nothing is lost`() async throws {
        let broker = try await BrokerProcess(.mock, topics: ["loyalty.events": 12, "loyalty.events.dlq": 1])
        let site = try await Site(brokers: broker.address, makesTopics: false, receiver: ["--delay-ms", "5..20"])
        let expected = try await site.generate(1500, seed: 65)
        let worker = try Program(["run"] + site.settings + ["--limits-in-flight", "32"])
        #expect(await site.notifiedReaches(200), "\(worker.errorText.suffix(2000))")
        broker.program.send(SIGSTOP)
        worker.send(SIGTERM)
        let start = ContinuousClock.now
        let outcome = await worker.finish()
        #expect(!outcome.wasKilled, "\(outcome.errors.suffix(2000))")
        #expect(start.duration(to: .now) < .seconds(60))
        broker.program.send(SIGCONT)
        let rest = try await Program.run(["run", "--until-end", "--json"] + site.settings)
        #expect(try rest.json["lost"] as? Int == 0)
        _ = try await Books(of: site, expected: expected).check(expected, repeatsAllowed: 0)
    }

    @Test(.enabled(if: BrokerProcess.python != nil, "TEST_VENV does not name a virtual environment with the brokers"))
    func `a static member comes back without a rebalance, and its double is refused`() async throws {
        let broker = try await BrokerProcess(.noida)
        let site = try await Site(brokers: broker.address, receiver: ["--delay-ms", "1..10"])
        func start(_ instance: String) throws -> Program {
            try Program(["run", "--json"] + site.settings + ["--kafka-group-instance-id", instance])
        }
        let one = try start("one")
        #expect(await one.logs(" assigned"), "\(one.errorText.suffix(2000))")
        let two = try start("two")
        #expect(await two.logs(" assigned"), "\(two.errorText.suffix(2000))")
        #expect(await one.logs(" assigned", times: 2), "\(one.errorText.suffix(2000))")
        let assignments = one.errorLines.count { $0.contains(" assigned") }
        let expected = try await site.generate(2000, seed: 66)
        #expect(await site.notifiedReaches(200), "\(two.errorText.suffix(2000))")
        two.send(SIGTERM)
        let stopped = await two.finish()
        #expect(stopped.status == 0, "\(stopped.errors.suffix(2000))")
        let again = try start("two")
        #expect(try await site.commitsEverything(expected.events), "\(again.errorText.suffix(2000))")
        #expect(one.errorLines.count { $0.contains(" assigned") } == assignments, "\(one.errorText.suffix(2000))")

        let double = try start("two")
        let refused = await [again, double].race { await $0.finish() }
        #expect(refused.status == 1 && !refused.wasKilled, "\(refused.errors.suffix(2000))")
        #expect(refused.errors.contains("Kafka failed for good"), "\(refused.errors.suffix(2000))")
        for worker in [one, again, double] { worker.send(SIGTERM) }
        for worker in [one, again, double] { _ = await worker.finish() }
        // On this broker two members may own a partition for a while.
        _ = try await Books(of: site, expected: expected).check(expected, repeatsAllowed: expected.notifications)
    }

    /// Once librdkafka ended the process over a topic that was not there (#4273).
    @Test(.enabled(if: BrokerProcess.python != nil, "TEST_VENV does not name a virtual environment with the brokers"))
    func `a topic that does not exist is waited for`() async throws {
        let broker = try await BrokerProcess(.noida)
        let site = try await Site(brokers: broker.address, makesTopics: false)
        let worker = try Program(
            ["run", "--json"]
                + site.settings.map { value in
                    value.hasPrefix("session.") ? value + ";topic.metadata.refresh.interval.ms=500" : value
                }
        )
        #expect(await worker.logs("waiting for it to appear"), "\(worker.errorText.suffix(2000))")
        let admin = try Admin(configuration: ["bootstrap.servers": broker.address], log: { _ in })
        for name in [Site.topic, Site.topic + ".dlq"] {
            try await admin.createTopic(
                name,
                partitions: 3,
                replication: 1,
                properties: ["retention.ms": "-1"],
                timeout: .seconds(20)
            )
        }
        let expected = try await site.generate(100, seed: 69)
        #expect(await site.notifiedReaches(expected.notifications), "\(worker.errorText.suffix(2000))")
        worker.send(SIGTERM)
        let outcome = await worker.finish()
        #expect(outcome.status == 0 && !outcome.wasKilled, "\(outcome.errors.suffix(2000))")
        try site.checkBooks(expected, repeatsAllowed: 0)
    }

    @Test func `the cooperative protocol is refused where it loses assignments`() async throws {
        let site = try await Site()
        let isRefused = LibraryVersion.current < .safeCooperativeRebalance
        let settings = site.settings + ["--kafka-assignor", "cooperative-sticky"]
        let outcome = try await Program.run(["run", "--until-end"] + settings, expecting: isRefused ? 78 : 0)
        if isRefused { #expect(outcome.errors.contains("#4059") || outcome.errors.contains("2.10")) }
    }
}

extension [Program] {
    /// The outcome of the one that ends first.
    fileprivate func race(_ finish: @escaping @Sendable (Program) async -> Program.Outcome) async -> Program.Outcome {
        let outcomes = AsyncStream.makeStream(of: Program.Outcome.self)
        for program in self {
            Task { outcomes.continuation.yield(await finish(program)) }
        }
        for await outcome in outcomes.stream { return outcome }
        return await finish(self[0])
    }
}
