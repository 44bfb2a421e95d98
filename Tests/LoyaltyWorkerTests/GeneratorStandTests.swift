import Kafka
import Pipeline
import Testing

@testable import LoyaltyWorker

@Suite("Webhook verifier") struct WebhookVerifierTests {
    private static let body = Array(#"{"test": 2432232314}"#.utf8)
    private static let now: Int64 = 1_614_265_330
    // The example of the specification's own test vectors.
    private static let secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
    private static let signature = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="

    private func isValid(
        _ signatures: String = signature,
        id: String = "msg_p5jXN8AQM9LWM0D4loKWxJek",
        timestamp: String = "1614265330",
        body: [UInt8] = body,
        now: Int64 = now
    ) throws -> Bool {
        try #require(WebhookVerifier(secret: Self.secret))
            .isValid(id: id, timestamp: timestamp, signatures: signatures, body: body, now: now)
    }

    @Test func `the example of the specification is valid`() throws {
        #expect(try isValid())
    }

    @Test func `one valid signature among others is enough`() throws {
        #expect(try isValid("v1a,AAAA v1,AAAA \(Self.signature)"))
    }

    @Test func `a changed id, time, body or signature is refused`() throws {
        #expect(try !isValid(id: "msg_other"))
        #expect(try !isValid(timestamp: "1614265331"))
        #expect(try !isValid(body: Self.body + [32]))
        #expect(try !isValid("v1,h0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="))
        #expect(try !isValid(""))
        #expect(try !isValid("v1,"))
    }

    @Test(arguments: [(-301, false), (-300, true), (300, true), (301, false)])
    func `a timestamp may be five minutes off`(seconds: Int, isAccepted: Bool) throws {
        #expect(try isValid(now: Self.now + Int64(seconds)) == isAccepted)
    }

    @Test(arguments: ["", "9223372036854775807", "-9223372036854775808", "now", "1614265330.0"])
    func `an odd timestamp is refused`(timestamp: String) throws {
        #expect(try !isValid(timestamp: timestamp))
    }

    @Test func `a new secret is one`() {
        #expect(WebhookVerifier(secret: WebhookVerifier.newSecret()) != nil)
        #expect(WebhookVerifier.newSecret() != WebhookVerifier.newSecret())
        #expect(WebhookVerifier(secret: "secret") == nil)
        #expect(WebhookVerifier(secret: "whsec_") == nil)
    }
}

@Suite("Receiver") struct ReceiverTests {
    @Test func `a delay is a number or a range`() {
        #expect(ReceiverConduct.delay("20") == 20...20)
        #expect(ReceiverConduct.delay("5..50") == 5...50)
        for text in ["", "..", "5..", "50..5", "-1", "1..2..3", "x", "600001"] {
            #expect(ReceiverConduct.delay(text) == nil, "\(text)")
        }
    }

