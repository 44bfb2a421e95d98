import Kafka
import Logging
import LoyaltyEvents
import NIOHTTP1
import Pipeline
import Testing

@testable import Stages

struct LoyaltyStagesTests {
    private let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
    private let first = StageContext(attempt: 1, mode: .live)

    @Test func `an event goes from the intake through webhook and journal`() async throws {
        let folder = try TemporaryFolder()
        let receiver = try await Receiver.start { call, _ in call == 1 ? .cut : .status(204) }
        var settings = StagesSettings(scope: "group")
        settings.journal = .sqlite(path: folder.path())
        settings.notification.sink = .webhook
        settings.notification.webhook.url = "http://127.0.0.1:\(receiver.port)/"
        settings.notification.webhook.secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
        settings.notification.webhook.allow = "127.0.0.1"
        let stages = try LoyaltyStages(settings, publisher: nil, logger: logger)
        #expect(await stages.checkWebhook() == nil)

        let intake = stages.intake(counts: IntakeCounts())
        let record = Samples.record(try Samples.bytes(Samples.withPublication))
        guard case .accept(_, let set, let work) = intake.receive(record), let work = work as? LoyaltyWork else {
            Issue.record("not accepted")
            return
        }
        #expect(set == [StageSet(index: 0), StageSet(index: 1)])
        guard case .retry = await stages.stages[0].perform(work, in: first) else {
            Issue.record("the receiver had cut the connection")
            return
        }
        #expect(await stages.stages[0].perform(work, in: StageContext(attempt: 2, mode: .live)) == .done(.repeated))
        #expect(await stages.stages[1].perform(work, in: first) == .done(.performed))
        let counts = try await stages.journal?.effectCounts(scope: "group")
        #expect(counts == ["notification": 1, "publication": 1])

        let requests = receiver.received
        #expect(requests.count == 2)
        #expect(requests.first?.body == requests.last?.body)
        #expect(requests.first?.head.headers["webhook-id"] == requests.last?.head.headers["webhook-id"])
        await stages.close()
        try await receiver.stop()
    }

    @Test func `a topic without producer makes its sink unavailable`() async throws {
        var settings = StagesSettings(scope: "group")
        settings.journal = .none
        settings.notification.sink = .kafka
        settings.publication.sink = .kafka
        let stages = try LoyaltyStages(settings, publisher: nil, logger: logger)
        let work = try Samples.work(Samples.withPublication)
        for stage in stages.stages {
            guard case .unavailable(let reason, _) = await stage.perform(work, in: first) else {
                Issue.record("\(stage.name) has nowhere to go")
                continue
            }
            #expect(reason.contains("no producer"))
        }
        await stages.close()
    }
}
