import ArgumentParser
import Kafka
import Pipeline
import Stages
import Testing

@testable import LoyaltyWorker

@Suite struct `Dead letters` {
    private func scope(_ filter: LetterFilter = .init(), keepsKeys: Bool = false) -> LetterScope {
        LetterScope(group: "g", ordering: .key, isInput: { $0 == "t" }, filter: filter, keepsKeys: keepsKeys)
    }

    private func letter(_ headers: [String: String] = [:], key: String? = "k", in scope: LetterScope? = nil) -> Letter {
        var texts = SharedTexts()
        return .test(7, key: key, headers, scope ?? self.scope(), &texts)
    }

    @Test func `are what their headers say`() {
        let letter = letter([
            "kafka_dlt-original-partition": "3", "kafka_dlt-original-timestamp": "5", "loyalty-stage": "notification",
            "loyalty-attempts": "8", "loyalty-redrives": "2", "kafka_dlt-exception-message": "no",
            "loyalty-first-failure-at": "1970-01-01T00:00:01.500Z",
        ])
        let source = TopicPartition(topic: "t", partition: 3)
        #expect(letter.origin == DeadLetter.Origin(source: source, offset: 7, timestamp: 5))
        #expect(letter.chain?.source == source)
        #expect(letter.errorClass == .stage && letter.stage == "notification" && letter.reason == "no")
        #expect(letter.attempts == 8 && letter.redrives == 2 && letter.firstFailure?.milliseconds == 1500)
        #expect(letter.key == nil)
        #expect(letter.keyTag == "8254c329a928")
        #expect(self.letter(in: scope(keepsKeys: true)).key == "k")
    }

    @Test(
        arguments: [
            (["kafka_dlt-original-topic": ""], Letter.Foreign.unmarked),
            (["kafka_dlt-original-offset": "x"], .unmarked),
            (["kafka_dlt-original-partition": "-1"], .unmarked),
            (["kafka_dlt-original-offset": "9223372036854775807"], .unmarked),
            (["kafka_dlt-original-consumer-group": "h"], .otherGroup), (["kafka_dlt-original-topic": "u"], .otherTopic),
        ] as [([String: String], Letter.Foreign)]
    )
    func `are foreign when they are not this worker's`(_ headers: [String: String], _ reason: Letter.Foreign) {
        let letter = letter(headers)
        #expect(letter.foreign == reason)
        #expect(letter.origin == nil && letter.chain == nil)
    }

    @Test func `that had no effect are in no chain`() {
        #expect(letter(["loyalty-error-class": "decode"]).chain == nil)
        #expect(letter(["loyalty-error-class": "oversize"]).chain == nil)
        #expect(letter(["loyalty-error-class": "parked"]).chain != nil)
        #expect(letter(["loyalty-error-class": "what?"]).chain != nil, "better waited for in vain than overtaken")
        #expect(letter(key: nil).chain == nil)
    }

    @Test func `that were discarded and parked again say so`() {
        #expect(letter(["loyalty-discarded": "true"]).isDiscarded)
        #expect(!letter([:]).isDiscarded)
    }

    @Test func `keep few reasons once, and stop at very many`() {
        var texts = SharedTexts()
        for number in 0..<10_000 { _ = texts.shared("\(number)") }
        #expect(texts.shared("new") == SharedTexts.beyondLimit)
        #expect(texts.shared("17") == "17")
    }

