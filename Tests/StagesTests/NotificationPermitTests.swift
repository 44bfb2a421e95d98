import Pipeline
import Testing

@testable import Stages

struct NotificationPermitTests {
    private static let silent = StageContext(attempt: 1, mode: .replay(mayNotify: false))
    private static let permitted = StageContext(attempt: 1, mode: .replay(mayNotify: true))

    private let folder: TemporaryFolder
    private let journal: Journal
    private let sink = ScriptedSink()

    init() throws {
        folder = try TemporaryFolder()
        journal = try Journal.open(path: folder.path())
    }

    private func stage(maxAge: Duration? = nil, now: UTCTime = UTCTime(milliseconds: 0)) throws -> NotificationStage {
        NotificationStage(
            sink: sink,
            scope: "group",
            journal: journal,
            template: try MessageTemplate(),
            maxAge: maxAge,
            clock: { now }
        )
    }

    @Test func `live work and a replay with permission may notify, a replay without may not`() {
        #expect(StageContext(attempt: 1, mode: .live).notificationPermit != nil)
        #expect(Self.permitted.notificationPermit != nil)
        #expect(Self.silent.notificationPermit == nil)
    }

    @Test func `without permission nothing is sent and nothing recorded, so that a later replay may still send`()
        async throws
    {
        let work = try Samples.work(customer: "c")
        let stage = try stage()
        #expect(await stage.perform(work, in: Self.silent) == .done(.suppressed))
        #expect(sink.received.isEmpty)
        #expect(try await journal.effectCounts(scope: "group").isEmpty)
        #expect(await stage.perform(work, in: Self.permitted) == .done(.performed))
        #expect(sink.received.count == 1)
    }

    @Test func `permission does not repeat what was done`() async throws {
        let work = try Samples.work(customer: "c")
        let stage = try stage()
        #expect(await stage.perform(work, in: StageContext(attempt: 1, mode: .live)) == .done(.performed))
        #expect(await stage.perform(work, in: Self.permitted) == .done(.suppressed))
        #expect(sink.received.count == 1)
    }

    @Test func `permission does not send what is too old`() async throws {
        let work = try Samples.work(Samples.seed)
        let time = try #require(work.time)
        let now = UTCTime(milliseconds: time.milliseconds + 3_600_001)
        let stage = try stage(maxAge: .seconds(3600), now: now)
        #expect(await stage.perform(work, in: Self.permitted) == .done(.suppressed))
        #expect(sink.received.isEmpty)
    }
}
