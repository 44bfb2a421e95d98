import Foundation
import Kafka
import Logging
import Pipeline
import UnixSignals

/// One redrive, from the first look to the report.
///
/// Killed at any point and run again, it leaves nothing out: a letter counts as redriven only when the broker has acknowledged
/// it, and `batch` letters at most are published again.
struct RedriveRun {
    /// Letters that are published between two records of progress.
    static let batch = 200
    /// Looks for what was parked meanwhile, the first look included.
    static let maxRounds = 10
    /// Bytes that a batch may have, beyond its first letter.
    private static let batchBytes = 16 << 20
    /// How long the worker may take to get to the end of what was redriven, as long as it moves.
    private static let settling: Duration = .seconds(60)

    let settings: Settings
    let filter: LetterFilter
    let maxRedrives: Int
    let rate: Double?
    let isDryRun: Bool
    let follows: Bool
    /// The letters are given up for good: they take their turn in the order of their keys, and no stage of them runs.
    var isDiscarding = false
    let logger: Logger

    /// - Throws: when nothing could be begun. What goes wrong later is in the report.
    func run() async throws(CommandFailure) -> RedriveReport {
        let start = ContinuousClock.now
        let pace = Pace(rate: rate)
        let result: Result<RedriveReport, CommandFailure> = await withTaskGroup { group in
            group.addTask(name: "signals") { await obeySignals(pace) }
            let result: Result<RedriveReport, CommandFailure>
            do throws(CommandFailure) {
                result = .success(try await work(pace))
            } catch {
                result = .failure(error)
            }
            group.cancelAll()
            return result
        }
        var report = try result.get()
        report.seconds = (ContinuousClock.now - start).inSeconds
        report.wasStopped = pace.isStopped
        return report
    }

    private func work(_ pace: Pace) async throws(CommandFailure) -> RedriveReport {
        let office = try await DeadLetterOffice(settings, filter: filter)
        defer { office.close() }
        for name in office.missing { Terminal.printError(LetterNotes.missing(name)) }
        var progress = ProgressLine()
        try await office.look { count throws(KafkaError) in
            if pace.isStopped { throw KafkaError(.destroyed, "stopped before anything was redriven") }
            progress.show("dead-letters: \(count) letters read")
        }
        progress.end()
        if let note = LetterNotes.memory(office.index.letters.count) { Terminal.printError(note) }
        for note in try await office.restore() { Terminal.printError("dead-letters: \(note)") }
        var report = RedriveReport(isDryRun: isDryRun, isDiscard: isDiscarding)
        report.count(office.index)
        let plan = RedrivePlan(office.index, limit: maxRedrives)
        report.count(plan)
        tell(plan, office)
        guard !isDryRun else {
            report.redriven = plan.order.count
            report.keys = plan.keys
            for number in plan.order { report.reasons[LetterGroup(office.index.letters[number]), default: 0] += 1 }
            if isDiscarding {
                for number in plan.order { Terminal.printError("would discard: \(office.description(of: number))") }
                report.behind = office.index.waiting(with: plan.order) - plan.order.count
            }
            return report
        }
        guard !plan.order.isEmpty else { return report }
        return try await redrive(plan, office, report, pace)
    }

    private func redrive(
        _ plan: RedrivePlan,
        _ office: DeadLetterOffice,
        _ report: RedriveReport,
        _ pace: Pace
    ) async throws(CommandFailure) -> RedriveReport {
        let doorbell = Doorbell()
        let log = KafkaLog(logger: logger)
        let publisher: Publisher
        do throws(KafkaError) {
            var configuration = settings.producerConfiguration()
            // Each key waits for every acknowledgement: nothing is gained by waiting for more to send.
            configuration.setDefault("linger.ms", "0")
            publisher = Publisher(
                producer: try Producer(configuration: configuration, doorbell: doorbell, log: { log.write($0) }),
                doorbell: doorbell
            )
        } catch {
            throw .settings("Kafka can't be used with these settings: \(error.reason); check kafka.properties")
        }
        return await withTaskGroup { group in
            group.addTask(name: "publisher") { await publisher.run() }
            let publishing = RedrivePublishing(publisher: publisher, pace: pace, isDiscarding: isDiscarding)
            var rounds = RedriveRounds(run: self, office: office, publishing: publishing)
            rounds.report = report
            do throws(CommandFailure) {
                try await rounds.work(plan)
            } catch {
                rounds.report.error = error
            }
            if isDiscarding { rounds.report.behind = office.index.waiting(with: plan.order) }
            publisher.close()
            return rounds.report
        }
    }