    @Test func `are told apart by every filter`() throws {
        let headers = [
            "kafka_dlt-exception-message": "HTTP 400: Bad", "loyalty-stage": "notification,publication",
            "loyalty-first-failure-at": "2026-01-01T00:00:00Z",
        ]
        func matches(_ arguments: String...) throws -> Bool {
            let options = try LetterFilterOptions.parse(arguments)
            let now = try #require(UTCTime(iso8601: "2026-01-02T00:00:00Z"))
            return letter(headers, in: scope(try options.filter(now: now))).matches
        }
        #expect(try matches())
        #expect(try matches("--reason", "http 400"))
        #expect(try matches("--reason", "500") == false)
        #expect(try matches("--class", "parked,stage"))
        #expect(try matches("--class", "decode", "--class", "oversize") == false)
        #expect(try matches("--stage", "publication"))
        #expect(try matches("--stage", "pub") == false)
        #expect(try matches("--key", "k"))
        #expect(try matches("--key", "K") == false)
        #expect(try matches("--from", "2026-01-01T00:00:00Z"))
        #expect(try matches("--to", "2026-01-01T00:00:00Z") == false)
        #expect(try matches("--from", "-25h"))
        #expect(try matches("--from", "-23h") == false)
        #expect(try matches("--to", "-23.5h"))
        #expect(try matches("--partition", "3,0"))
        #expect(try matches("--partition", "1") == false)
        #expect(try matches("--topic", "t"))
        #expect(try matches("--topic", "u") == false)
        #expect(
            !letter(in: scope(LetterFilter(from: UTCTime(milliseconds: 0)))).matches,
            "it does not say when it failed"
        )
        for wrong in [["--class", "x"], ["--from", "yesterday"], ["--partition", "1,"], ["--to", "36h"]] {
            #expect(throws: (any Error).self) { try LetterFilterOptions.parse(wrong) }
        }
    }

    /// Letters of one record: `redrives` of each, in the order of the topic.
    private func index(_ redrives: [Int], finished: Set<Int> = []) -> LetterIndex {
        var texts = SharedTexts()
        var index = LetterIndex(shelves: 1)
        for (place, count) in redrives.enumerated() {
            let headers = ["loyalty-redrives": "\(count)", "kafka_dlt-original-offset": "0"]
            index.enter(.test(place, key: "k", headers, scope(), &texts))
        }
        index.restore { finished.contains(Int($0.offset)) }
        return index
    }

    @Test(
        arguments: [
            ([0], [], "w"), ([0], [0], "r"), ([0, 0], [], "sw"), ([0, 0], [1], "sr"), ([0, 0], [0], "rs"),
            ([0, 1], [0], "rw"), ([0, 1], [0, 1], "rr"), ([0, 1], [], "sw"), ([0, 1, 0], [0], "rws"),
            ([0, 0, 1, 1], [0, 1, 2], "rrrs"),
        ] as [([Int], Set<Int>, String)]
    )
    func `of one record are one letter that counts`(_ redrives: [Int], _ finished: Set<Int>, _ states: String) {
        let index = index(redrives, finished: finished)
        #expect(String(redrives.indices.map { index.state(of: $0).rawValue.first ?? "?" }) == states)
    }

    @Test func `tell the worker what the redrive knew of their key`() {
        var texts = SharedTexts()
        var index = LetterIndex(shelves: 1)
        for (place, (key, last)) in [("a", 5), ("a", 90), ("b", 7), (nil, 8), ("a", 20)].enumerated() {
            index.enter(.test(place, key: key, ["loyalty-last-offset": "\(last)"], scope(), &texts))
        }
        index.enter(.test(9, key: "c", [:], scope(), &texts))
        #expect((0..<6).map { index.latestStanding(with: $0) } == [90, 90, 7, 8, 90, 9])
    }

    @Test func `are passed in the record of progress when nothing is left to do with them`() throws {
        var texts = SharedTexts()
        var index = LetterIndex(shelves: 1)
        for (place, key) in ["a", "b", "a", "c"].enumerated() {
            let headers = ["kafka_dlt-original-offset": key == "a" ? "0" : "\(place)"]
            index.enter(.test(place * 10, key: key, headers, scope(), &texts))
        }
        var map = index.progress(of: 0, end: 40)
        #expect(map.frontier == 0 && map.encoded().metadata.isEmpty)
        index.finish(1)
        map = index.progress(of: 0, end: 40)
        #expect(map.frontier == 0)
        #expect([0, 10, 20, 30].map { map.status(at: $0).isFinished } == [false, true, false, false])
        index.finish(2)
        map = index.progress(of: 0, end: 40)
        #expect(map.frontier == 30, "the duplicate of what was redriven is passed with it")
        index.finish(3)
        map = index.progress(of: 0, end: 40)
        #expect(map.frontier == 40)
    }

    @Test func `that were redriven are known from the commit, also by another run`() throws {
        var map = OffsetMap(frontier: 5)
        map.append(offset: 5, status: .untouched)
        map.append(offset: 7, status: .finished)
        let source = TopicPartition(topic: "t.dlq", partition: 0)
        let (commit, room) = RedriveEntry.commit(map, of: source, run: "12345678")
        #expect(commit.metadata.utf8.count <= 4096 && room > 4000)
        let entry = try #require(RedriveEntry(commit, end: 8))
        #expect(entry.run == "12345678")
        #expect([0, 4, 5, 7, 8].map(entry.isFinished) == [true, true, false, true, false])
        #expect(RedriveEntry(commit, end: 4) == nil, "the topic was made anew")
        #expect(RedriveEntry(CommittedOffset(partition: source, offset: nil), end: 4) == nil)
        let foreign = RedriveEntry(CommittedOffset(partition: source, offset: 3, metadata: "by hand"), end: 4)
        #expect(foreign?.isFinished(2) == true && foreign?.isFinished(3) == false)
    }

    @Test func `scattered over the topic fill the record of progress, and that is seen`() {
        var map = OffsetMap(frontier: 0)
        for offset in 0..<4000 as Range<Int64> {
            map.append(offset: offset, status: offset.isMultiple(of: 2) ? .untouched : .finished)
        }
        let (commit, room) = RedriveEntry.commit(map, of: TopicPartition(topic: "t", partition: 0), run: "12345678")
        #expect(room == 0)
        #expect(commit.metadata.utf8.count <= 4096)
    }
}

