import Kafka
import Logging
import LoyaltyEvents
import Pipeline
import Stages

/// The worker of a replay: the same as that of live work, with a range for each partition, the job's group, stages that keep books,
/// and no dead-letter topic.
struct ReplayPipeline: Sendable {
    let worker: Worker
    let books = ReplayBooks()
    let gaps = LogGaps()
    let throttle: Throttle
    private let publisher: Publisher
    private let stages: LoyaltyStages
    private let filter: ReplayFilter

    init(
        _ job: ReplayJob,
        _ request: ReplayRequest,
        _ live: Settings,
        rate: Double?,
        logger: Logger
    ) throws(CommandFailure) {
        filter = request.filter
        throttle = Throttle(rate: rate)
        let settings = live.replaying(job.group)
        let prefetch = PrefetchRegime.decide(
            buffered: settings.limits.buffered,
            partitions: job.definition.ranges.count,
            properties: settings.kafka.properties
        )
        var configuration = settings.consumerConfiguration(prefetch: prefetch)
        // Where retention has deleted the position, the log's beginning is the next record of the range; the end never is.
        configuration.set("auto.offset.reset", "earliest")
        let kafkaLog = KafkaLog(logger: settings.log.logger("kafka"))
        let publisherDoorbell = Doorbell()
        let consumerDoorbell = Doorbell()
        let consumer: Consumer
        do throws(KafkaError) {
            let producer = try Producer(
                configuration: settings.producerConfiguration(),
                doorbell: publisherDoorbell,
                log: { kafkaLog.write($0) }
            )
            publisher = Publisher(producer: producer, doorbell: publisherDoorbell)
            consumer = try Consumer(
                configuration: configuration,
                topics: Set(job.definition.partitions.map(\.topic)).sorted(),
                doorbell: consumerDoorbell,
                log: { kafkaLog.write($0) }
            )
        } catch {
            throw .settings("Kafka can't be used with these settings: \(error.reason); check kafka.properties")
        }
        do throws(StagesError) {
            // The journal's scope is that of live work: what it has done is done.
            stages = try LoyaltyStages(
                live.stagesSettings(only: request.stages),
                publisher: publisher,
                logger: settings.log.logger("stages")
            )
        } catch {
            throw CommandFailure(error)
        }
        var worker = settings.workerSettings(untilEnd: false)
        worker.mode = .replay(mayNotify: request.mayNotify)
        worker.ranges = job.definition.ranges
        let books = books
        self.worker = Worker(
            settings: worker,
            consumer: consumer,
            doorbell: consumerDoorbell,
            publisher: publisher,
            stages: zip(stages.stages, [Route.notification, .publication])
                .map { BookedStage(stage: $0, route: $1, books: books) },
            throttle: throttle,
            listing: { books.list($0.record, $0.cause) },
            logger: logger
        )
    }

    /// Works until `stop`; then gives everything back.
    ///
    /// - Parameter watching: runs beside the worker, and is cancelled when that has ended.
    func run(watching: @escaping @Sendable () async -> Void) async throws(CommandFailure) -> WorkerReport {
        let (worker, publisher, stages, books, gaps, filter) = (worker, publisher, stages, books, gaps, filter)
        let result: Result<WorkerReport, WorkerError> = await withTaskGroup { group in
            group.addTask(name: "publisher") { await publisher.run() }
            group.addTask(name: "watch") { await watching() }
            let result: Result<WorkerReport, WorkerError>
            do throws(WorkerError) {
                result = .success(
                    try await worker.run {
                        ReplayIntake(stages.intake(counts: IntakeCounts()), filter: filter, books: books, gaps: gaps)
                    }
                )
            } catch {
                result = .failure(error)
            }
            publisher.close()
            group.cancelAll()
            await group.waitForAll()
            return result
        }
        await stages.close()
        switch result {
        case .success(let report): return report
        case .failure(let error): throw CommandFailure(error)
        }
    }
}

extension Settings {
    /// For the members of a job. Its group has nothing in common with the live one, so neither have its assignor, which must be the same
    /// for all members and safe everywhere, nor the static id.
    func replaying(_ group: String) -> Settings {
        var settings = self
        settings.kafka.group = group
        settings.kafka.assignor = .range
        settings.kafka.groupInstanceID = nil
        return settings
    }

    /// The stages' settings without the sinks of stages that a replay leaves out.
    func stagesSettings(only route: Route) -> StagesSettings {
        var stages = stagesSettings()
        if !route.contains(.notification) { stages.notification.sink = .none }
        if !route.contains(.publication) { stages.publication.sink = .none }
        return stages
    }

    /// The stages among `route` that have a sink.
    func active(_ route: Route) -> Route {
        var active = route
        if notification.sink == .none { active.remove(.notification) }
        if publication.sink == .none { active.remove(.publication) }
        return active
    }
}
