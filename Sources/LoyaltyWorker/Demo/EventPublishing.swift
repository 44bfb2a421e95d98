import Foundation
import Kafka

/// Publishes generated events and looks at every delivery report.
struct EventPublishing {
    /// What became of the records.
    struct Outcome: Sendable {
        /// What the records must lead to.
        var books = ExpectedBooks()
        var acknowledged = 0
        var failed = 0
        var firstFailure: KafkaError?
        var seconds = 0.0
        /// Records in each partition, by its number.
        var partitions: [Int32: Int64] = [:]

        var recordsPerSecond: Double { seconds > 0 ? Double(acknowledged) / seconds : 0 }
    }

    /// Reports taken at a time, and records sent between two looks at the reports.
    private static let batch = 1000

    let producer: Producer
    /// The one that the producer was made with.
    let doorbell: Doorbell
    let topic: String
    /// Records a second; nil: as fast as they are taken. A record is sent, and has its timestamp, when it is due, however long those
    /// before it took.
    var rate: Double?
    /// The records' timestamps are spread evenly over so long, from `Moment.start` on; nil: the time of sending.
    var span: Duration?

    /// What a producer for many events is configured with, unless the user says otherwise: large compressed batches,
    /// which stay below the megabyte that brokers take by default.
    static func configuration(bootstrapServers: String, properties: [String: String] = [:]) -> Configuration {
        var configuration = Configuration(properties)
        configuration.set("bootstrap.servers", bootstrapServers)
        for (name, value) in [
            ("compression.codec", "lz4"), ("batch.size", "1000000"), ("batch.num.messages", "10000"),
            ("linger.ms", "20"),
            ("queue.buffering.max.messages", "100000"), ("queue.buffering.max.kbytes", "131072"),
        ] {
            configuration.setDefault(name, value)
        }
        return configuration
    }

    /// Publishes all events of `generator`.
    ///
    /// - Parameters:
    ///   - sent: called for each record in order, before it is sent.
    ///   - stored: called with a record's index and its place when the broker has acknowledged it.
    ///   - progress: called now and then.
    func publish(
        _ generator: EventGenerator,
        sent: (GeneratedRecord) -> Void = { _ in },
        stored: (Int, TopicPartition, Int64?) -> Void = { _, _, _ in },
        progress: (Outcome) -> Void = { _ in }
    ) async -> Outcome {
        var outcome = Outcome()
        let start = ContinuousClock.now
        let startedAt = Date.now.timeIntervalSince1970 * 1000
        func takeReports() -> Int {
            producer.reports(upTo: Self.batch) { report in
                switch report.result {
                case .success(let delivery):
                    outcome.acknowledged += 1
                    outcome.partitions[delivery.partition, default: 0] += 1
                    let partition = TopicPartition(topic: topic, partition: delivery.partition)
                    stored(Int(truncatingIfNeeded: report.token), partition, delivery.offset)
                case .failure(let error):
                    outcome.failed += 1
                    outcome.firstFailure = outcome.firstFailure ?? error
                }
            }
        }
        for record in generator {
            if let rate { await wait(for: record.index, rate: rate, since: start) }
            outcome.books.enter(record)
            sent(record)
            while let error = send(record, of: generator.mix.count, startedAt) {
                guard error.code == .queueFull else {
                    outcome.failed += 1
                    outcome.firstFailure = outcome.firstFailure ?? error
                    break
                }
                if takeReports() == 0 { await doorbell.wait() }
            }
            if record.index % Self.batch == 0 || rate != nil {
                _ = takeReports()
                outcome.seconds = (ContinuousClock.now - start).inSeconds
                progress(outcome)
            }
        }
        while outcome.acknowledged + outcome.failed < outcome.books.records {
            if takeReports() == 0 { await doorbell.wait() }
            outcome.seconds = (ContinuousClock.now - start).inSeconds
            progress(outcome)
        }
        outcome.seconds = (ContinuousClock.now - start).inSeconds
        return outcome
    }

    private func send(_ record: GeneratedRecord, of count: Int, _ startedAt: Double) -> KafkaError? {
        do throws(KafkaError) {
            try producer.send(
                OutgoingRecord(
                    topic: topic,
                    key: record.key,
                    value: record.value,
                    timestamp: timestamp(of: record, of: count, startedAt)
                ),
                token: UInt64(truncatingIfNeeded: record.index)
            )
            return nil
        } catch {
            return error
        }
    }

    /// - Parameter startedAt: in milliseconds since 1970.
    private func timestamp(of record: GeneratedRecord, of count: Int, _ startedAt: Double) -> Int64? {
        if let span {
            return Moment.start + Int64(span.inSeconds * 1000 * Double(record.index) / Double(max(count, 1)))
        }
        return rate.map { Int64(startedAt + Double(record.index) / $0 * 1000) }
    }

    private func wait(for index: Int, rate: Double, since start: ContinuousClock.Instant) async {
        let due = start + .seconds(Double(index) / rate)
        if due > .now { try? await Task.sleep(until: due) }
    }
}