    /// Letters of the next batch: the first of `order`, as many as may be between two records of progress.
    func batch(of order: ArraySlice<Int>, _ index: LetterIndex, room: Int) -> ArraySlice<Int> {
        // A slow redrive records its progress about once a second.
        let limit = min(Self.batch, room, rate.map { max(1, Int(min($0, Double(Self.batch)))) } ?? .max)
        var bytes = 0
        let count = order.prefix(max(0, limit))
            .prefix { number in
                bytes += index.letters[number].byteCount
                return bytes <= Self.batchBytes || number == order.first
            }
            .count
        return order.prefix(count)
    }

    /// Waits until the worker has got to the end of what was redriven; false when it does not.
    func settle(_ sources: Set<TopicPartition>, _ pace: Pace) async -> Bool {
        guard let consumer = try? BrokerSurvey(settings).consumer else { return false }
        let patience = settings.commitInterval * 2 + .seconds(4)
        var ends: [TopicPartition: Int64] = [:]
        for source in sources {
            guard let marks = try? await consumer.watermarks(source, timeout: settings.kafka.reachTimeout) else {
                return false
            }
            ends[source] = marks.high
        }
        let limit = ContinuousClock.now + Self.settling
        var seen: [TopicPartition: Int64] = [:]
        var deadline = ContinuousClock.now + patience
        while !pace.isStopped, .now < min(deadline, limit) {
            while consumer.nextEvent() != nil {}
            let committed = try? await consumer.committed(Array(ends.keys), timeout: settings.kafka.reachTimeout)
            for offset in committed ?? [] where offset.offset ?? -1 > seen[offset.partition] ?? -1 {
                seen[offset.partition] = offset.offset
                deadline = .now + patience
            }
            if ends.allSatisfy({ seen[$0.key] ?? -1 >= $0.value }) { return true }
            try? await Task.sleep(for: .milliseconds(200))
        }
        return false
    }

    /// For what is on its way when it is stopped: with the brokers away it may never be acknowledged.
    private static let stopPatience: Duration = .seconds(30)

    /// Refusals that are shown.
    private static let shownRefusals = 10

    private func tell(_ plan: RedrivePlan, _ office: DeadLetterOffice) {
        for (number, refusal) in plan.refused.prefix(Self.shownRefusals) {
            let letter = office.index.letters[number]
            let reason =
                switch refusal {
                case .redriveLimit: "it was redriven \(letter.redrives) times"
                case .overtaking(let other):
                    "\(isDiscarding ? "it waits behind" : "it would overtake") \(office.place(of: other)), which "
                        + (office.index.letters[other].matches
                            ? "was redriven \(office.index.letters[other].redrives) times" : "the filter leaves out")
                }
            Terminal.printError("refused: \(office.place(of: number)), key \(letter.keyTag ?? "none"): \(reason)")
        }
        let rest = plan.refused.count - Self.shownRefusals
        if rest > 0 { Terminal.printError("refused: \(rest) more") }
    }

    private func obeySignals(_ pace: Pace) async {
        var signals = StopSignals()
        for await signal in await UnixSignalsSequence(trapping: .sigterm, .sigint) {
            switch signals.answer(at: .now) {
            case .stop:
                Terminal.printError("dead-letters: \(signal): recording what was redriven; a second one leaves at once")
                pace.stop()
                ExitWatchdog.arm(Self.stopPatience, for: "the brokers did not acknowledge the last letters")
            case .ignore: break
            case .leave: _exit(CommandFailure.Status.failed.rawValue)
            }
        }
    }
}

extension RedriveReport {
    fileprivate mutating func count(_ index: LetterIndex) {
        read = index.letters.count
        (alreadyRedriven, superseded, foreign) = (0, 0, 0)
        for number in index.letters.indices {
            switch index.state(of: number) {
            case .waiting: break
            case .redriven: alreadyRedriven += 1
            case .superseded: superseded += 1
            case .foreign: foreign += 1
            }
        }
    }
}

/// What is said about the topics besides results.
enum LetterNotes {
    static func missing(_ topic: String) -> String {
        "dead-letters: there is no topic \(topic): nothing has died yet, or kafka.deadLetterTopic names another"
    }

    /// Letters from which on the memory is worth a word.
    private static let many = 200_000
    /// What the index needs for one, about.
    private static let bytesPerLetter = 800

    static func memory(_ count: Int) -> String? {
        guard count >= many else { return nil }
        return "dead-letters: \(count) letters, which take about \(count * bytesPerLetter >> 20) MiB of memory"
    }
}
