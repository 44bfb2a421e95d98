import Foundation
import GRDB
import Kafka
import Logging
import LoyaltyEvents
import Pipeline
import Synchronization
import Testing

@testable import Stages

struct NotificationStageTests {
    private let folder: TemporaryFolder
    private let journal: Journal
    private let first = StageContext(attempt: 1, mode: .live)

    init() throws {
        folder = try TemporaryFolder()
        journal = try Journal.open(path: folder.path())
    }

    private func stage(
        _ sink: any NotificationSink,
        journal: Journal?,
        maxAge: Duration? = nil,
        now: UTCTime = UTCTime(milliseconds: 0)
    ) throws -> NotificationStage {
        NotificationStage(
            sink: sink,
            scope: "group",
            journal: journal,
            template: try MessageTemplate(),
            maxAge: maxAge,
            clock: { now }
        )
    }

    @Test func `a second delivery is suppressed, also by another process`() async throws {
        let sink = ScriptedSink()
        let work = try Samples.work(customer: "c")
        #expect(try await stage(sink, journal: journal).perform(work, in: first) == .done(.performed))
        #expect(try await stage(sink, journal: journal).perform(work, in: first) == .done(.suppressed))
        #expect(sink.received.count == 1)
        let entry = try await journal.entry(
            of: EffectID(scope: "group", stage: "notification", key: work.event.effectKey(.notification))
        )
        #expect(entry?.effect.offset == work.record.offset)
    }

    @Test func `without a journal every delivery is sent`() async throws {
        let sink = ScriptedSink()
        let stage = try stage(sink, journal: nil)
        let work = try Samples.work(customer: "c")
        #expect(await stage.perform(work, in: first) == .done(.performed))
        #expect(await stage.perform(work, in: first) == .done(.performed))
    }

    @Test func `deliveries of one effect at the same time are sent once`() async throws {
        let gate = Gate()
        let sink = ScriptedSink { _, _ in
            await gate.pass()
            return .made(.performed)
        }
        let stage = try stage(sink, journal: journal)
        let work = try Samples.work(customer: "c")
        let outcomes = await withTaskGroup(of: StageOutcome.self) { group in
            for _ in 0..<20 { group.addTask { await stage.perform(work, in: first) } }
            await gate.arrivals(1)
            gate.open()
            return await group.reduce(into: []) { $0.append($1) }
        }
        #expect(outcomes.count { $0 == .done(.performed) } == 1)
        #expect(outcomes.count { $0 == .done(.suppressed) } == 19)
        #expect(sink.received.count == 1)
    }

    @Test func `the one who waits takes over when the first fails`() async throws {
        let gate = Gate()
        let sink = ScriptedSink { call, _ in
            await gate.pass()
            return call < 3 ? .failed(.retry(reason: "no")) : .made(.performed)
        }
        let stage = try stage(sink, journal: journal)
        let work = try Samples.work(customer: "c")
        let outcomes = await withTaskGroup(of: StageOutcome.self) { group in
            for _ in 0..<5 { group.addTask { await stage.perform(work, in: first) } }
            await gate.arrivals(1)
            gate.open()
            return await group.reduce(into: []) { $0.append($1) }
        }
        #expect(outcomes.count { $0 == .retry(reason: "no") } == 2)
        #expect(outcomes.count { $0 == .done(.performed) } == 1)
        #expect(outcomes.count { $0 == .done(.suppressed) } == 2)
    }

    @Test func `success after an answer that was never seen is reported as repeated`() async throws {
        let sink = ScriptedSink { call, _ in
            switch call {
            case 1: .failed(.retry(reason: "timeout"), mayHaveHappened: true)
            case 2: .failed(.unavailable(reason: "refused"))
            default: .made(.performed)
            }
        }
        let stage = try stage(sink, journal: journal)
        let work = try Samples.work(customer: "c")
        #expect(await stage.perform(work, in: first) == .retry(reason: "timeout"))
        #expect(await stage.perform(work, in: StageContext(attempt: 2, mode: .live)) == .unavailable(reason: "refused"))
        #expect(await stage.perform(work, in: StageContext(attempt: 2, mode: .live)) == .done(.repeated))
        #expect(await stage.perform(try Samples.work(customer: "d"), in: first) == .done(.performed))
    }

    @Test func `what was sent but not recorded is recorded later, not sent again`() async throws {
        let sink = ScriptedSink()
        let stage = try stage(sink, journal: journal)
        let work = try Samples.work(customer: "c")
        try await journal.database.writeWithoutTransaction { try $0.execute(sql: "PRAGMA query_only = 1") }
        guard case .unavailable = await stage.perform(work, in: first) else {
            Issue.record("the effect counts as done although it was not recorded")
            return
        }
        try await journal.database.writeWithoutTransaction { try $0.execute(sql: "PRAGMA query_only = 0") }
        #expect(await stage.perform(work, in: first) == .done(.performed))
        #expect(sink.received.count == 1)
    }

