import Foundation
import GRDB
import Kafka
import Testing

/// Single faults, and how long they are felt. What takes long is measured by `deploy/chaos`.
@Suite(.crowded, .timeLimit(.minutes(ChaosScale.minutes))) struct FaultTests {
    @Test func `a receiver that is away costs no dead letter, and the backlog drains in order`() async throws {
        let site = try await Site(receiver: ["--delay-ms", "1..5"])
        let inFlight = 64
        let member = try Member(
            site.settings + ["--limits-in-flight", "\(inFlight)", "--breaker-cooldown", "500ms"]
        )
        var expected = try await site.generate(1000, seed: 31)
        #expect(await site.notifiedReaches(100), "\(member.worker.errorText.suffix(3000))")
        await site.killReceiver()
        let away = ContinuousClock.now
        // Published while nobody can be notified.
        let rate = ChaosScale.isLong ? 20 : 200
        expected = expected + (try await site.generate(ChaosScale.outage * rate, seed: 32, ["--rate", "\(rate)"]))
        let outage = away.duration(to: .now)
        try await site.restartReceiver()
        let back = ContinuousClock.now
        #expect(try await site.commitsEverything(expected.events), "\(member.worker.errorText.suffix(3000))")
        let drained = back.duration(to: .now)
        member.terminate()
        try await member.finish()
        let tally = try await Books(of: site, expected: expected).check(expected, repeatsAllowed: inFlight)
        #expect(member.sum("dead_letters") == expected.deadLetters)
        var measurement = Measurement(fault: "receiver away", broker: "mock", tried: 1, tally: tally, bound: inFlight)
        measurement.notes = ["seconds away": outage.inSeconds, "seconds to drain": drained.inSeconds]
        try measurement.publish()
    }

    @Test func `one key that always fails holds up nobody else`() async throws {
        var ratios: [Double] = []
        for turn in 0..<ChaosScale.repeats {
            let seed = Int(ChaosScale.seed % 1_000_000) + turn
            // The one that goes first has the caches against it.
            let order = turn % 2 == 0 ? [false, true] : [true, false]
            var seconds: [Bool: Double] = [:]
            for isFailing in order {
                seconds[isFailing] = try await secondsForTheOthers(isFailing: isFailing, seed: seed)
            }
            ratios.append(try #require(seconds[false]) / (try #require(seconds[true])))
        }
        let median = ratios.sorted()[ratios.count / 2]
        var measurement = Measurement(fault: "a key that always fails", broker: "mock", tried: ratios.count)
        measurement.notes = ["throughput of the others (1: as without)": median]
        try measurement.publish()
        if ChaosScale.isLong { #expect(median >= 0.95, "\(ratios)") }
    }

    /// Seconds in which the middle part of all notifications came, while one customer may be failing.
    private func secondsForTheOthers(isFailing: Bool, seed: Int) async throws -> Double {
        let site = try await Site(receiver: ["--delay-ms", "40..60"])
        let count = ChaosScale.isLong ? 12_000 : 1500
        let expected = try await site.generate(count, seed: seed)
        let records = try await site.records(count)
        let customer = String(decoding: try #require(key(of: records, times: count / 200)), as: UTF8.self)
        let others = expected.notifications - (try await accruals(of: customer, in: records))
        if isFailing { try await site.conduct("{\"fail_customer\":\"\(customer)\"}") }
        let member = try Member(
            site.settings + ["--limits-in-flight", "32", "--retry-max-attempts", "1000000", "--retry-max-delay", "1s"]
        )
        // Neither the start nor the tail, where the busiest customer is alone.
        #expect(await site.notifiedReaches(others / 10))
        let start = ContinuousClock.now
        #expect(await site.notifiedReaches(others * 7 / 10))
        let seconds = start.duration(to: .now).inSeconds
        #expect(await site.notifiedReaches(others))
        if isFailing {
            #expect(site.notified.count == others, "the key still fails")
            try await site.conduct("{\"fail_customer\":\"\"}")
        }
        #expect(try await site.commitsEverything(count), "\(member.worker.errorText.suffix(3000))")
        member.terminate()
        try await member.finish()
        _ = try await Books(of: site, expected: expected).check(expected, repeatsAllowed: 0)
        return seconds
    }

    /// A key that so many records have, or a few more.
    private func key(of records: [Kafka.Record], times: Int) -> ArraySlice<UInt8>? {
        var counts: [ArraySlice<UInt8>: Int] = [:]
        for record in records { if let key = record.key { counts[key, default: 0] += 1 } }
        return counts.filter { $0.value >= times }
            .min {
                ($0.value, String(decoding: $0.key, as: UTF8.self)) < (
                    $1.value, String(decoding: $1.key, as: UTF8.self)
                )
            }?
            .key
    }

    /// Distinct accruals of one customer, by the decoder that people use.
    private func accruals(of customer: String, in records: [Kafka.Record]) async throws -> Int {
        let folder = FileManager.default.temporaryDirectory.appending(path: "loyalty-records-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        var files: [String] = []
        for record in records where record.key.map({ String(decoding: $0, as: UTF8.self) }) == customer {
            guard let value = record.value else { continue }
            let file = folder.appending(path: "\(record.offset).json")
            try Data(value).write(to: file)
            files.append(file.path)
        }
        let outcome = await (try Program(["inspect", "--json"] + files)).finish()
        var keys: Set<String> = []
        for line in outcome.output {
            let object = try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any]
            guard object?["outcome"] as? String == "accept" else { continue }
            keys.insert("\(try #require(object?["accrual_key"]))")
        }
        return keys.count
    }

    @Test(arguments: BrokerProcess.python == nil ? [BrokerProcess.Kind.mock] : [.mock, .tansu])
    func `the partitions of a killed member are taken over`(kind: BrokerProcess.Kind) async throws {
        var times: [Double] = []
        var tally = Tally()
        for turn in 0..<ChaosScale.repeats {
            let broker = try await BrokerProcess(kind, topics: ["loyalty.events": 12, "loyalty.events.dlq": 1])
            let site = try await Site(
                brokers: broker.address,
                makesTopics: kind != .mock,
                receiver: ["--delay-ms", "5..20"]
            )
            let settings = site.settings + ["--limits-in-flight", "32"]
            let members = try (0..<2).map { _ in try Member(settings) }
            #expect(await haveHalves(members), "\(members.map(\.worker.errorText))")
            let expected = try await site.generate(1500, seed: 41 + turn, ["--rate", "500"])
            let assigned = members[1].worker.errorLines.count { $0.contains(" assigned") }
            let start = ContinuousClock.now
            members[0].kill()
            #expect(await members[1].worker.logs(" assigned", times: assigned + 1))
            times.append(start.duration(to: .now).inSeconds)
            try await members[0].finish()
            #expect(try await site.commitsEverything(expected.events), "\(members[1].worker.errorText.suffix(3000))")
            members[1].terminate()
            try await members[1].finish()
            tally = tally + (try await Books(of: site, expected: expected).check(expected, repeatsAllowed: 32))
        }
        var measurement = Measurement(
            fault: "SIGKILL of one of two",
            broker: kind.rawValue,
            tried: times.count,
            tally: tally,
            bound: 32 * times.count
        )
        measurement.notes = [
            "session timeout": 6, "seconds to the takeover, at most": times.max() ?? 0,
            "seconds to the takeover, median": times.sorted()[times.count / 2],
        ]
        if let plain = try await plainTakeover(kind) {
            measurement.notes["seconds to the takeover of plain consumers, median"] = plain
        }
        try measurement.publish()
    }

    /// What the broker itself takes: the same with consumers that do nothing.
    private func plainTakeover(_ kind: BrokerProcess.Kind) async throws -> Double? {
        guard ChaosScale.isLong, let python = BrokerProcess.python else { return nil }
        var times: [Double] = []
        for _ in 0..<ChaosScale.repeats {
            let broker = try await BrokerProcess(kind, topics: ["loyalty.events": 12])
            if kind != .mock { _ = try await Site(brokers: broker.address, makesTopics: true) }
            let script = Bundle.module.bundleURL.appending(path: "Brokers/takeover.py").path
            let plain = try Program(
                [script, broker.address, "loyalty.events", "12", "6000", "300"],
                executable: python,
                ending: SIGTERM
            )
            times.append(try #require(Double(try await plain.firstLine()), "\(plain.errorText)"))
        }
        return times.sorted()[times.count / 2]
    }

    /// The member goes on with calls for partitions that have another owner by then, and begins new ones until its client tells it so.
    @Test func `a member that stood still for longer than its session repeats no more than was in flight`() async throws
    {
        var tally = Tally()
        for turn in 0..<ChaosScale.repeats {
            let broker = try await BrokerProcess(.mock, topics: ["loyalty.events": 12, "loyalty.events.dlq": 1])
            let site = try await Site(brokers: broker.address, makesTopics: false, receiver: ["--delay-ms", "20..60"])
            let settings = site.settings(sessionTimeout: 4000) + ["--limits-in-flight", "32"]
            let members = try (0..<2).map { _ in try Member(settings) }
            #expect(await haveHalves(members), "\(members.map(\.worker.errorText))")
            let expected = try await site.generate(3000, seed: 71 + turn)
            #expect(await site.notifiedReaches(100))
            let assigned = members[1].worker.errorLines.count { $0.contains(" assigned") }
            members[0].pause()
            #expect(await members[1].worker.logs(" assigned", times: assigned + 1))
            members[0].resume()
            #expect(await members[0].worker.logs("lost=true"), "\(members[0].worker.errorText.suffix(3000))")
            #expect(try await site.commitsEverything(expected.events), "\(members.map(\.worker.errorText))")
            for member in members { member.terminate() }
            for member in members { try await member.finish() }
            #expect(members[0].losses == 1)
            tally = tally + (try await Books(of: site, expected: expected).check(expected, repeatsAllowed: 32))
        }
        let bound = 32 * ChaosScale.repeats
        try Measurement(
            fault: "SIGSTOP beyond the session",
            broker: "mock",
            tried: ChaosScale.repeats,
            tally: tally,
            bound: bound
        )
        .publish()
    }

    /// Waits until each of two members has half of the partitions.
    private func haveHalves(_ members: [Member]) async -> Bool {
        func count(_ member: Member) -> Int {
            guard let line = member.worker.errorLines.last(where: { $0.contains(" assigned") }) else { return 0 }
            return line.split(separator: "loyalty.events/").count - 1
        }
        for member in members {
            while count(member) != 6 {
                guard await member.worker.logsMore() else { return false }
            }
        }
        return count(members[0]) == 6
    }

    @Test func `a full disk under the journal holds offsets and repeats nothing`() async throws {
        let site = try await Site(receiver: ["--delay-ms", "1..10"])
        let disk = try Disk(for: site)
        guard try await disk.isThere() else {
            print("chaos: SKIPPED: no file system of its own can be mounted here: \(disk.holder.errorText)")
            return
        }
        let expected = try await site.generate(ChaosScale.isLong ? 4000 : 2000, seed: 51)
        #expect(await site.notifiedReaches(200), "\(disk.holder.errorText.suffix(3000))")
        try await disk.fill()
        #expect(await disk.holder.logs("the journal can't be used"), "\(disk.holder.errorText.suffix(3000))")
        let before = Set(site.notified).count
        #expect(before < expected.notifications, "it must have been in the middle")
        try await disk.free()
        #expect(try await site.commitsEverything(expected.events), "\(disk.holder.errorText.suffix(3000))")
        let status = try await disk.stopWorker()
        #expect(status == "0", "\(disk.holder.errorText.suffix(3000))")
        var measurement = Measurement(fault: "full disk", broker: "mock", tried: 1)
        measurement.tally = try await Books(of: site, expected: expected).check(expected, repeatsAllowed: 0)
        try measurement.publish()
    }
}
