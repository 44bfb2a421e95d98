import Kafka
import Testing

@testable import Pipeline

@Suite struct KeyLanesTests {
    @Test func `one record of a key runs at a time, in order`() {
        var lanes = KeyLanes()
        let entered = [(7, 1), (7, 2), (8, 3), (7, 4)].map { lanes.enter($0, $1) }
        #expect(entered == [true, false, true, false])
        let left = [7, 7, 7, 8].map { lanes.leave($0) }
        #expect(left == [2, 4, nil, nil])
        #expect(lanes.isEmpty)
    }
}

@Suite struct CircuitBreakerTests {
    @Test func `it opens after so many failures in a row, lets one probe through, and closes when that succeeds`() {
        var breaker = CircuitBreaker(policy: .init(failures: 3, cooldown: .seconds(10)))
        breaker.failed(at: .seconds(1))
        breaker.failed(at: .seconds(1))
        breaker.succeeded()
        breaker.failed(at: .seconds(2))
        breaker.failed(at: .seconds(2))
        let isClosed = breaker.admits(at: .seconds(2))
        #expect(isClosed)
        let isOpen = breaker.failed(at: .seconds(3))
        #expect(isOpen)
        let early = breaker.admits(at: .seconds(12))
        #expect(!early)
        let probe = breaker.admits(at: .seconds(13))
        let second = breaker.admits(at: .seconds(13))
        #expect(probe && !second)
        breaker.failed(at: .seconds(14))
        #expect(breaker.state == .open(until: .seconds(24)))
        let again = breaker.admits(at: .seconds(24))
        #expect(again)
        breaker.succeeded()
        #expect(breaker.state == .closed)
    }

    @Test func `a halted breaker stays shut`() {
        var breaker = CircuitBreaker()
        breaker.halt()
        breaker.succeeded()
        let passes = breaker.admits(at: .seconds(1_000_000))
        #expect(!passes)
    }

    @Test func `the wish of the other side prolongs the cooldown`() {
        var breaker = CircuitBreaker(policy: .init(failures: 1, cooldown: .seconds(1)))
        breaker.failed(at: .zero, waitAtLeast: .seconds(30))
        #expect(breaker.state == .open(until: .seconds(30)))
    }
}

@Suite struct RetryPolicyTests {
    @Test func `delays grow to their bound and are spread below it`() {
        var random = SplitMix64(seed: 1)
        let policy = RetryPolicy(maxAttempts: 8, initialDelay: .milliseconds(200), maxDelay: .seconds(60))
        for failures in [1, 2, 5, 9, 1000, .max] {
            let delays = (0..<200).map { _ in policy.delay(afterFailures: failures, using: &random) }
            let bound = min(Duration.milliseconds(200) * (1 << min(failures - 1, 20)), .seconds(60))
            #expect(delays.allSatisfy { $0 >= .zero && $0 <= bound })
            #expect(delays.contains { $0 > bound * 0.7 } && delays.contains { $0 < bound * 0.3 })
        }
    }
}

@Suite struct LatencyHistogramTests {
    @Test func `quantiles are right within a bucket`() throws {
        var histogram = LatencyHistogram()
        #expect(histogram.milliseconds(at: 0.5) == nil)
        for microseconds in 1...100_000 as ClosedRange<Int64> { histogram.record(microseconds: microseconds) }
        let median = try #require(histogram.milliseconds(at: 0.5))
        let high = try #require(histogram.milliseconds(at: 0.99))
        #expect((50...53.2).contains(median))
        #expect((99...105.4).contains(high))
        #expect(histogram.count(upTo: 1000) == 100_000)
    }

    @Test func `odd durations do not trap`() {
        var histogram = LatencyHistogram()
        for microseconds in [-5, 0, .max, .min] as [Int64] { histogram.record(microseconds: microseconds) }
        #expect(histogram.count == 4)
    }
}

