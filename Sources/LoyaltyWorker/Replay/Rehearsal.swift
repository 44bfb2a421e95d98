import Foundation
import Kafka
import LoyaltyEvents
import Pipeline
import Stages

/// A dry run: reads and decodes everything in range, asks the journal, and tells what the replay would do. Joins no group, touches no
/// sink, writes nothing.
struct Rehearsal {
    let job: ReplayJob
    let request: ReplayRequest
    let settings: Settings
    let rate: Double?
    let hasPartitions: Bool

    /// Events that are asked for in the journal at once.
    private static let batch = 1000
    /// Without any record or end of a partition for so long, the broker has gone.
    private static let silence: Duration = .seconds(30)

    private struct Reading {
        let queue: PartitionQueue
        var position: Int64
        let end: Int64
        var isAtEnd = false
    }

    func run() async throws(CommandFailure) -> ReplayReport {
        let journal = try openJournal()
        let outcome: Result<ReplayReport, CommandFailure>
        do throws(CommandFailure) {
            outcome = .success(try await rehearse(journal))
        } catch {
            outcome = .failure(error)
        }
        await journal?.close()
        return try outcome.get()
    }

    private func rehearse(_ journal: Journal?) async throws(CommandFailure) -> ReplayReport {
        let books = ReplayBooks()
        let gaps = LogGaps()
        let active = settings.active(request.stages)
        // Also when notifications are no part of the job: what permission would send is to be told.
        let seen = active.union(settings.active(.notification))
        let intake = ReplayIntake(
            LoyaltyIntake(payloadLimit: settings.limits.payload, active: seen, counts: IntakeCounts()),
            filter: request.filter,
            books: books,
            gaps: gaps
        )
        var forecast = Forecast(
            journal: journal,
            scope: settings.kafka.group,
            remembers: settings.journal != .none,
            maxAge: settings.notification.maxAge,
            now: .now(),
            active: active,
            seen: seen,
            mayNotify: request.mayNotify,
            books: books
        )
        var display = ReplayDisplay(hasPartitions: hasPartitions)
        var progress = ReplayProgress(job)
        let start = ContinuousClock.now
        var first: ContinuousClock.Instant?
        var missing: UInt64 = 0
        var failure: KafkaError?
        do throws(KafkaError) {
            let doorbell = Doorbell()
            let consumer = try consumer(doorbell)
            let ticks = Task {
                while (try? await Task.sleep(for: .milliseconds(20))) != nil { doorbell.ring() }
            }
            defer { ticks.cancel() }
            var readings = try await open(consumer, &missing)
            let throttle = Throttle(rate: rate)
            var lastNews = ContinuousClock.now
            while readings.contains(where: { !$0.isAtEnd }) {
                while let event = consumer.nextEvent() {
                    if case .failure(let error) = event, error.isFatal { throw error }
                }
                var taken = 0
                let allowance = throttle.allowance(at: start.duration(to: .now))
                for index in readings.indices where !readings[index].isAtEnd {
                    let room = min(Self.batch, allowance - taken)
                    taken += take(&readings[index], room, intake, &forecast)
                    if forecast.count >= Self.batch { try await forecast.settle() }
                }
                throttle.spend(taken)
                let now = ContinuousClock.now
                progress.note(
                    Dictionary(readings.map { ($0.queue.partition, $0.position) }) { first, _ in first },
                    at: start.duration(to: now)
                )
                display.show(progress, rate: rate, isYielding: false)
                if taken > 0 {
                    lastNews = now
                    if first == nil { first = now }
                    continue
                }
                guard now - lastNews < Self.silence || allowance == 0 else {
                    throw KafkaError(.timedOut, "no record came for \(Quantity.text(Self.silence))")
                }
                if readings.contains(where: { !$0.isAtEnd }) { await doorbell.wait() }
            }
            try await forecast.settle()
            for partition in gaps.unexplained {
                let log = try await consumer.watermarks(partition, timeout: settings.kafka.reachTimeout)
                gaps.explain(partition, beginning: log.low)
            }
            for reading in readings { reading.queue.close() }
            try consumer.unassign()
        } catch {
            failure = error
        }
        display.finish(progress, rate: rate, isYielding: false)
        if let failure { throw .unreachable("the range could not be read: \(failure.reason)") }
        let seconds = first.map { $0.duration(to: .now).inSeconds } ?? 0
        return ReplayReport(
            job,
            WorkerReport(counts: forecast.counts, seconds: seconds, hasReachedEnd: true),
            books: books.snapshot,
            missing: missing &+ UInt64(clamping: gaps.deleted),
            isRehearsal: true
        )
    }

    /// Takes records out of one partition's queue.
    private func take(
        _ reading: inout Reading,
        _ room: Int,
        _ intake: ReplayIntake,
        _ forecast: inout Forecast
    ) -> Int {
        var next = reading.position
        let end = reading.end
        let partition = reading.queue.partition
        let count = reading.queue.receive(upTo: room) { message in
            if let error = message.error {
                if error.code == .partitionEOF { next = max(next, end) }
            } else if message.offset >= end {
                next = end
            } else if message.offset >= next {
                next = message.offset + 1
                let record = message.record(of: partition)
                forecast.add(record, intake.receive(record))
            }
        }
        reading.position = next
        reading.isAtEnd = next >= end
        return count
    }

    private func open(_ consumer: Consumer, _ missing: inout UInt64) async throws(KafkaError) -> [Reading] {
        var readings: [Reading] = []
        var positions: [StartOffset] = []
        for partition in job.definition.partitions {
            guard let range = job.definition.ranges[partition], !range.isEmpty else { continue }
            let log = try await consumer.watermarks(partition, timeout: settings.kafka.reachTimeout)
            let position = min(max(range.lowerBound, log.low), range.upperBound)
            missing &+= UInt64(clamping: position - range.lowerBound)
            guard position < range.upperBound else { continue }
            readings.append(
                Reading(queue: try consumer.open(partition), position: position, end: range.upperBound)
            )
            positions.append(StartOffset(partition, at: .offset(position)))
        }
        if !positions.isEmpty { try consumer.assign(positions) }
        return readings
    }

    private func consumer(_ doorbell: Doorbell) throws(KafkaError) -> Consumer {
        var configuration = settings.replaying(job.group).surveyConfiguration()
        configuration.set("enable.partition.eof", "true")
        configuration.set("auto.offset.reset", "earliest")
        return try Consumer(configuration: configuration, topics: [], doorbell: doorbell, log: { _ in })
    }

    /// For looking only; nil when there is none yet.
    private func openJournal() throws(CommandFailure) -> Journal? {
        guard case .sqlite(let path) = settings.journal, FileManager.default.fileExists(atPath: path) else {
            return nil
        }
        do throws(JournalError) {
            return try Journal.open(path: path, readOnly: true)
        } catch {
            throw .unreachable("\(error); check journal.url")
        }
    }
}
