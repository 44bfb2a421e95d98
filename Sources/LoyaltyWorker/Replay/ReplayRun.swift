import Foundation
import Logging
import Pipeline
import Synchronization
import UnixSignals

/// One process's part of a job, with its signals, from joining to leaving the job's group.
struct ReplayRun: Sendable {
    let job: ReplayJob
    let request: ReplayRequest
    let settings: Settings
    /// Records a second; nil: as fast as it goes.
    let rate: Double?
    let yieldTo: String?
    let hasPartitions: Bool
    let logger: Logger

    /// For destroying the clients, after all else is done.
    private static let closePatience: Duration = .seconds(15)

    /// Works until the job is finished or a signal comes; the second signal ends the process at once.
    func run() async throws(CommandFailure) -> ReplayReport {
        let pipeline = try ReplayPipeline(job, request, settings, rate: rate, logger: logger)
        let watch = ReplayWatch(
            job,
            pipeline,
            settings,
            yieldTo: yieldTo,
            hasPartitions: hasPartitions,
            logger: logger
        )
        defer { ExitWatchdog.arm(Self.closePatience, for: "the Kafka client did not close") }
        let outcome: Result<WorkerReport, CommandFailure> = await withTaskGroup { group in
            group.addTask(name: "signals") { await self.obeySignals(pipeline) }
            let outcome: Result<WorkerReport, CommandFailure>
            do throws(CommandFailure) {
                outcome = .success(try await pipeline.run { await watch.run() })
            } catch {
                outcome = .failure(error)
            }
            group.cancelAll()
            return outcome
        }
        if let failure = watch.failure { throw failure }
        let report = try outcome.get()
        return ReplayReport(
            job,
            WorkerReport(counts: report.counts, seconds: report.seconds, hasReachedEnd: watch.isFinished),
            books: pipeline.books.snapshot,
            missing: report.counts.missing &+ UInt64(clamping: pipeline.gaps.deleted),
            isRehearsal: false
        )
    }

    private func obeySignals(_ pipeline: ReplayPipeline) async {
        var signals = StopSignals()
        for await signal in await UnixSignalsSequence(trapping: .sigterm, .sigint) {
            switch signals.answer(at: .now) {
            case .stop:
                logger.info("\(signal): draining, then committing and leaving; a second one leaves at once")
                let patience = settings.drainTimeout + settings.notification.webhookTimeout + .seconds(30)
                ExitWatchdog.arm(patience, for: "stopping did not end")
                pipeline.worker.stop()
            case .ignore: break
            case .leave:
                logger.error("second \(signal): leaving at once, what is unfinished will be replayed again")
                _exit(CommandFailure.Status.failed.rawValue)
            }
        }
    }
}
