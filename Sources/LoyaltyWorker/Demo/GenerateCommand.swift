import ArgumentParser
import Kafka

/// The options that say what events to generate.
struct MixOptions: ParsableArguments {
    @Option(help: "Customers to spread the events over: a few get many, many get few (Zipf).")
    var customers = 1000

    @Flag(help: "Spread the events evenly over the customers instead.")
    var even = false

    @Option(help: ArgumentHelp("Share of the accruals that come with a publication (0 to 1).", valueName: "share"))
    var publicationShare = 0.2

    @Option(help: ArgumentHelp("Seed: the same seed gives the same records, byte for byte.", valueName: "number"))
    var seed: UInt64 = 1

    func validate() throws {
        guard (1...10_000_000).contains(customers) else {
            throw ValidationError("--customers takes 1 to 10000000, not \(customers)")
        }
        try Share.check("--publication-share", publicationShare)
    }
}

/// Shares on the command line.
enum Share {
    static func check(_ option: String, _ value: Double) throws {
        guard (0...1).contains(value) else {
            throw ValidationError("\(option) takes a number from 0 to 1, not \(value)")
        }
    }
}

/// `loyalty-worker generate`
struct GenerateCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "generate",
        abstract: "Publishes realistic events and checks that each was acknowledged.",
        discussion: """
            Of the settings it uses kafka.bootstrapServers, kafka.topic (one topic), kafka.properties, kafka.reachTimeout \
            and log.*, as --kafka-bootstrap-servers HOST:PORT and so on; "loyalty-worker run --help" tells their meaning.

            The last line says what a worker must make of the events: accepted, ignored, dead letters, notifications (distinct \
            accruals) and publications (distinct ones).
            """
    )

    @Option(help: "Records to publish.")
    var count = 1000

    @Option(
        help: ArgumentHelp(
            "Records a second; without it as fast as the broker takes them. The timestamps are then the times at which they were due.",
            valueName: "number"
        )
    )
    var rate: Double?

    @OptionGroup var mix: MixOptions

    @Option(help: ArgumentHelp("Share of the records that are broken in one of many ways.", valueName: "share"))
    var malformedShare = 0.0

    @Option(help: ArgumentHelp("Share of the records that deliver an earlier accrual again.", valueName: "share"))
    var duplicateShare = 0.0

    @Option(help: ArgumentHelp("Share of the records of other types, tombstones among them.", valueName: "share"))
    var otherTypeShare = 0.0

    @Option(
        help: ArgumentHelp(
            "Spread the records' timestamps evenly over so long, from 2025-06-01T00:00:00Z on, as in 7d. Without it they are the time of sending.",
            valueName: "duration"
        )
    )
    var span: String?

    @Flag(help: "One JSON object as the last line.")
    var json = false

    @OptionGroup var options: SettingsOptions

    func validate() throws {
        guard (1...1_000_000_000).contains(count) else {
            throw ValidationError("--count takes 1 to 1000000000, not \(count)")
        }
        if let rate, !(0.001...10_000_000).contains(rate) { throw ValidationError("--rate takes 0.001 to 10000000") }
        if let span, Quantity.duration(span) == nil {
            throw ValidationError("--span takes a duration such as 7d, not \(span)")
        }
        try Share.check("--malformed-share", malformedShare)
        try Share.check("--duplicate-share", duplicateShare)
        try Share.check("--other-type-share", otherTypeShare)
        try Share.check("the sum of --malformed-share, --duplicate-share and --other-type-share", shares)
    }

    func run() async throws {
        let settings = try options.read()
        let servers = try settings.requiredBootstrapServers()
        guard settings.kafka.topics.count == 1, !settings.kafka.hasPattern, let topic = settings.kafka.topics.first
        else { throw CommandFailure.settings("kafka.topic: generate writes to one topic; give --kafka-topic NAME") }
        let log = KafkaLog(logger: settings.log.logger("generate"))
        let doorbell = Doorbell()
        let producer: Producer
        do {
            producer = try Producer(
                configuration: EventPublishing.configuration(
                    bootstrapServers: servers,
                    properties: settings.kafka.properties.forProducer
                ),
                doorbell: doorbell,
                log: { log.write($0) }
            )
        } catch {
            throw CommandFailure.settings("kafka: \(error)")
        }
        survey: do throws(KafkaError) {
            _ = try await producer.partitions(of: topic, timeout: settings.kafka.reachTimeout)
        } catch {
            guard error.code != .unknownTopicOrPartition else {
                Terminal.printError("generate: there is no topic \(topic) yet; the broker is asked to make it")
                break survey
            }
            throw CommandFailure.unreachable(
                "\(servers) gives no answer about the topic \(topic): \(error); is the broker up?"
            )
        }
        let outcome = await publish(to: topic, producer: producer, doorbell: doorbell)
        report(outcome, topic: topic)
        if outcome.failed > 0 {
            let reason = outcome.firstFailure.map { "\($0)" } ?? "no reason given"
            throw CommandFailure.failed(
                "\(outcome.failed) of \(outcome.books.records) records were not acknowledged, the first because: \(reason)"
            )
        }
    }

    private var shares: Double { malformedShare + duplicateShare + otherTypeShare }

    private var eventMix: EventMix {
        EventMix(
            count: count,
            customers: mix.customers,
            isEven: mix.even,
            publicationShare: mix.publicationShare,
            malformedShare: malformedShare,
            duplicateShare: duplicateShare,
            otherTypeShare: otherTypeShare,
            seed: mix.seed
        )
    }

    private func publish(to topic: String, producer: Producer, doorbell: Doorbell) async -> EventPublishing.Outcome {
        var publishing = EventPublishing(producer: producer, doorbell: doorbell, topic: topic, rate: rate)
        publishing.span = span.flatMap { Quantity.duration($0) }
        var progress = ProgressLine()
        let total = count
        let outcome = await publishing.publish(
            EventGenerator(eventMix),
            progress: { outcome in
                progress.show(
                    "generate: \(outcome.acknowledged) of \(total) acknowledged, \(Int(outcome.recordsPerSecond)) records/s"
                )
            }
        )
        progress.end()
        return outcome
    }

    private func report(_ outcome: EventPublishing.Outcome, topic: String) {
        let books = outcome.books
        let speed = outcome.recordsPerSecond.rounded(to: 1)
        guard json else {
            Terminal.print(
                """
                \(outcome.acknowledged) records acknowledged in \(topic) (\(books.bytes) bytes) in \
                \(outcome.seconds.rounded(to: 2)) s, \(speed) records/s
                expected: \(books.accepted) accepted, \(books.ignored) ignored, \(books.deadLetters) dead letters, \
                \(books.notifications) notifications, \(books.publications) publications
                """
            )
            return
        }
        let report = JSONValue.object([
            ("produced", JSONValue(outcome.acknowledged)),
            ("failed", JSONValue(outcome.failed)),
            ("bytes", JSONValue(books.bytes)),
            ("seconds", .number(outcome.seconds.rounded(to: 3))),
            ("records_per_second", .number(speed)),
            ("seed", .text(String(mix.seed))),
            ("expected", books.json),
        ])
        Terminal.print(report.line)
    }
}

extension ExpectedBooks {
    /// What a worker must make of the records.
    var json: JSONValue {
        .object([
            ("accepted", JSONValue(accepted)),
            ("ignored", JSONValue(ignored)),
            ("dead_letters", JSONValue(deadLetters)),
            ("notifications", JSONValue(notifications)),
            ("publications", JSONValue(publications)),
        ])
    }
}
