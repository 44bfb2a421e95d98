import Foundation
import Kafka
import Testing

#if canImport(FoundationNetworking)
    import FoundationNetworking
#endif

@Suite(.serialized, .crowded, .timeLimit(.minutes(3))) struct DeadLettersTests {
    private static let topic = "loyalty.events"

    /// A letter as the worker writes it; the value tells its original offset.
    private func letter(
        _ key: String?,
        _ offset: Int64,
        _ errorClass: String,
        partition: Int32 = 2,
        redrives: Int = 0
    ) -> OutgoingRecord {
        var headers = [
            ("own", "header"), ("kafka_dlt-original-topic", Self.topic),
            ("kafka_dlt-original-partition", "\(partition)"),
            ("kafka_dlt-original-offset", "\(offset)"),
            ("kafka_dlt-original-timestamp", "\(1_790_000_000_000 + offset)"),
            ("kafka_dlt-original-consumer-group", "loyalty-worker"), ("kafka_dlt-exception-message", "HTTP 400"),
            ("loyalty-error-class", errorClass), ("loyalty-stage", "notification"), ("loyalty-attempts", "1"),
            ("loyalty-first-failure-at", "2026-01-01T00:00:00.000Z"),
        ]
        if redrives > 0 { headers.append(("loyalty-redrives", "\(redrives)")) }
        return OutgoingRecord(
            topic: Self.topic + ".dlq",
            partition: 0,
            key: key.map { Array($0.utf8) },
            value: Array("\(offset)".utf8),
            headers: headers.map { Header(name: $0.0, value: Array($0.1.utf8)) },
            timestamp: 1_790_000_000_000 + offset
        )
    }

    private func settings(_ site: Site) -> [String] {
        ["--kafka-bootstrap-servers", site.brokers, "--kafka-properties", "fetch.wait.max.ms=10"]
    }

    private func redrive(_ site: Site, _ options: [String] = [], expecting status: Int32 = 0) async throws
        -> [String: Any]
    {
        try await Program.run(
            ["dead-letters", "redrive", "--json"] + options + settings(site),
            expecting: status
        ).json
    }

    /// States of the letters in the order of their topic.
    private func states(_ site: Site, _ options: [String] = []) async throws -> [String] {
        let outcome = try await Program.run(["dead-letters", "list", "--json"] + options + settings(site))
        return try outcome.output.map { line in
            let json = try #require(try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any])
            return try #require(json["state"] as? String)
        }
    }

    private func text(_ bytes: ArraySlice<UInt8>?) -> String { String(decoding: bytes ?? [], as: UTF8.self) }

    @Test func `letters of several keys go back to their partition, in order, with the headers of a redrive`()
        async throws
    {
        let site = try await Site(partitions: 4)
        try site.publish([
            letter("a", 10, "stage"), letter("b", 11, "stage"), letter("a", 13, "parked"), letter("a", 12, "parked"),
            letter(nil, 5, "decode", partition: 1), letter("a", 12, "parked"),
            OutgoingRecord(topic: Self.topic + ".dlq", partition: 0, key: nil, value: [1]),
        ])
        let foreign = "foreign"
        #expect(
            try await states(site)
                == ["waiting", "waiting", "waiting", "superseded", "waiting", "waiting", foreign]
        )
        let dry = try await redrive(site, ["--dry-run"])
        #expect(dry["redriven"] as? Int == 5 && dry["dry_run"] as? Bool == true)
        #expect(try await states(site, ["--state", "waiting"]).count == 5, "a dry run changes nothing")
        #expect(try await site.read(Self.topic, partitions: 4).isEmpty)

        let report = try await redrive(site, ["--no-follow"])
        #expect(report["redriven"] as? Int == 5)
        #expect(report["matched"] as? Int == 5 && report["keys"] as? Int == 3 && report["read"] as? Int == 7)
        #expect(report["superseded"] as? Int == 1 && report["foreign"] as? Int == 1)
        let back = try await site.read(Self.topic, partitions: 4)
        #expect(back.filter { text($0.key) == "a" }.map { text($0.value) } == ["10", "12", "13"])
        let first = try #require(back.first { text($0.value) == "10" })
        #expect(first.source.partition == 2 && first.timestamp?.milliseconds == 1_790_000_000_010)
        #expect(
            first.headers.map(\.name) == [
                "own", "kafka_dlt-original-topic", "kafka_dlt-original-partition", "kafka_dlt-original-offset",
                "kafka_dlt-original-timestamp", "loyalty-redrives", "loyalty-redrive-after",
            ]
        )
        #expect(first.header("loyalty-redrives") == "1" && first.header("kafka_dlt-original-offset") == "10")
        #expect(back.first { text($0.value) == "5" }?.source.partition == 1)

        let again = try await redrive(site, ["--no-follow"])
        #expect(again["redriven"] as? Int == 0 && again["already_redriven"] as? Int == 5)
        #expect(try await states(site, ["--state", "waiting"]).isEmpty)
    }

    @Test func `what would overtake, and what was redriven too often, is refused with exit 1, and the rest goes`()
        async throws
    {
        let site = try await Site(partitions: 4)
        try site.publish([
            letter("a", 10, "stage"), letter("a", 11, "parked"), letter("b", 12, "stage", redrives: 3),
            letter("b", 13, "parked"), letter("c", 14, "parked"),
        ])
        let filtered = try await redrive(site, ["--no-follow", "--class", "parked", "--key", "a"], expecting: 1)
        #expect(filtered["redriven"] as? Int == 0)
        #expect((filtered["refused"] as? [String: Int])?["overtaking"] == 1)
        let report = try await redrive(site, ["--no-follow"], expecting: 1)
        #expect(report["redriven"] as? Int == 3)
        #expect(report["refused"] as? [String: Int] == ["overtaking": 1, "redrive_limit": 1])
        let forced = try await redrive(site, ["--no-follow", "--max-redrives", "4"])
        #expect(forced["redriven"] as? Int == 2)
        let back = try await site.read(Self.topic, partitions: 4)
        #expect(back.map { text($0.value) }.sorted() == ["10", "11", "12", "13", "14"])
        #expect(back.first { text($0.value) == "12" }?.header("loyalty-redrives") == "4")
    }

    @Test func `kill -9 in the middle and again: all are there, in order but for repeats, and few are repeated`()
        async throws
    {
        let site = try await Site(partitions: 4)
        let count: Int64 = 2000
        try site.publish(
            (0..<count).map { letter("k\($0 % 7)", $0, $0 < 7 ? "stage" : "parked", partition: Int32($0 % 7 % 2)) }
        )
        let rate = 150
        var kills = 0
        for round in 1...3 {
            let first = try Program(
                ["dead-letters", "redrive", "--rate", "\(rate)/s", "--no-follow"] + settings(site)
            )
            var seen = 0
            while seen < round * 250, first.process.isRunning {
                seen = try await site.read(Self.topic, partitions: 4).count
            }
            first.send(SIGKILL)
            if await first.finish().wasKilled { kills += 1 }
        }
        let stopped = try Program(
            ["dead-letters", "redrive", "--rate", "\(rate)/s", "--no-follow", "--json"] + settings(site)
        )
        let before = try await site.read(Self.topic, partitions: 4).count
        while try await site.read(Self.topic, partitions: 4).count < before + 50, stopped.process.isRunning {}
        stopped.send(SIGTERM)
        let outcome = await stopped.finish()
        #expect(outcome.status == 1 && outcome.errors.contains("stopped"), "\(outcome.errors)")
        #expect(try outcome.json["redriven"] as? Int ?? 0 >= 50)
        let last = try await redrive(site, ["--no-follow"])
        #expect(last["redriven"] as? Int ?? 0 > 0)
        let back = try await site.read(Self.topic, partitions: 4)
        #expect(kills == 3)
        #expect(Set(back.map { text($0.value) }).count == Int(count), "nothing is left out")
        #expect(back.count - Int(count) <= kills * rate, "repeated: \(back.count - Int(count))")
        for key in 0..<7 {
            var newest: Int64 = -1
            var known: Set<Int64> = []
            for record in back where text(record.key) == "k\(key)" {
                let offset = try #require(Int64(text(record.value)))
                guard known.insert(offset).inserted else { continue }
                #expect(offset > newest)
                newest = offset
            }
        }
    }

    @Test func `of two redrives at once the later one takes over`() async throws {
        let site = try await Site(partitions: 4)
        try site.publish((0..<300).map { letter("k\($0 % 50)", $0, "stage") })
        let first = try Program(["dead-letters", "redrive", "--rate", "40/s", "--no-follow"] + settings(site))
        while try await site.read(Self.topic, partitions: 4).count < 10, first.process.isRunning {}
        let second = try await redrive(site, ["--no-follow"])
        let outcome = await first.finish()
        #expect(outcome.status == 1 && outcome.errors.contains("another redrive"), "\(outcome.errors)")
        let back = try await site.read(Self.topic, partitions: 4)
        #expect(Set(back.map { text($0.value) }).count == 300)
        #expect(back.count <= 300 + 40 * 2, "\(back.count), by the second \(second)")
    }

    @Test func `events that a receiver refused are redriven, and the worker does them`() async throws {
        let site = try await Site(partitions: 4, receiver: ["--status", "400"])
        let expected = try await site.generate(200, seed: 5)
        let first = try await Program.run(["run", "--until-end", "--json"] + site.settings)
        let letters = try #require(try first.json["dead_letters"] as? Int)
        #expect(letters > expected.deadLetters)
        let listed = try await Program.run(["dead-letters", "list"] + settings(site))
        #expect(listed.output.contains { $0.hasPrefix("\(letters) letters: \(letters) waiting") }, "\(listed.output)")
        #expect(!listed.output.joined().contains("cust_"), "keys are not shown")

        let dying = try await redrive(site, ["--no-follow", "--class", "stage,parked"])
        #expect(dying["redriven"] as? Int == letters - expected.deadLetters)
        let deaths = try await Program.run(["run", "--until-end", "--json"] + site.settings)
        #expect(
            try deaths.json["dead_letters"] as? Int == letters - expected.deadLetters,
            "all die or are parked again"
        )

        try await conduct(site, #"{"status":0}"#)
        let worker = try Program(["run", "--json"] + site.settings)
        #expect(await worker.logs("assigned"))
        let report = try await redrive(site, ["--class", "stage,parked"])
        let redriven = try #require(report["redriven"] as? Int)
        #expect(redriven == letters - expected.deadLetters)
        #expect(report["unsettled"] as? Bool == false && report["rounds"] as? Int == 2, "the worker got to the end")
        worker.send(SIGTERM)
        let second = await worker.finish()
        #expect(try second.json["events"] as? Int == redriven)
        #expect(try second.json["dead_letters"] as? Int == 0)
        try site.checkBooks(expected, repeatsAllowed: 0)
        let rest = try await redrive(site, ["--no-follow"])
        #expect(rest["redriven"] as? Int == expected.deadLetters, "what can't be decoded goes by itself")
        let third = try await Program.run(["run", "--until-end", "--json"] + site.settings)
        #expect(try third.json["dead_letters"] as? Int == expected.deadLetters, "and dies again")
        let again = try await redrive(site, ["--dry-run", "--max-redrives", "1"], expecting: 1)
        #expect((again["refused"] as? [String: Int])?["redrive_limit"] == expected.deadLetters)
    }

    /// Changes how the site's receiver answers.
    private func conduct(_ site: Site, _ json: String) async throws {
        var request = URLRequest(url: try #require(URL(string: site.receiverAddress + "control")))
        request.httpMethod = "POST"
        request.httpBody = Data(json.utf8)
        let (_, response) = try await URLSession.shared.data(for: request)
        let status = try #require((response as? HTTPURLResponse)?.statusCode)
        #expect((200..<300).contains(status))
    }

    private func discard(_ site: Site, _ options: [String], expecting status: Int32 = 0) async throws -> [String: Any] {
        try await Program.run(
            ["dead-letters", "discard", "--json"] + options + settings(site),
            expecting: status
        ).json
    }

    @Test func `a letter that never succeeds is discarded, and those behind it are redriven and done`() async throws {
        let site = try await Site(partitions: 4, receiver: ["--status", "400"])
        let expected = try await site.generate(120, seed: 11)
        let first = try await Program.run(["run", "--until-end", "--json"] + site.settings)
        let letters = try #require(try first.json["dead_letters"] as? Int)
        try await conduct(site, #"{"status":0}"#)

        let heads = try await Program.run(["dead-letters", "list", "--json", "--class", "stage"] + settings(site))
        let line = try #require(heads.output.first)
        let head = try #require(try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any])
        let partition = try #require(head["original_partition"] as? Int)
        let offset = try #require(head["original_offset"] as? Int)
        let place = ["--partition", "\(partition)", "--offset", "\(offset)"]
        let dry = try await discard(site, place + ["--dry-run"])
        #expect(dry["discarded"] as? Int == 1 && dry["dry_run"] as? Bool == true)
        #expect(try await states(site, ["--state", "waiting"]).count == letters, "a dry run changes nothing")
        let report = try await discard(site, place + ["--yes"])
        #expect(report["discarded"] as? Int == 1 && report["refused"] as? Int == 0)
        #expect(try await discard(site, place + ["--yes"])["discarded"] as? Int == 0, "once is enough")

        let worker = try Program(["run", "--json"] + site.settings)
        #expect(await worker.logs("discarded"))
        let redriven = try await redrive(site, ["--class", "stage,parked"])
        #expect(redriven["redriven"] as? Int == letters - expected.deadLetters - 1)
        worker.send(SIGTERM)
        let second = try await worker.finish().json
        #expect(second["discarded"] as? Int == 1 && second["dead_letters"] as? Int == 0)
        #expect(try await states(site, ["--state", "waiting"]).count == expected.deadLetters)
        let live = try await site.generate(120, seed: 12)
        let third = try await Program.run(["run", "--until-end", "--json"] + site.settings).json
        #expect(third["dead_letters"] as? Int == live.deadLetters, "no key is barred any more")
    }

    @Test func `a discard is refused without a narrow filter, without a yes, and before an earlier letter of the key`()
        async throws
    {
        let site = try await Site(partitions: 4)
        try site.publish([letter("a", 10, "stage"), letter("a", 11, "parked"), letter("b", 12, "decode")])
        for options in [
            ["--yes"], ["--yes", "--partition", "2"], ["--key", "a"], ["--yes", "--offset", "10"],
            ["--yes", "--partition", "1,2", "--offset", "10"], ["--yes", "--partition", "2", "--offset", "x"],
        ] {
            try await Program.run(["dead-letters", "discard"] + options + settings(site), expecting: 64)
        }
        let later = try await discard(site, ["--partition", "2", "--offset", "11", "--yes"], expecting: 1)
        #expect(later["refused"] as? Int == 1 && later["discarded"] as? Int == 0)
        let head = try await discard(site, ["--partition", "2", "--offset", "10", "--yes"])
        #expect(head["discarded"] as? Int == 1 && head["behind"] as? Int == 1)
        let rest = try await discard(site, ["--key", "a", "--yes"])
        #expect(rest["discarded"] as? Int == 1 && rest["behind"] as? Int == 0)
        #expect(try await discard(site, ["--key", "b", "--yes"])["discarded"] as? Int == 1)
        let back = try await site.read(Self.topic, partitions: 4)
        #expect(back.map { text($0.value) } == ["10", "11", "12"])
        #expect(back.allSatisfy { $0.header("loyalty-discarded") == "true" && $0.header("own") == "header" })
    }

    @Test func `what is parked while the letters go is taken in another round`() async throws {
        let site = try await Site(partitions: 4)
        try site.publish([letter("a", 10, "stage"), letter("b", 11, "stage")])
        let redrive = try Program(["dead-letters", "redrive", "--json"] + settings(site))
        while try await site.read(Self.topic, partitions: 4).count < 2, redrive.process.isRunning {}
        // The command waits for a worker now, which there is none of; these are what one would have parked.
        try site.publish([letter("a", 20, "parked"), letter("b", 11, "stage", redrives: 1), letter("b", 21, "parked")])
        let outcome = await redrive.finish()
        #expect(outcome.status == 0, "\(outcome.errors)")
        let report = try outcome.json
        #expect(report["redriven"] as? Int == 3 && report["waiting_again"] as? Int == 2)
        #expect(report["rounds"] as? Int == 3 && report["unsettled"] as? Bool == true)
        let back = try await site.read(Self.topic, partitions: 4)
        #expect(back.map { text($0.value) }.sorted() == ["10", "11", "20"])
    }

    @Test func `without a topic there are no letters, without a broker the exit code is 69`() async throws {
        let cluster = try MockCluster()
        let servers = ["--kafka-bootstrap-servers", cluster.bootstrapServers]
        for command in [["list"], ["redrive"], ["discard", "--key", "a", "--yes"]] {
            let outcome = try await Program.run(["dead-letters"] + command + servers)
            #expect(outcome.errors.contains("no topic loyalty.events.dlq"))
            try await Program.run(
                ["dead-letters"] + command
                    + ["--kafka-bootstrap-servers", "127.0.0.1:1", "--kafka-reach-timeout", "1s"],
                expecting: 69
            )
        }
    }
}