@Suite struct DeadLetterTests {
    private let record = Record(
        source: TopicPartition(topic: "t", partition: 3),
        offset: 42,
        timestamp: Timestamp(milliseconds: 1_700_000_000_000, kind: .create),
        key: [1, 0, 255],
        value: [0xff, 0xfe],
        headers: [
            Header(name: "traceparent", value: Array("00-abc".utf8)), Header(name: "n", value: nil),
            Header(name: "loyalty-redrives", value: Array("2".utf8)),
            Header(name: "loyalty-stage", value: Array("old".utf8)),
        ]
    )

    @Test func `key, value, headers and timestamp are kept byte for byte, and the origin is told`() throws {
        let letter = DeadLetter(
            record: record,
            cause: .init(.stage, "no", stage: "notification", attempts: 8),
            firstFailure: "2026-01-01T00:00:00.000Z"
        )
        let out = letter.outgoing(to: "t.dlq", group: "g")
        #expect(out.topic == "t.dlq")
        #expect(out.key == [1, 0, 255])
        #expect(out.value == [0xff, 0xfe])
        #expect(out.timestamp == 1_700_000_000_000)
        let texts = Dictionary(
            out.headers.map { ($0.name, $0.value.map { String(decoding: $0, as: UTF8.self) }) },
            uniquingKeysWith: { $1 }
        )
        #expect(texts["traceparent"] == "00-abc")
        #expect(out.headers.contains { $0.name == "n" && $0.value == nil })
        #expect(texts["kafka_dlt-original-topic"] == "t")
        #expect(texts["kafka_dlt-original-partition"] == "3")
        #expect(texts["kafka_dlt-original-offset"] == "42")
        #expect(texts["kafka_dlt-original-timestamp"] == "1700000000000")
        #expect(texts["kafka_dlt-original-consumer-group"] == "g")
        #expect(texts["kafka_dlt-exception-message"] == "no")
        #expect(texts["loyalty-error-class"] == "stage")
        #expect(texts["loyalty-stage"] == "notification")
        #expect(texts["loyalty-attempts"] == "8")
        #expect(texts["loyalty-redrives"] == "2")
        #expect(Set(out.headers.map(\.name)).count == out.headers.count)
    }

    private func redriven(_ headers: [String: String], offset: Int64 = 90) -> Record {
        Record(
            source: record.source,
            offset: offset,
            timestamp: Timestamp(milliseconds: 7, kind: .logAppend),
            key: [1],
            value: nil,
            headers: headers.map { Header(name: $0.key, value: Array($0.value.utf8)) }
        )
    }

    private let origin = [
        "kafka_dlt-original-topic": "t", "kafka_dlt-original-partition": "3", "kafka_dlt-original-offset": "42",
        "kafka_dlt-original-timestamp": "1700000000000", "loyalty-redrives": "1",
    ]