    @Test func `its conduct can be changed while it runs`() {
        var conduct = ReceiverConduct()
        let changed = conduct.change(
            Array(#"{"delay_ms":[5,9],"fail_rate":0.5,"status":503,"fail_customer":"c"}"#.utf8)
        )
        #expect(changed == nil)
        #expect(conduct == ReceiverConduct(delay: 5...9, failRate: 0.5, status: 503, failCustomer: "c"))
        let ended = conduct.change(Array(#"{"status":0,"fail_rate":0,"delay_ms":0,"fail_customer":""}"#.utf8))
        #expect(ended == nil)
        #expect(conduct == ReceiverConduct())
        for json in ["", "[]", #"{"status":99}"#, #"{"fail_rate":2}"#, #"{"delay_ms":[9,5]}"#, #"{"other":1}"#] {
            let refused = conduct.change(Array(json.utf8))
            #expect(refused != nil, "\(json)")
            #expect(conduct == ReceiverConduct())
        }
    }

    @Test func `repeated calls and late ones are counted`() {
        var books = ReceiverBooks()
        func accrual(_ total: Int64) -> ReceiverBooks.Accrual { ReceiverBooks.Accrual(customerID: "c", total: total) }
        let calls: [(String, Int64)] = [("a", 1), ("b", 3), ("a", 1), ("c", 2), ("d", 2)]
        let isNew = calls.map { books.receive(id: $0.0, accrual: accrual($0.1)) }
        #expect(isNew == [true, true, false, true, true])
        #expect((books.received, books.distinct, books.repeated, books.outOfOrder) == (5, 4, 1, 2))
        #expect(books.accruals[accrual(2)] == ["c", "d"])
    }
}

@Suite("Demonstration") struct DemonstrationTests {
    @Test func `more events get more partitions, and too many are refused`() throws {
        let few = try DemoPlan(events: 1, seed: 1)
        let many = try DemoPlan(events: 50_000, seed: 1)
        #expect(few.partitions >= 6)
        #expect(many.partitions > few.partitions)
        #expect(throws: CommandFailure.self) { try DemoPlan(events: 1_000_000, seed: 1) }
    }

    @Test func `faithful books hold`() throws {
        let reconciliation = Reconciliation(try Self.evidence())
        #expect(reconciliation.holds, "\(reconciliation.remarks)")
        #expect(reconciliation.lines.allSatisfy { $0.holds })
    }

    @Test func `a notification that never came is lost`() throws {
        let reconciliation = Reconciliation(try Self.evidence(lostCalls: 1))
        #expect(reconciliation.lost == 1)
        #expect(!reconciliation.holds)
    }

    @Test func `a notification under another id is doubled`() throws {
        let reconciliation = Reconciliation(try Self.evidence(extraIDs: 1))
        #expect(reconciliation.doubled == 1)
        #expect(!reconciliation.holds)
    }

    @Test func `a call made again after no answer is no doubled notification, one for no reason is`() throws {
        #expect(Reconciliation(try Self.evidence(repeatedCalls: 2, failedCalls: 2)).holds)
        #expect(Reconciliation(try Self.evidence(repeatedCalls: 2, failedCalls: 1)).doubled == 1)
    }

    @Test func `calls out of order are unexplained unless no order was asked for`() throws {
        #expect(Reconciliation(try Self.evidence(isReversed: true)).unexplained > 0)
        #expect(Reconciliation(try Self.evidence(isReversed: true, isOrdered: false)).holds)
    }

    @Test func `a missing dead letter is lost, a second one is doubled`() throws {
        #expect(Reconciliation(try Self.evidence(copiesOfFirstLetter: 0)).lost == 1)
        #expect(Reconciliation(try Self.evidence(copiesOfFirstLetter: 2)).doubled == 1)
    }

    @Test func `a dead letter of a sound record and one with other bytes are unexplained`() throws {
        #expect(Reconciliation(try Self.evidence(hasStrayLetter: true)).unexplained == 1)
        #expect(Reconciliation(try Self.evidence(firstLetterSuffix: [32])).unexplained == 1)
    }

    @Test func `an uncommitted partition is unexplained`() throws {
        #expect(Reconciliation(try Self.evidence(committed: 299)).unexplained == 1)
    }

    /// What a run over 300 events leaves behind, with faults as asked for.
    private static func evidence(
        lostCalls: Int = 0,
        extraIDs: Int = 0,
        repeatedCalls: Int = 0,
        failedCalls: UInt64 = 0,
        isReversed: Bool = false,
        isOrdered: Bool = true,
        copiesOfFirstLetter: Int = 1,
        hasStrayLetter: Bool = false,
        firstLetterSuffix: [UInt8] = [],
        committed: Int64 = 300
    ) throws -> DemoEvidence {
        let topic = "t"
        let source = TopicPartition(topic: topic, partition: 0)
        let mix = EventMix(
            count: 300,
            customers: 20,
            publicationShare: 0.5,
            malformedShare: 0.1,
            duplicateShare: 0.1,
            otherTypeShare: 0.1
        )
        var books = ExpectedBooks()
        var expectations = DemoExpectations()
        for record in EventGenerator(mix) {
            books.enter(record)
            expectations.enter(record)
            expectations.place(record.index, at: source, offset: Int64(record.index))
        }
        var receiver = ReceiverBooks()
        var keys: Set<String> = []
        var accruals = expectations.accruals.sorted { ($0.customerID, $0.total) < ($1.customerID, $1.total) }
        if isReversed { accruals.reverse() }
        for (number, accrual) in accruals.enumerated() {
            keys.insert("\(number)")
            if number >= lostCalls { _ = receiver.receive(id: "msg_\(number)", accrual: accrual) }
            if number < extraIDs { _ = receiver.receive(id: "msg_other\(number)", accrual: accrual) }
            if number < repeatedCalls { _ = receiver.receive(id: "msg_\(number)", accrual: accrual) }
        }
        var audit = DeadLetterAudit(expectations.broken, topic: topic)
        for (number, (place, broken)) in expectations.broken.sorted(by: { $0.key.offset < $1.key.offset }).enumerated()
        {
            let suffix = number == 0 ? firstLetterSuffix : []
            let letter = letter(place.offset, broken.key, (broken.value ?? []) + suffix, broken.defect.reasons[0])
            for _ in 0..<(number == 0 ? copiesOfFirstLetter : 1) { audit.enter(letter) }
        }
        if hasStrayLetter { audit.enter(letter(100_000, [1], [2], "invalid_json")) }
        var counts = WorkerCounts(stages: ["notification", "publication"])
        counts.stages[0].failed = failedCalls
        counts.received = UInt64(books.records)
        counts.accepted = UInt64(books.accepted)
        counts.ignored = UInt64(books.ignored)
        counts.deadLetters = UInt64(books.deadLetters)
        return DemoEvidence(
            expectedBooks: books,
            expectations: expectations,
            counts: counts,
            isOrdered: isOrdered,
            receiver: receiver,
            notificationKeys: keys,
            publicationEffects: expectations.publications.count,
            publicationIDs: expectations.publications,
            deadLetters: audit,
            watermarks: [Watermarks(low: 0, high: 300)],
            committed: [committed]
        )
    }

    private static func letter(_ offset: Int64, _ key: [UInt8], _ value: [UInt8], _ reason: String) -> Record {
        let record = Record(source: TopicPartition(topic: "t", partition: 0), offset: offset, key: key, value: value)
        let letter = DeadLetter(record: record, cause: DeadLetter.Cause(.decode, reason), firstFailure: "")
            .outgoing(to: "t.dlq", group: "g")
        return Record(
            source: TopicPartition(topic: "t.dlq", partition: 0),
            offset: 0,
            key: letter.key,
            value: letter.value,
            headers: letter.headers
        )
    }
}
