import Foundation
import Kafka
import Logging
import LoyaltyEvents
import Pipeline
import Stages
import Testing

@testable import LoyaltyWorker

@Suite struct `The forecast of a replay` {
    struct Case: Sendable, CustomTestStringConvertible {
        let seed: UInt64
        let stages: Route
        let mayNotify: Bool
        let isAged: Bool
        let hasJournal: Bool

        var testDescription: String { "\(seed) \(stages) \(mayNotify) \(isAged) \(hasJournal)" }
    }

    static let cases = [
        Case(seed: 1, stages: .publication, mayNotify: false, isAged: false, hasJournal: true),
        Case(seed: 2, stages: [.notification, .publication], mayNotify: false, isAged: false, hasJournal: true),
        Case(seed: 3, stages: [.notification, .publication], mayNotify: true, isAged: false, hasJournal: true),
        Case(seed: 4, stages: [.notification, .publication], mayNotify: true, isAged: true, hasJournal: true),
        Case(seed: 5, stages: .notification, mayNotify: true, isAged: true, hasJournal: false),
    ]

    @Test func `what was discarded is foreseen to do nothing`() {
        let books = ReplayBooks()
        var rehearsal = Forecast(
            journal: nil,
            scope: "live",
            remembers: false,
            maxAge: nil,
            now: UTCTime(milliseconds: Moment.start),
            active: [.notification, .publication],
            seen: [.notification, .publication],
            mayNotify: true,
            books: books
        )
        let intake = LoyaltyIntake(
            payloadLimit: 1 << 20,
            active: [.notification, .publication],
            counts: IntakeCounts()
        )
        for record in records(1) {
            let headers = [
                ("kafka_dlt-original-topic", record.source.topic),
                ("kafka_dlt-original-partition", "\(record.source.partition)"), ("kafka_dlt-original-offset", "0"),
                ("loyalty-redrives", "1"), ("loyalty-discarded", "true"),
            ]
            let discarded = Record(
                source: record.source,
                offset: record.offset + 1,
                key: record.key.map(Array.init),
                value: record.value.map(Array.init),
                headers: headers.map { Header(name: $0.0, value: Array($0.1.utf8)) }
            )
            rehearsal.add(discarded, intake.receive(discarded))
        }
        #expect(rehearsal.counts.accepted > 0 && rehearsal.counts.rejected > 0)
        #expect(rehearsal.counts.discarded == UInt64(records(1).count))
        #expect(rehearsal.count == 0 && rehearsal.counts.deadLetters == 0)
    }

    @Test(arguments: cases)
    func `it agrees with what the stages then do, number by number`(_ example: Case) async throws {
        let folder = FileManager.default.temporaryDirectory.appending(path: "loyalty-forecast-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        let now = UTCTime(milliseconds: Moment.start + 3_600_000 + 37_000)
        var settings = StagesSettings(scope: "live")
        settings.journal = example.hasJournal ? .sqlite(path: folder.appending(path: "journal").path) : .none
        settings.notification.maxAge = example.isAged ? .seconds(3600) : nil
        if !example.stages.contains(.notification) { settings.notification.sink = .none }
        if !example.stages.contains(.publication) { settings.publication.sink = .none }
        let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
        let stages = try LoyaltyStages(settings, publisher: nil, logger: logger, clock: { now })
        let records = records(example.seed)
        // Half of the range was done live.
        _ = try await perform(records.filter { $0.offset % 2 == 0 }, by: stages, .live)

        let forecast = ReplayBooks()
        var rehearsal = Forecast(
            journal: stages.journal,
            scope: "live",
            remembers: example.hasJournal,
            maxAge: settings.notification.maxAge,
            now: now,
            active: example.stages,
            seen: example.stages.union(.notification),
            mayNotify: example.mayNotify,
            books: forecast
        )
        let intake = ReplayIntake(
            LoyaltyIntake(payloadLimit: 1 << 20, active: [.notification, .publication], counts: IntakeCounts()),
            filter: .none,
            books: forecast,
            gaps: LogGaps()
        )
        for record in records {
            rehearsal.add(record, intake.receive(record))
            if rehearsal.count > 50 { try await rehearsal.settle() }
        }
        try await rehearsal.settle()

        let done = try await perform(records, by: stages, .replay(mayNotify: example.mayNotify))
        await stages.close()
        var promised = forecast.snapshot
        let sendable = promised.lines.values.reduce(0) { $0 + $1.sendable }
        let sent = done.lines.values.reduce(0) { $0 + $1.sent }
        if example.mayNotify { #expect(sendable == sent && sent > 0) }
        for entry in promised.lines.keys { promised.lines[entry]?.sendable = 0 }
        promised.lines = promised.lines.filter { $0.value.isVisible }
        #expect(promised == done)
    }

    private func records(_ seed: UInt64) -> [Record] {
        var mix = EventMix()
        mix.count = 300
        mix.customers = 40
        mix.publicationShare = 0.4
        mix.malformedShare = 0.05
        mix.duplicateShare = 0.3
        mix.otherTypeShare = 0.1
        mix.seed = seed
        let source = TopicPartition(topic: "t", partition: 0)
        return EventGenerator(mix).enumerated().map { number, record in
            // Every tenth is older than the one before it.
            let time = Moment.start + Int64(number) * 1_000_000 - (number % 10 == 9 ? 5_000_000 : 0)
            return Record(
                source: source,
                offset: Int64(number),
                timestamp: Timestamp(milliseconds: time, kind: .create),
                key: record.key,
                value: record.value
            )
        }
    }

    /// What a replay's books say after the stages have had the records one by one.
    private func perform(
        _ records: [Record],
        by stages: LoyaltyStages,
        _ mode: RunMode
    ) async throws -> ReplayBooks.Snapshot {
        let books = ReplayBooks()
        let intake = ReplayIntake(stages.intake(counts: IntakeCounts()), filter: .none, books: books, gaps: LogGaps())
        let booked = zip(stages.stages, [Route.notification, .publication])
            .map { BookedStage(stage: $0, route: $1, books: books) }
        for record in records {
            switch intake.receive(record) {
            case .ignore, .settled: break
            case .reject(let cause, _): books.list(record, cause)
            case .accept(_, let wanted, let work):
                guard let work = work as? LoyaltyWork else { continue }
                for (index, stage) in booked.enumerated() where wanted.contains(StageSet(index: index)) {
                    let outcome = await stage.perform(work, in: StageContext(attempt: 1, mode: mode))
                    guard case .done = outcome else {
                        Issue.record("\(outcome)")
                        continue
                    }
                }
            }
        }
        return books.snapshot
    }
}
