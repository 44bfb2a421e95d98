import Foundation
import Kafka
import Logging
import Pipeline
import Stages

/// A whole worker made from settings: consumer, producer, stages with their journal, and the worker that drives them.
struct LoyaltyPipeline: Sendable {
    let worker: Worker
    let prefetch: PrefetchRegime
    private let settings: Settings
    private let publisher: Publisher
    private let stages: LoyaltyStages
    private let counts = IntakeCounts()
    /// Nil when nobody can look at the lag.
    private let ends: PartitionEnds?
    private let startedAt = Date.now

    /// Opens the journal and makes the Kafka clients. They connect by themselves, so no broker need be there.
    ///
    /// - Parameter partitions: of all topics together, for sharing out the memory; nil when unknown.
    init(_ settings: Settings, untilEnd: Bool, partitions: Int?, logger: Logger) throws(CommandFailure) {
        _ = try settings.requiredBootstrapServers()
        self.settings = settings
        ends = settings.admin.port.map { _ in PartitionEnds(settings) }
        prefetch = .decide(
            buffered: settings.limits.buffered,
            partitions: partitions ?? Self.assumedPartitions,
            properties: settings.kafka.properties
        )
        let kafkaLog = KafkaLog(logger: settings.log.logger("kafka"))
        let publisherDoorbell = Doorbell()
        let consumerDoorbell = Doorbell()
        let isTransactional = settings.kafka.delivery == .transactions
        let transactions: Transactions?
        let consumer: Consumer
        do throws(KafkaError) {
            let producer = try Producer(
                configuration: isTransactional
                    ? settings.transactionalConfiguration() : settings.producerConfiguration(),
                doorbell: publisherDoorbell,
                log: { kafkaLog.write($0) }
            )
            publisher = Publisher(producer: producer, doorbell: publisherDoorbell)
            transactions = isTransactional ? Transactions(of: producer) : nil
            consumer = try Consumer(
                configuration: settings.consumerConfiguration(prefetch: prefetch),
                topics: settings.kafka.topics,
                doorbell: consumerDoorbell,
                log: { kafkaLog.write($0) }
            )
        } catch {
            throw .settings("Kafka can't be used with these settings: \(error.reason); check kafka.properties")
        }
        do throws(StagesError) {
            stages = try LoyaltyStages(
                settings.stagesSettings(),
                publisher: publisher,
                logger: settings.log.logger("stages")
            )
        } catch {
            throw CommandFailure(error)
        }
        worker = Worker(
            settings: settings.workerSettings(untilEnd: untilEnd),
            consumer: consumer,
            doorbell: consumerDoorbell,
            publisher: publisher,
            transactions: transactions,
            stages: stages.stages,
            logger: logger
        )
        logger.info(
            "\(prefetch.description)",
            metadata: [
                "librdkafka": "\(LibraryVersion.current)", "partitions": "\(partitions.map { "\($0)" } ?? "unknown")",
            ]
        )
    }

    /// Works until `stop`, or to the end when made so; then gives everything back.
    ///
    /// - Parameter ending: called when the work is over and only giving back is left.
    func run(ending: @escaping @Sendable () -> Void = {}) async throws(CommandFailure) -> RunReport {
        let (worker, publisher, stages, counts, ends) = (worker, publisher, stages, counts, ends)
        let result: Result<WorkerReport, WorkerError> = await withTaskGroup { group in
            group.addTask(name: "publisher") {
                await publisher.run()
            }
            group.addTask(name: "ends") {
                await ends?.run { worker.status.partitions.map(\.source) }
            }
            let result: Result<WorkerReport, WorkerError>
            do throws(WorkerError) {
                result = .success(try await worker.run { stages.intake(counts: counts) })
            } catch {
                result = .failure(error)
            }
            ending()
            publisher.close()
            group.cancelAll()
            await group.waitForAll()
            return result
        }
        await stages.close()
        switch result {
        case .success(let report): return RunReport(report)
        case .failure(let error): throw CommandFailure(error)
        }
    }

    /// Asks for drain, commit and leave; any thread, as often as one likes.
    func stop() {
        worker.stop()
    }

    /// What the admin server and progress displays show; any thread.
    func snapshot() -> WorkerSnapshot {
        WorkerSnapshot(
            status: worker.status,
            intake: counts.snapshot,
            group: settings.kafka.group,
            topics: settings.kafka.topics,
            ordering: settings.ordering.rawValue,
            prefetch: prefetch.description,
            startedAt: startedAt,
            takenAt: .now,
            residentBytes: ResidentMemory.current,
            ends: ends?.latest ?? [:]
        )
    }

    /// For sharing out memory while nobody knows.
    private static let assumedPartitions = 16
}

extension CommandFailure {
    init(_ error: StagesError) {
        switch error {
        case .setting: self = .settings("\(error)")
        case .journal: self = .unreachable("\(error)")
        }
    }

    init(_ error: WorkerError) {
        switch error {
        case .consumerFailed, .transactionFailed, .halted: self = .failed("\(error)")
        case .notJoined: self = .unreachable("\(error)")
        }
    }
}
