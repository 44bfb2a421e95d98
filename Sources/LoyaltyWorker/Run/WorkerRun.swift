import Foundation
import Logging
import Pipeline
import Synchronization
import UnixSignals

/// One worker with its admin server and its signals, from start to end.
final class WorkerRun: Sendable {
    private struct State {
        var pipeline: LoyaltyPipeline?
        var isStopping = false
        var isEndExpected = false
        var failure: CommandFailure?
    }

    /// For destroying the clients, after all else is done.
    private static let closePatience: Duration = .seconds(15)

    private let settings: Settings
    private let untilEnd: Bool
    private let logger: Logger
    private let startedAt = Date.now
    private let state = Mutex(State())

    init(_ settings: Settings, untilEnd: Bool, logger: Logger) {
        self.settings = settings
        self.untilEnd = untilEnd
        self.logger = logger
    }

    /// Works until the end or until a signal; the first one drains, the second one ends the process at once.
    ///
    /// - Returns: nil when it was stopped before it had reached a broker.
    func run() async throws(CommandFailure) -> RunReport? {
        let outcome: Result<RunReport?, CommandFailure> = await withTaskGroup { group in
            group.addTask(name: "signals") { await self.obeySignals() }
            let listening = AsyncStream<Void>.makeStream()
            group.addTask(name: "admin") { await self.serveAdmin { listening.continuation.finish() } }
            // A taken port must be known before any event is touched.
            for await _ in listening.stream {}
            let outcome: Result<RunReport?, CommandFailure>
            do throws(CommandFailure) {
                outcome = .success(try await self.work())
            } catch {
                outcome = .failure(error)
            }
            group.cancelAll()
            return outcome
        }
        let report = try outcome.get()
        if let failure = state.withLock({ $0.failure }) { throw failure }
        return report
    }

    private func work() async throws(CommandFailure) -> RunReport? {
        guard let partitions = try await reach() else { return nil }
        let pipeline = try LoyaltyPipeline(
            settings,
            untilEnd: untilEnd,
            partitions: partitions.count,
            logger: logger
        )
        let isStopping = state.withLock { state in
            state.pipeline = pipeline
            return state.isStopping
        }
        if isStopping { pipeline.stop() }
        defer { ExitWatchdog.arm(Self.closePatience, for: "the Kafka client did not close") }
        return try await pipeline.run { self.expectEnd() }
    }

    /// Waits for a broker: for a bounded time when the run is to end, else until a signal (nil).
    private func reach() async throws(CommandFailure) -> BrokerSurvey.Partitions? {
        let survey = try BrokerSurvey(settings)
        // Short, so that a signal is obeyed soon; the client goes on connecting in between.
        let patience = untilEnd ? settings.kafka.reachTimeout : min(settings.kafka.reachTimeout, .seconds(2))
        var tries = 0
        while !isStopping {
            do throws(CommandFailure) {
                let found = try await survey.partitions(of: settings.kafka, timeout: patience)
                guard !found.missing.isEmpty else { return found }
                let text = "no such topic: \(found.missing.joined(separator: ", "))"
                guard !untilEnd else { throw .unreachable("\(text); create it, or set kafka.topic") }
                logger.warning("\(text); waiting for it to appear")
                return found
            } catch {
                guard !untilEnd else { throw error }
                if tries.isMultiple(of: 10) { logger.error("\(error.message) Trying again until it does.") }
                tries += 1
                try? await Task.sleep(for: .seconds(1))
            }
        }
        return nil
    }

    private var isStopping: Bool { state.withLock { $0.isStopping } }

    private func stop() {
        let pipeline = state.withLock { state in
            state.isStopping = true
            return state.pipeline
        }
        expectEnd()
        pipeline?.stop()
    }

    /// From here on the run must end in time, whatever hangs.
    private func expectEnd() {
        let isFirst = state.withLock { state in
            defer { state.isEndExpected = true }
            return !state.isEndExpected
        }
        guard isFirst else { return }
        // Draining, then the last calls, then commits and closing.
        let patience = settings.drainTimeout + settings.notification.webhookTimeout + .seconds(30)
        ExitWatchdog.arm(patience, for: "stopping did not end")
    }

    private func obeySignals() async {
        var signals = StopSignals()
        for await signal in await UnixSignalsSequence(trapping: .sigterm, .sigint) {
            switch signals.answer(at: .now) {
            case .stop:
                logger.info("\(signal): draining, then committing and leaving; a second one leaves at once")
                stop()
            case .ignore: break
            case .leave:
                logger.error("second \(signal): leaving at once, what is unfinished will be delivered again")
                _exit(CommandFailure.Status.failed.rawValue)
            }
        }
    }

    private func serveAdmin(listening: @escaping @Sendable () -> Void) async {
        let server = AdminServer(settings: settings.admin, logger: settings.log.logger("admin")) { self.snapshot() }
        do throws(CommandFailure) {
            try await server.run { _ in listening() }
        } catch {
            logger.error("\(error.message)")
            state.withLock { $0.failure = error }
            stop()
        }
        listening()
    }

    private func snapshot() -> WorkerSnapshot {
        if let pipeline = state.withLock({ $0.pipeline }) { return pipeline.snapshot() }
        return WorkerSnapshot(
            status: .init(),
            group: settings.kafka.group,
            topics: settings.kafka.topics,
            ordering: settings.ordering.rawValue,
            prefetch: "no broker has answered yet",
            startedAt: startedAt,
            takenAt: .now,
            residentBytes: ResidentMemory.current
        )
    }
}

/// What signals ask for, one after the other.
struct StopSignals {
    enum Answer: Equatable {
        /// Drain, commit, leave.
        case stop
        case ignore
        /// End at once.
        case leave
    }

    /// Wrappers such as timeout(1) signal their child and then its whole group, which is one wish and not two.
    private static let echo: Duration = .seconds(1)
    private var first: ContinuousClock.Instant?

    mutating func answer(at now: ContinuousClock.Instant) -> Answer {
        guard let first else {
            first = now
            return .stop
        }
        return now - first < Self.echo ? .ignore : .leave
    }
}

/// Ends the process when librdkafka does not: destroying a client can wait for ever on a broken connection.
enum ExitWatchdog {
    /// Gives the process so long to end.
    ///
    /// - Parameter hang: what is wrong when it has not, for the message.
    static func arm(_ patience: Duration, for hang: String) {
        let thread = Thread {
            Thread.sleep(forTimeInterval: patience.inSeconds)
            Terminal.printError(
                "loyalty-worker: \(hang) within \(Quantity.text(patience)); leaving, what is not committed will be"
                    + " delivered again"
            )
            _exit(CommandFailure.Status.failed.rawValue)
        }
        thread.start()
    }
}