    @Test func `what was sent but not recorded is remembered beyond the limit of doubts`() async throws {
        let ledger = EffectLedger(scope: "group", stage: "notification", journal: journal, doubtLimit: 0)
        let work = try Samples.work(customer: "c")
        let calls = Mutex(0)
        func once() async -> StageOutcome {
            await ledger.once(
                work.event.effectKey(.notification),
                for: work.record,
                attempt: 1,
                known: .suppressed,
                bringAbout: {
                    calls.withLock { $0 += 1 }
                    return .made(.performed)
                }
            )
        }
        try await journal.database.writeWithoutTransaction { try $0.execute(sql: "PRAGMA query_only = 1") }
        guard case .unavailable = await once() else {
            Issue.record("the effect counts as done although it was not recorded")
            return
        }
        try await journal.database.writeWithoutTransaction { try $0.execute(sql: "PRAGMA query_only = 0") }
        #expect(await once() == .done(.performed))
        #expect(calls.withLock { $0 } == 1)
    }

    @Test func `nothing is sent when the journal can't be asked`() async throws {
        let sink = ScriptedSink()
        let stage = try stage(sink, journal: journal)
        await journal.close()
        guard case .unavailable(let reason, _) = await stage.perform(try Samples.work(customer: "c"), in: first) else {
            Issue.record("a closed journal must be an outcome")
            return
        }
        #expect(reason == "the journal is closed")
        #expect(sink.received.isEmpty)
    }

    @Test func `an old event is recorded and not sent`() async throws {
        let sink = ScriptedSink()
        let now = try #require(UTCTime(iso8601: "2026-11-23T12:00:00Z"))
        let stage = try stage(sink, journal: journal, maxAge: .seconds(3600), now: now)
        let old = try Samples.work(customer: "c", createdAt: "2026-11-23T10:59:59Z")
        let young = try Samples.work(customer: "d", createdAt: "2026-11-23T11:00:00Z")
        // No time in the event: the record's counts.
        let recordTime = try Samples.work(customer: "e", createdAt: "yesterday")
        #expect(await stage.perform(old, in: first) == .done(.suppressed))
        #expect(await stage.perform(young, in: first) == .done(.performed))
        #expect(await stage.perform(recordTime, in: first) == .done(.suppressed))
        #expect(sink.received.map(\.work.event.customerID) == ["d"])
        #expect(try await journal.effectCounts(scope: "group") == ["notification": 3])
    }

    @Test func `the log has ids and nothing personal`() async throws {
        let lines = Mutex<[String]>([])
        let logger = Logger(label: "test") { _ in LineHandler { line in lines.withLock { $0.append(line) } } }
        let json = """
            {"customer":{"id":"cust_1","name":"Ada Lovelace","email":"ada@example.com"},"balance":{"points":5,"balance":5},\
            "earning_rule":{"id":"ern_1"},"voucher":{"id":"v_1","code":"SECRETCODE"}}
            """
        let stage = try stage(NotificationLog(logger: logger), journal: journal)
        #expect(await stage.perform(try Samples.work(Array(json.utf8)), in: first) == .done(.performed))
        let line = try #require(lines.withLock { $0.first })
        #expect(line.contains("cust_1"))
        #expect(line.contains("v_1"))
        for personal in ["Ada", "Lovelace", "ada@", "SECRETCODE", "earned"] { #expect(!line.contains(personal)) }
    }

    @Test func `a topic gets body, key and headers`() async throws {
        let sent = Mutex<[OutgoingRecord]>([])
        let topic = NotificationTopic(
            topic: "loyalty.notifications",
            publish: TopicPublishing { record throws(KafkaError) in sent.withLock { $0.append(record) } }
        )
        let trace = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
        let headers = [Header(name: "traceparent", value: Array(trace.utf8))]
        let work = try Samples.work(Samples.seed, headers: headers)
        #expect(try await stage(topic, journal: journal).perform(work, in: first) == .done(.performed))
        let record = try #require(sent.withLock { $0.first })
        #expect(record.topic == "loyalty.notifications")
        #expect(record.key == Array("cust_IdgAFZxYwwHctOk9pPuMu308".utf8))
        let id = work.event.effectKey(.notification).webhookID
        #expect(
            record.headers == [
                Header(name: "webhook-id", value: Array(id.utf8)),
                Header(name: "idempotency-key", value: Array(id.utf8)),
                Header(name: "traceparent", value: Array(trace.utf8)),
            ]
        )
        #expect(
            record.value
                == NotificationBody.bytes(
                    of: work.event,
                    at: work.time,
                    message: try MessageTemplate().message(for: work)
                )
        )
    }

    @Test(arguments: [
        (KafkaError.Code.messageSizeTooLarge, "reject", false), (.queueFull, "unavailable", false),
        (.timedOut, "unavailable", true), (.transport, "unavailable", true),
    ])
    func `a failure to publish keeps its meaning`(code: KafkaError.Code, kind: String, mayHaveHappened: Bool) async {
        let publishing = TopicPublishing { _ throws(KafkaError) in throw KafkaError(code, "why") }
        let delivery = await publishing.deliver(OutgoingRecord(topic: "t", key: nil, value: nil))
        guard case .failed(let outcome, let doubt) = delivery else {
            Issue.record("\(delivery)")
            return
        }
        #expect("\(outcome)".hasPrefix(kind))
        #expect(doubt == mayHaveHappened)
    }
}

/// Writes each line as one text.
struct LineHandler: LogHandler {
    let write: @Sendable (String) -> Void
    var metadata: Logger.Metadata = [:]
    var logLevel: Logger.Level = .trace

    init(write: @escaping @Sendable (String) -> Void) {
        self.write = write
    }

    subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    func log(event: LogEvent) {
        write("\(event.message) \(event.metadata ?? [:])")
    }
}
