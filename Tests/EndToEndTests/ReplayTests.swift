import Foundation
import GRDB
import Kafka
import Testing

private let python: URL? = ProcessInfo.processInfo.environment["TEST_VENV"].map {
    URL(filePath: $0).appending(path: "bin/python")
}

/// Replays beside live work, through the command line.
@Suite(.serialized, .crowded, .timeLimit(.minutes(4))) struct ReplayTests {
    /// Numbers that a dry run and the replay that follows it must agree on.
    private static let numbers = [
        "events", "accepted", "ignored", "dead_letters", "notifications", "publications", "rejected", "filtered",
        "keys_out_of_order", "missing_offsets", "dead_letter_reasons", "unreplayed", "by", "range_offsets",
    ]

    @Test(.enabled(if: python != nil, "TEST_VENV does not name a virtual environment with the brokers"))
    func `a lost day is restored exactly beside live work, as forecast, and nobody is told twice`() async throws {
        let script = Bundle.module.bundleURL.appending(path: "Brokers/broker.py")
        let broker = try Program([script.path, "noida"], executable: try #require(python), ending: SIGTERM)
        let site = try await Site(brokers: try await broker.firstLine())
        let expected = try await site.generate(10_000, seed: 31, ["--malformed-share", "0", "--span", "3d"])
        let live = try Program(["run"] + site.settings)
        #expect(await site.notifiedReaches(expected.notifications), "\(live.errorText.suffix(2000))")
        let committed = try await site.committed(by: "loyalty-worker") { $0 == $1 }
        try site.checkBooks(expected, repeatsAllowed: 0)
        let before = try site.journalRows()

        // The second of three days goes missing in the journal.
        let (start, end): (Int64, Int64) = (1_748_822_400_000, 1_748_908_800_000)
        let records = try await site.read("loyalty.events", partitions: 12)
        let day = records.filter { (start..<end).contains($0.timestamp?.milliseconds ?? 0) }
        #expect(day.count == 3333 || day.count == 3334)
        try site.forget(day)
        let missing = before.subtracting(try site.journalRows())
        let lost = missing.filter { $0.stage == "publication" }
        let untold = missing.filter { $0.stage == "notification" }
        #expect(lost.count > 500 && untold.count > 2000)

        let range = ["--from", "2025-06-02T00:00:00Z", "--to", "2025-06-03T00:00:00Z", "--json"]
        let forecast = try await Program.run(["replay", "--dry-run"] + range + site.settings).json
        #expect(try site.journalRows() == before.subtracting(missing), "a dry run writes nothing")
        let replay = try await Program.run(["replay"] + range + site.settings).json
        try agree(forecast, replay)
        #expect(replay["events"] as? Int == day.count)
        #expect((replay["publications"] as? [String: Int])?["recorded"] == lost.count)
        #expect(forecast["would_send_if_allowed"] as? Int == untold.count)
        #expect(try site.journalRows() == before.subtracting(untold), "exactly the missing publications are back")
        try site.checkPublications(expected.publications)
        #expect(site.notified.count == expected.notifications, "nobody was told anything")
        #expect(live.process.isRunning)
        #expect(try await site.committed(by: "loyalty-worker") { _, _ in true } == committed)

        let permission = ["--stages", "notification,publication", "--notify"] + range
        let promised = try await Program.run(["replay", "--dry-run"] + permission + site.settings).json
        let told = try await Program.run(["replay"] + permission + site.settings).json
        try agree(promised, told)
        #expect((told["notifications"] as? [String: Int])?["sent"] == untold.count)
        #expect(promised["would_send_if_allowed"] as? Int == untold.count)
        #expect(site.notified.count == expected.notifications + untold.count, "only what the journal did not know")
        #expect(try site.journalRows() == before)
        live.send(SIGTERM)
        #expect(await live.finish().status == 0)
    }

    @Test func `two processes share a job, and kill -9 of one in the middle loses and doubles nothing`() async throws {
        let site = try await Site()
        let expected = try await site.generate(5000, seed: 41, ["--malformed-share", "0"])
        let job = [
            "replay", "--job", "rebuild", "--from", "earliest", "--to", "latest", "--rate", "400/s", "--yield-to",
            "none",
            "--json",
        ]
        let first = try Program(job + site.settings)
        let second = try Program(job + site.settings)
        #expect(await first.logs("assigned"))
        #expect(await second.logs("assigned"))
        try await site.recordedReaches(expected.publications / 4)
        first.send(SIGKILL)
        #expect(await first.finish().wasKilled)
        #expect(try site.recorded() < expected.publications, "it must have been in the middle")
        let third = try Program(job + site.settings)
        for process in [second, third] {
            let outcome = await process.finish()
            #expect(outcome.status == 0, "\(outcome.errors.suffix(2000))")
            #expect(try outcome.json["finished"] as? Bool == true)
        }
        #expect(second.digests == third.digests && second.digests == first.digests && second.digests.count == 1)
        #expect(try site.recorded() == expected.publications)
        try site.checkPublications(expected.publications)
        #expect(site.notified.isEmpty)

        let again = try await Program.run(job + site.settings)
        #expect(try again.json["events"] as? Int == 0, "the job was finished")
        let other = try await Program.run(
            ["replay", "--job", "rebuild", "--from", "earliest", "--partitions", "0,1"] + site.settings,
            expecting: 64
        )
        #expect(other.errors.contains("partitions is nothing there and 0,1 here"), "\(other.errors)")
    }

    @Test func `processes that start at the same instant agree on one definition`() async throws {
        let site = try await Site(partitions: 4)
        _ = try await site.generate(200, seed: 51)
        // While records come, each process finds other ends.
        let generator = try Program([
            "generate", "--count", "100000", "--rate", "2000", "--kafka-bootstrap-servers", site.brokers,
        ])
        let job = ["replay", "--job", "twins", "--from", "earliest", "--json"] + site.settings
        let twins = try (0..<3).map { _ in try Program(job) }
        for twin in twins { #expect(await twin.logs("definition="), "\(twin.errorText)") }
        generator.send(SIGKILL)
        var digests: Set<String> = []
        for twin in twins {
            let outcome = await twin.finish()
            digests.insert(try #require(try outcome.json["definition"] as? String))
            #expect(try outcome.json["finished"] as? Bool == true, "\(outcome.errors.suffix(2000))")
        }
        #expect(digests.count == 1)
    }

    @Test func `by offsets: the range is kept, what can't be replayed is listed and not buried`() async throws {
        let site = try await Site(partitions: 2)
        _ = try await site.generate(1500, seed: 61, ["--malformed-share", "0.05", "--span", "30d"])
        let range = ["--from-offsets", "0:100", "--to-offsets", "0:300"]
        let options = range + ["--json"] + site.settings
        let forecast = await (try Program(["replay", "--dry-run"] + options)).finish()
        let replay = await (try Program(["replay"] + options)).finish()
        #expect(forecast.status == 1 && replay.status == 1)
        try agree(forecast.json, replay.json)
        #expect(try replay.json["events"] as? Int == 200)
        let listed = try #require(try replay.json["unreplayed"] as? [[String: Any]])
        #expect(!listed.isEmpty)
        #expect(try replay.json["dead_letters"] as? Int == listed.count)
        #expect(listed.allSatisfy { (100..<300).contains($0["offset"] as? Int ?? 0) })
        #expect(try await site.read("loyalty.events.dlq").isEmpty)

        let record = try #require(
            try await site.read("loyalty.events", partitions: 2).first { record in
                record.source.partition == 0 && record.offset >= 100 && record.publicationID != nil
            }
        )
        let customer = String(decoding: record.key ?? [], as: UTF8.self)
        let filtered = await (try Program(["replay", "--dry-run", "--filter", "customer=\(customer)"] + options))
            .finish()
        let accepted = try #require(try filtered.json["accepted"] as? Int)
        #expect(try (filtered.json["filtered"] as? Int).map { $0 > accepted } == true)

        let beyond = ["replay", "--from-offsets", "0:0", "--to-offsets", "0:9999999", "--dry-run"] + site.settings
        #expect(try await Program.run(beyond + ["--strict"], expecting: 64).errors.contains("beyond the log"))
        let said = await (try Program(beyond)).finish()
        #expect(said.errors.contains("beyond the log"))
        let timed = ["replay", "--from", "-36h"] + site.settings
        #expect(try await Program.run(timed, expecting: 1).errors.contains("does not find offsets by time"))
        for wrong in [
            [], ["--from", "yesterday"], ["--from", "earliest", "--notify"], ["--from", "earliest", "--rate", "x"],
        ] {
            try await Program.run(["replay"] + wrong + site.settings, expecting: 64)
        }
    }

    @Test func `a replay that is told to stop commits, says how to go on, and goes on`() async throws {
        let site = try await Site(partitions: 3)
        let expected = try await site.generate(900, seed: 71, ["--malformed-share", "0"])
        let job = ["replay", "--job", "slow", "--from", "earliest", "--json"] + site.settings
        let first = try Program(job + ["--rate", "100/s"])
        try await site.recordedReaches(20)
        first.send(SIGTERM)
        let stopped = await first.finish()
        #expect(stopped.status == 1 && stopped.errors.contains("--job slow"), "\(stopped.errors.suffix(1000))")
        let second = try await Program.run(job).json
        let events = try [try stopped.json, second].map { try #require($0["events"] as? Int) }
        #expect(events[0] > 0 && events[1] > 0)
        #expect(events[0] + events[1] == expected.events, "nothing is read twice after a clean stop")
        #expect(try site.recorded() == expected.publications)
    }

    @Test func `what retention deletes before it was read is said, counted, and fails the job`() async throws {
        let site = try await Site(partitions: 1)
        _ = try await site.generate(400, seed: 81, ["--malformed-share", "0"])
        let job = ["replay", "--job", "late", "--from", "earliest", "--json"] + site.settings
        let first = try Program(job + ["--rate", "50/s"])
        try await site.recordedReaches(5)
        first.send(SIGTERM)
        let begun = try #require(try await first.finish().json["events"] as? Int)
        #expect(begun < 400)
        // The mock cluster keeps 5 MiB of a partition.
        for number in 0..<14 {
            let value = (0..<500_000).map { _ in UInt8.random(in: 0...255) }
            try site.publish([
                OutgoingRecord(topic: "loyalty.events", partition: 0, key: [UInt8(number)], value: value)
            ])
        }
        let second = await (try Program(job)).finish()
        #expect(second.status == 1)
        #expect(second.errors.contains("not in the log any more"), "\(second.errors.suffix(1000))")
        let missing = try #require(try second.json["missing_offsets"] as? Int)
        let events = try #require(try second.json["events"] as? Int)
        #expect(missing > 0 && begun + missing + events == 400, "\(begun) + \(missing) + \(events)")
        #expect(try second.json["finished"] as? Bool == true)
    }

    private func agree(_ forecast: [String: Any], _ replay: [String: Any]) throws {
        #expect(forecast["dry_run"] as? Bool == true && replay["dry_run"] as? Bool == false)
        for name in Self.numbers {
            let (promised, done) = try (#require(forecast[name] as? NSObject), #require(replay[name] as? NSObject))
            #expect(promised == done, "\(name)")
        }
    }
}

/// One effect in the journal.
private struct EffectPlace: Hashable {
    let stage: String
    let key: String
    let partition: Int
    let offset: Int
}

extension Program {
    /// The digests of definitions that the process has named in its log.
    fileprivate var digests: Set<Substring> {
        Set(errorText.split(separator: "definition=").dropFirst().map { $0.prefix(16) })
    }
}

extension Site {
    private var journal: DatabaseQueue {
        get throws { try DatabaseQueue(path: folder.appending(path: "journal.sqlite").path) }
    }

    fileprivate func journalRows() throws -> Set<EffectPlace> {
        try journal.read { database in
            Set(
                try Row.fetchAll(database, sql: #"SELECT stage, effect_key, partition, "offset" FROM effects"#)
                    .map { EffectPlace(stage: $0[0], key: $0[1], partition: $0[2], offset: $0[3]) }
            )
        }
    }

    /// Publications recorded.
    fileprivate func recorded() throws -> Int {
        try journal.read { try Int.fetchOne($0, sql: "SELECT count(*) FROM effects WHERE stage = 'publication'") ?? 0 }
    }

    /// Looks until so many publications are recorded, or the test runs out of time.
    fileprivate func recordedReaches(_ count: Int) async throws {
        let path = folder.appending(path: "journal.sqlite").path
        while !FileManager.default.fileExists(atPath: path) || (try? recorded()) ?? 0 < count {
            try await Task.sleep(for: .milliseconds(50))
        }
    }

    fileprivate func checkPublications(_ count: Int) throws {
        let rows = try journal.read { try Int.fetchOne($0, sql: "SELECT count(*) FROM publications") }
        #expect(rows == count)
    }

    /// Takes the effects that these records brought about, and their publications, out of the journal.
    fileprivate func forget(_ records: [Kafka.Record]) throws {
        try journal.write { database in
            for record in records {
                let place: StatementArguments = [record.source.partition, record.offset]
                let stages = try String.fetchAll(
                    database,
                    sql: #"DELETE FROM effects WHERE partition = ? AND "offset" = ? RETURNING stage"#,
                    arguments: place
                )
                guard stages.contains("publication"), let id = record.publicationID else { continue }
                try database.execute(sql: "DELETE FROM publications WHERE publication_id = ?", arguments: [id])
            }
        }
    }

    /// What a group has committed, once it and the ends satisfy `condition`.
    fileprivate func committed(
        by group: String,
        until condition: ([Int64], [Int64]) -> Bool
    ) async throws -> [Int64] {
        let consumer = try Consumer(
            configuration: ["bootstrap.servers": brokers, "group.id": group],
            topics: [],
            doorbell: Doorbell(),
            log: { _ in }
        )
        let sources = (0..<12).map { TopicPartition(topic: "loyalty.events", partition: $0) }
        var ends: [Int64] = []
        for source in sources { ends.append(try await consumer.watermarks(source, timeout: .seconds(10)).high) }
        while true {
            let offsets = try await consumer.committed(sources, timeout: .seconds(10)).map { $0.offset ?? -1 }
            if condition(offsets, ends) { return offsets }
            try await Task.sleep(for: .milliseconds(50))
        }
    }
}

extension Kafka.Record {
    /// The id of the publication that the event carries, wherever it stands.
    fileprivate var publicationID: String? {
        guard let value, let json = try? JSONSerialization.jsonObject(with: Data(value)) else { return nil }
        func find(_ value: Any) -> String? {
            guard let object = value as? [String: Any] else { return nil }
            if let publication = object["publication"] as? [String: Any], let id = publication["id"] as? String {
                return id
            }
            return object["data"].flatMap(find)
        }
        return find(json)
    }
}