    @Test func `a redriven record that dies again keeps its first place and its count`() {
        let letter = DeadLetter(record: redriven(origin), cause: .init(.parked, "no"), firstFailure: "")
        let headers = letter.outgoing(to: "t.dlq", group: "g").headers
        for (name, value) in origin { #expect(headers.text(name) == value) }
        #expect(DeadLetter.standing(headers) == 90)
        #expect(Set(headers.map(\.name)).count == headers.count)
    }

    @Test(arguments: [
        ["loyalty-redrives": "1"], ["kafka_dlt-original-offset": "-1"], ["kafka_dlt-original-offset": "91"],
        ["kafka_dlt-original-topic": "other"], ["kafka_dlt-original-partition": "4"],
        ["kafka_dlt-original-partition": "x"],
    ])
    func `headers that no redrive has left there are replaced`(_ wrong: [String: String]) {
        let headers = wrong.count == 1 && wrong["loyalty-redrives"] != nil ? wrong : origin.merging(wrong) { $1 }
        let letter = DeadLetter(record: redriven(headers), cause: .init(.stage, "no"), firstFailure: "")
        let out = letter.outgoing(to: "t.dlq", group: "g").headers
        #expect(out.text("kafka_dlt-original-topic") == "t")
        #expect(out.text("kafka_dlt-original-partition") == "3")
        #expect(out.text("kafka_dlt-original-offset") == "90")
        #expect(out.text("kafka_dlt-original-timestamp") == "7")
    }

    @Test func `a redrive gives back the record, its first place and one more in the count`() throws {
        let dead = DeadLetter(record: record, cause: .init(.stage, "no", stage: "s", attempts: 1), firstFailure: "now")
        let out = dead.outgoing(to: "t.dlq", group: "g")
        let letter = Record(
            source: TopicPartition(topic: "t.dlq", partition: 0),
            offset: 5,
            timestamp: out.timestamp.map { Timestamp(milliseconds: $0, kind: .create) },
            key: out.key,
            value: out.value,
            headers: out.headers
        )
        let back = try #require(DeadLetter.returned(letter, after: 60))
        #expect(back.topic == "t" && back.partition == 3)
        #expect(back.key == [1, 0, 255] && back.value == [0xff, 0xfe] && back.timestamp == 1_700_000_000_000)
        #expect(
            back.headers.map(\.name) == [
                "traceparent", "n", "kafka_dlt-original-topic", "kafka_dlt-original-partition",
                "kafka_dlt-original-offset", "kafka_dlt-original-timestamp", "loyalty-redrives",
                "loyalty-redrive-after",
            ]
        )
        #expect(back.headers[1].value == nil)
        #expect(back.headers.text("loyalty-redrives") == "3")
        #expect(back.headers.text("loyalty-redrive-after") == "60")
        #expect(DeadLetter.returned(letter)?.headers.text("loyalty-redrive-after") == "42")
        #expect(DeadLetter.returned(record) == nil, "it does not say where it came from")
    }

    @Test(arguments: [
        "loyalty-redrives", "kafka_dlt-original-partition", "kafka_dlt-original-offset", "kafka_dlt-original-timestamp",
    ])
    func `a number is written anew, however long it was spelled`(name: String) throws {
        let long = origin.merging([name: String(repeating: "0", count: 300) + (origin[name] ?? "")]) { $1 }
        let letter = DeadLetter(record: redriven(long), cause: .init(.stage, "no"), firstFailure: "")
        #expect(letter.outgoing(to: "t.dlq", group: "g").headers.text(name) == origin[name])
        let back = try #require(DeadLetter.returned(redriven(long))).headers
        #expect(back.text(name) == (name == "loyalty-redrives" ? "2" : origin[name]))
    }

    @Test func `what was discarded stays so when it is parked again, and only a redrive can say it`() throws {
        let letter = try #require(DeadLetter.returned(redriven(origin), discarding: true))
        #expect(letter.headers.text("loyalty-discarded") == "true")
        let discarded = redriven(origin.merging(["loyalty-discarded": "true"]) { $1 })
        let parked = DeadLetter(record: discarded, cause: .init(.parked, "no"), firstFailure: "")
        #expect(parked.outgoing(to: "t.dlq", group: "g").headers.text("loyalty-discarded") == "true")
        let back = try #require(DeadLetter.returned(discarded)).headers
        #expect(back.count { $0.name == "loyalty-discarded" } == 1)
        let forged = DeadLetter(
            record: redriven(["loyalty-discarded": "true"]),
            cause: .init(.stage, "no"),
            firstFailure: ""
        )
        #expect(forged.outgoing(to: "t.dlq", group: "g").headers.text("loyalty-discarded") == nil)
    }

    @Test func `a count of redrives does not grow beyond what is read again`() throws {
        let headers = origin.merging(["loyalty-redrives": "2147483647"]) { $1 }
        let back = try #require(DeadLetter.returned(redriven(headers))).headers
        #expect(DeadLetter.redrives(back) == 2_147_483_647)
    }

    @Test func `a topic of more than 249 bytes is no topic`() {
        let headers = origin.merging(["kafka_dlt-original-topic": String(repeating: "t", count: 250)]) { $1 }
        #expect(DeadLetter.returned(redriven(headers)) == nil)
    }

