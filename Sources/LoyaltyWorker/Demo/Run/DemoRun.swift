import Kafka
import Pipeline
import Stages

/// One demonstration: fill the topic, let the real worker finish it, then look at everything from outside.
struct DemoRun {
    let stand: DemoStand
    let plan: DemoPlan
    let settings: Settings

    struct Result: Sendable {
        let report: RunReport
        let reconciliation: Reconciliation
    }

    func run() async throws -> Result {
        let (books, expectations) = try await fill()
        let pipeline = try LoyaltyPipeline(
            settings,
            untilEnd: true,
            partitions: plan.partitions,
            logger: settings.log.logger("worker")
        )
        var report = try await work(pipeline)
        let reconciliation = try await reconcile(books, expectations, report)
        report.lost = UInt64(clamping: reconciliation.lost)
        return Result(report: report, reconciliation: reconciliation)
    }

    private func fill() async throws -> (ExpectedBooks, DemoExpectations) {
        let doorbell = Doorbell()
        let servers = stand.cluster.bootstrapServers
        let producer = try Producer(
            configuration: EventPublishing.configuration(bootstrapServers: servers),
            doorbell: doorbell,
            log: { _ in }
        )
        var expectations = DemoExpectations()
        var progress = ProgressLine()
        let publishing = EventPublishing(producer: producer, doorbell: doorbell, topic: DemoStand.topic)
        let outcome = await publishing.publish(
            EventGenerator(plan.mix),
            sent: { expectations.enter($0) },
            stored: { index, partition, offset in expectations.place(index, at: partition, offset: offset) },
            progress: { outcome in
                progress.show("filling: \(outcome.acknowledged) of \(plan.mix.count) records")
            }
        )
        progress.finish(
            "filled: \(outcome.acknowledged) records, \(outcome.books.bytes / 1024) KiB, into \(plan.partitions) partitions"
                + " at \(Int(outcome.recordsPerSecond)) records/s"
        )
        guard outcome.failed == 0 else {
            let reason = outcome.firstFailure.map { "\($0)" } ?? "no reason given"
            throw CommandFailure.failed("the embedded broker refused \(outcome.failed) records: \(reason)")
        }
        let marks = try await reading(DemoStand.topic).watermarks()
        guard marks.allSatisfy({ $0.low == 0 }) else {
            throw CommandFailure.failed(
                "the embedded broker dropped records before they were read, because a partition grew beyond 5 MiB; use fewer --events"
            )
        }
        return (outcome.books, expectations)
    }

    private func work(_ pipeline: LoyaltyPipeline) async throws(CommandFailure) -> RunReport {
        let total = plan.mix.count
        let display = Task {
            var progress = ProgressLine()
            // Joining the group takes seconds that have nothing to do with the rate.
            var start: ContinuousClock.Instant?
            while !Task.isCancelled {
                let status = pipeline.worker.status
                if start == nil, status.counts.received > 0 { start = .now }
                progress.show(Self.line(status, of: total, since: start))
                try? await Task.sleep(for: .milliseconds(100))
            }
            progress.finish(Self.line(pipeline.worker.status, of: total, since: start))
        }
        defer { display.cancel() }
        let report = try await pipeline.run()
        display.cancel()
        await display.value
        return report
    }

    private static func line(_ status: WorkerStatus, of total: Int, since start: ContinuousClock.Instant?) -> String {
        let counts = status.counts
        func done(_ stage: String) -> UInt64 {
            counts.stages.first { $0.name == stage }?.performed ?? 0
        }
        let lag = status.partitions.reduce(Int64(0)) { sum, partition in
            guard let end = partition.end else { return sum }
            return sum + max(0, end - (partition.frontier ?? 0))
        }
        let seconds = start.map { (ContinuousClock.now - $0).inSeconds } ?? 0
        let rate = seconds > 0 ? Int(Double(counts.finished) / seconds) : 0
        return "\(status.phase.rawValue): \(counts.finished) of \(total) events, \(rate)/s,"
            + " \(done("notification")) notifications, \(done("publication")) publications,"
            + " \(counts.deadLetters) dead letters, lag \(lag)"
    }

    private func reconcile(
        _ books: ExpectedBooks,
        _ expectations: DemoExpectations,
        _ report: RunReport
    ) async throws -> Reconciliation {
        let journal = try Journal.open(path: stand.journalPath, readOnly: true)
        let group = settings.kafka.group
        var deadLetters = DeadLetterAudit(expectations.broken, topic: DemoStand.topic)
        try await reading(DemoStand.topic + ".dlq").read { deadLetters.enter($0) }
        let input = reading(DemoStand.topic)
        let evidence = DemoEvidence(
            expectedBooks: books,
            expectations: expectations,
            counts: report.counts,
            isOrdered: settings.ordering != .none,
            receiver: stand.receiver.receiver.books,
            notificationKeys: try await journal.effectKeys(scope: group, stage: "notification"),
            publicationEffects: try await journal.effectCounts(scope: group)["publication"] ?? 0,
            publicationIDs: try await journal.publicationIDs(),
            deadLetters: deadLetters,
            watermarks: try await input.watermarks(),
            committed: try await input.committed(by: group)
        )
        await journal.close()
        return Reconciliation(evidence)
    }

    private func reading(_ topic: String) -> TopicReading {
        TopicReading(bootstrapServers: stand.cluster.bootstrapServers, topic: topic, partitions: plan.partitions)
    }
}