@Suite struct `The command dead-letters` {
    @Test func `has its own options, and settings beside them`() throws {
        let command = try LoyaltyWorkerCommand.parseAsRoot([
            "dead-letters", "redrive", "--from", "-36h", "--kafka-topic", "a", "--max-redrives", "5", "--rate", "50/s",
            "--dry-run", "--key", "--odd", "--ordering=none", "--json",
        ])
        let redrive = try #require(command as? DeadLettersRedriveCommand)
        #expect(redrive.letters.from == "-36h" && redrive.letters.key == "--odd")
        #expect(redrive.maxRedrives == 5 && redrive.rate == "50/s" && redrive.dryRun && redrive.json)
        #expect(redrive.options.settings == ["--kafka-topic", "a", "--ordering=none"])
    }

    @Test(arguments: [
        ["redrive", "--rate", "0"], ["redrive", "--rate", "fast"], ["redrive", "--max-redrives", "0"],
        ["list", "--state", "gone"], ["list", "--limit", "-1"], ["list", "--class", "all"],
    ])
    func `refuses wrong usage`(_ arguments: [String]) {
        let error = #expect(throws: (any Error).self) {
            _ = try LoyaltyWorkerCommand.parseAsRoot(["dead-letters"] + arguments)
        }
        #expect(error.map { LoyaltyWorkerCommand.exitCode(for: $0).rawValue } == 64)
    }

    @Test func `reports in one line, and fails when something was refused`() {
        var report = RedriveReport()
        (report.read, report.matched, report.redriven, report.keys) = (9, 5, 3, 2)
        #expect(
            report.json == """
                {"read":9,"matched":5,"redriven":3,"refused":{"overtaking":0,"redrive_limit":0},"already_redriven":0,\
                "superseded":0,"foreign":0,"keys":2,"seconds":0,"dry_run":false,"failed":0,"waiting_again":0,"rounds":1,\
                "unsettled":false}
                """
        )
        #expect(report.failure == nil)
        report.wasStopped = true
        #expect(report.failure?.status == .failed)
        report.wasStopped = false
        report.overtaking = 2
        #expect(report.failure?.message.contains("2 would overtake") == true)
    }

    @Test func `paces all tasks together, and stops them`() async {
        let pace = Pace(rate: 100)
        let start = ContinuousClock.now
        await withTaskGroup { group in
            for _ in 0..<21 { group.addTask { _ = await pace.next() } }
        }
        #expect(ContinuousClock.now - start >= .milliseconds(195))
        let slow = Pace(rate: 0.001)
        let first = await slow.next()
        let stop = Task { slow.stop() }
        let second = await slow.next()
        await stop.value
        #expect(first && !second)
    }
}