    @Test func `a header never has more than 256 bytes, and is cut between characters`() {
        let letter = DeadLetter(
            record: record,
            cause: .init(.decode, String(repeating: "ü", count: 1000)),
            firstFailure: ""
        )
        for header in letter.outgoing(to: "d", group: "g").headers {
            #expect(header.value?.count ?? 0 <= 256)
            #expect(header.value.map { String(validating: $0, as: UTF8.self) != nil } ?? true)
        }
    }
}

@Suite struct MembershipTests {
    private let one = TopicPartition(topic: "t", partition: 1)
    private let two = TopicPartition(topic: "t", partition: 2)

    @Test func `a revoke is answered when drained and committed`() {
        var member = joined()
        let steps1 = member.revoked([one, two], lost: false, at: .zero)
        #expect(steps1 == [.drain([one, two])])
        let steps2 = member.advance(at: .seconds(1)) { $0 == one }
        #expect(steps2 == [])
        #expect(member.committingLast == nil)
        let steps3 = member.advance(at: .seconds(2)) { _ in true }
        #expect(steps3 == [])
        #expect(member.committingLast == [one, two])
        let steps4 = member.committedLast(at: .seconds(3))
        #expect(steps4 == [.release([one, two]), .unassign([one, two])])
        #expect(member.owned.isEmpty)
    }

    @Test func `an assignment that comes while a revoke is drained cancels the late unassign`() {
        var member = joined()
        _ = member.revoked([one, two], lost: false, at: .zero)
        let steps5 = member.assigned([one])
        #expect(steps5 == [.release([one, two]), .resolve(generation: 2, [one])])
        let steps6 = member.advance(at: .seconds(100)) { _ in true }
        #expect(steps6 == [])
        let steps7 = member.committedLast(at: .seconds(100))
        #expect(steps7 == [])
        let steps8 = member.resolved(generation: 2)
        #expect(steps8 == [.assign([one])])
    }

    @Test func `what is lost is dropped without a commit`() {
        var member = joined()
        let steps9 = member.revoked([one, two], lost: true, at: .zero)
        #expect(steps9 == [.release([one, two]), .unassign([one, two])])
        #expect(member.committingLast == nil)
    }

    @Test
    func
        `a handler that never ends delays a revoke no longer than the drain timeout, a coordinator no longer than its own`()
    {
        var member = joined()
        _ = member.revoked([one, two], lost: false, at: .zero)
        _ = member.advance(at: .seconds(20)) { _ in false }
        #expect(member.committingLast != nil)
        let steps10 = member.advance(at: .seconds(25)) { _ in false }
        #expect(steps10 == [.release([one, two]), .unassign([one, two])])
    }

    @Test func `stopping drains, commits and leaves, also before the first assignment`() {
        var member = joined()
        let steps11 = member.stop(at: .zero)
        #expect(steps11 == [.drain([one, two])])
        let steps12 = member.stop(at: .zero)
        #expect(steps12 == [])
        _ = member.advance(at: .seconds(1)) { _ in true }
        let steps13 = member.committedLast(at: .seconds(1))
        #expect(steps13 == [.release([one, two]), .close])
        let steps14 = member.revoked([one, two], lost: false, at: .seconds(1))
        #expect(steps14 == [.unassign([one, two])])

        var early = Membership(drainTimeout: .seconds(20), isCooperative: false)
        let steps15 = early.stop(at: .zero)
        #expect(steps15 == [.close])
        let steps16 = early.assigned([one])
        #expect(steps16 == [.unassign([one])])
    }

    @Test func `the answer to an older question is not taken for the present one`() {
        var member = Membership(drainTimeout: .seconds(20), isCooperative: false)
        _ = member.assigned([one])
        _ = member.assigned([two])
        let steps17 = member.resolved(generation: 1)
        #expect(steps17 == [])
        let steps18 = member.resolved(generation: 2)
        #expect(steps18 == [.assign([two])])
        #expect(member.owned == [two])
    }

    private func joined() -> Membership {
        var member = Membership(drainTimeout: .seconds(20), isCooperative: false)
        _ = member.assigned([one, two])
        _ = member.resolved(generation: 1)
        return member
    }
}
