import Kafka
import Logging
import Pipeline
import Stages
import Synchronization

/// Looks at a job from outside while this process works on it: how far all its processes are, whether it is finished, what retention
/// deletes, and whether live work suffers.
final class ReplayWatch: Sendable {
    private static let glance: Duration = .milliseconds(200)
    private static let interval: Duration = .seconds(1)
    private static let definitionInterval: Duration = .seconds(10)

    private struct State {
        var isFinished = false
        var failure: CommandFailure?
    }

    private let job: ReplayJob
    private let pipeline: ReplayPipeline
    private let settings: Settings
    /// The live group that is yielded to.
    private let yieldTo: String?
    private let hasPartitions: Bool
    private let logger: Logger
    private let state = Mutex(State())

    init(
        _ job: ReplayJob,
        _ pipeline: ReplayPipeline,
        _ settings: Settings,
        yieldTo: String?,
        hasPartitions: Bool,
        logger: Logger
    ) {
        self.job = job
        self.pipeline = pipeline
        self.settings = settings
        self.yieldTo = yieldTo
        self.hasPartitions = hasPartitions
        self.logger = logger
    }

    /// All partitions of the job are finished, by whatever process.
    var isFinished: Bool { state.withLock { $0.isFinished } }
    /// Why the job can't go on.
    var failure: CommandFailure? { state.withLock { $0.failure } }

    /// Looks until the task is cancelled.
    func run() async {
        do throws(CommandFailure) {
            try await look()
        } catch {
            end(error)
        }
    }

    private func look() async throws(CommandFailure) {
        let work = try GroupOffsets(job.group, settings)
        let store = try GroupOffsets(job.name.definitionGroup(of: settings.kafka.group), settings)
        let live = try LiveLag(yieldTo, settings, job.definition.partitions)
        let marks = try BrokerSurvey(settings).consumer
        var progress = ReplayProgress(job)
        var display = ReplayDisplay(hasPartitions: hasPartitions)
        var control = YieldControl(base: pipeline.throttle.rate)
        let start = ContinuousClock.now
        var (lastLook, lastCheck): (Duration, Duration) = (.seconds(-1), .zero)
        var received: UInt64 = 0
        while !Task.isCancelled {
            let now = start.duration(to: .now)
            let status = pipeline.worker.status
            let frontiers = status.partitions.compactMap { part in part.frontier.map { (part.source, $0) } }
            progress.note(Dictionary(frontiers) { first, _ in first }, at: now)
            if now - lastLook >= Self.interval {
                let elapsed = (now - lastLook).inSeconds
                lastLook = now
                // What can't be had now is tried again next time.
                if let commits = try? await work.committed(job.definition.partitions) {
                    let offsets = Dictionary(commits.map { ($0.partition, $0.offset ?? 0) }) { first, _ in first }
                    progress.note(offsets, at: start.duration(to: .now))
                    let isFinished = job.definition.partitions.allSatisfy { partition in
                        job.isFinished(partition, committed: offsets[partition])
                    }
                    if isFinished { finish() }
                }
                if live.isAsked {
                    control.sample(
                        lag: await live.lag(),
                        speed: Double(status.counts.received &- received) / elapsed
                    )
                    pipeline.throttle.rate = control.rate
                }
                received = status.counts.received
                await explainGaps(marks)
                if now - lastCheck >= Self.definitionInterval {
                    lastCheck = now
                    if await !ReplayJob.isIntact(job, store) {
                        throw .failed(
                            "the definition of job \(job.name) was replaced while it ran: a process that started at the same"
                                + " time was held up; start it again to go on by the new definition"
                        )
                    }
                }
            }
            display.show(progress, rate: control.rate, isYielding: control.isYielding)
            guard (try? await Task.sleep(for: Self.glance)) != nil else { break }
        }
        let frontiers = pipeline.worker.status.partitions.compactMap { part in part.frontier.map { (part.source, $0) } }
        progress.note(Dictionary(frontiers) { first, _ in first }, at: start.duration(to: .now))
        display.finish(progress, rate: control.rate, isYielding: control.isYielding)
        await explainGaps(marks)
    }

    private func explainGaps(_ consumer: Consumer) async {
        for partition in pipeline.gaps.unexplained {
            guard let log = try? await consumer.watermarks(partition, timeout: Self.interval) else { continue }
            pipeline.gaps.explain(partition, beginning: log.low)
        }
        while consumer.nextEvent() != nil {}
    }

    private func finish() {
        let isFirst = state.withLock { state in
            defer { state.isFinished = true }
            return !state.isFinished
        }
        guard isFirst else { return }
        logger.info("all partitions of the job are finished")
        pipeline.worker.stop()
    }

    private func end(_ failure: CommandFailure) {
        state.withLock { $0.failure = failure }
        pipeline.worker.stop()
    }
}

/// How far a live group is behind, on the partitions of a job.
private struct LiveLag: Sendable {
    private let offsets: GroupOffsets?
    private let consumer: Consumer?
    private let partitions: [TopicPartition]

    private static let patience: Duration = .seconds(1)

    init(_ group: String?, _ settings: Settings, _ partitions: [TopicPartition]) throws(CommandFailure) {
        self.partitions = partitions
        guard let group else {
            (offsets, consumer) = (nil, nil)
            return
        }
        var settings = settings
        settings.kafka.reachTimeout = Self.patience
        offsets = try GroupOffsets(group, settings)
        consumer = try BrokerSurvey(settings).consumer
    }

    var isAsked: Bool { offsets != nil }

    /// Nil when the group has committed nothing, or nobody answers.
    func lag() async -> Int64? {
        guard let offsets, let consumer, let commits = try? await offsets.committed(partitions), !commits.isEmpty
        else { return nil }
        var lag: Int64 = 0
        for commit in commits {
            guard let marks = try? await consumer.watermarks(commit.partition, timeout: Self.patience) else {
                return nil
            }
            lag += max(0, marks.high - (commit.offset ?? marks.high))
        }
        while consumer.nextEvent() != nil {}
        return lag
    }
}
