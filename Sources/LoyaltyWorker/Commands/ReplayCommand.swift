import ArgumentParser
import Kafka
import Logging
import LoyaltyEvents
import Stages

/// `loyalty-worker replay`
struct ReplayCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "replay",
        abstract: "Goes through old records again, in a group of its own while live work goes on.",
        discussion: """
            Effects that the live group's journal knows are not brought about again. Notifications are suppressed unless --notify is \
            given, and are not recorded as sent then. Nothing is written to the dead-letter topic: what can't be replayed is listed.

            \(ReplayReport.help)

            \(Setting.help)
            """
    )

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp("Where to begin: \(ReplayBound.allowed).", valueName: "time")
    )
    var from: String?

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp("Where to end, exclusive; the same forms. Default: latest.", valueName: "time")
    )
    var to: String?

    @Option(help: ArgumentHelp("Begin at offsets: P:O,… for partition P and offset O.", valueName: "list"))
    var fromOffsets: String?

    @Option(help: ArgumentHelp("End before offsets: P:O,…", valueName: "list"))
    var toOffsets: String?

    @Option(help: ArgumentHelp("Only these partitions, such as 0,3-5.", valueName: "list"))
    var partitions: String?

    @Option(help: ArgumentHelp("Only events of: \(ReplayFilter.allowed).", valueName: "list"))
    var filter: [String] = []

    @Option(help: ArgumentHelp("publication, notification, or both with a comma.", valueName: "list"))
    var stages = "publication"

    @Flag(help: "Send notifications that were not sent before and are not older than notification.maxAge.")
    var notify = false

    @Option(
        help: ArgumentHelp(
            "At most so many records a second, N or N/s. Yields to kafka.group, unless --yield-to says otherwise.",
            valueName: "rate"
        )
    )
    var rate: String?

    @Option(help: ArgumentHelp("Slow down while the lag of this group grows; none: never.", valueName: "group"))
    var yieldTo: String?

    @Option(
        help: ArgumentHelp(
            "Name of the job: processes with the same name share the work, and a later one goes on where it stopped.",
            valueName: "name"
        )
    )
    var job: String?

    @Flag(help: "Only tell what would be done.")
    var dryRun = false

    @Flag(help: "Refuse a range that is not wholly in the log.")
    var strict = false

    @Flag(help: "Show the progress of each partition.")
    var progressPartitions = false

    @Flag(help: "Print the report as one JSON object, the last line on stdout.")
    var json = false

    @OptionGroup var options: SettingsOptions

    func validate() throws {
        for (option, text) in [("--from", from), ("--to", to)] {
            if let text, ReplayBound(text) == nil {
                throw ValidationError("\(option) takes \(ReplayBound.allowed), not \(text)")
            }
        }
        for (option, text) in [("--from-offsets", fromOffsets), ("--to-offsets", toOffsets)] {
            if let text, PartitionList.offsets(text) == nil {
                throw ValidationError("\(option) takes P:O,… such as 0:100,1:250, not \(text)")
            }
        }
        if let partitions, PartitionList.numbers(partitions) == nil {
            throw ValidationError("--partitions takes a list such as 0,3-5, not \(partitions)")
        }
        guard from != nil || fromOffsets != nil else {
            throw ValidationError(
                "say where to begin: --from TIME or --from-offsets P:O,…; --from earliest is everything"
            )
        }
        guard ReplayFilter(filter) != nil else { throw ValidationError("--filter takes \(ReplayFilter.allowed)") }
        guard let route = Self.route(stages) else {
            throw ValidationError("--stages takes publication, notification, or both with a comma, not \(stages)")
        }
        if notify, !route.contains(.notification) {
            throw ValidationError("--notify needs the stage: --stages notification,publication")
        }
        if let rate, Self.rate(rate) == nil { throw ValidationError("--rate takes N or N/s from 0.1 on, not \(rate)") }
        if let job, ReplayJobName(job) == nil { throw ValidationError("--job takes \(ReplayJobName.allowed)") }
    }

    func run() async throws {
        let settings = try options.read()
        guard settings.kafka.delivery == .atLeastOnce else {
            throw CommandFailure.settings(
                "kafka.delivery: transactions are for `run` only; a replay needs --kafka-delivery at-least-once"
            )
        }
        _ = try settings.requiredBootstrapServers()
        let logger = settings.log.logger("replay")
        for warning in settings.warnings { logger.warning("\(warning)") }
        let request = try request(settings)
        let name =
            job.flatMap { ReplayJobName($0) }
            ?? ReplayJobName(at: UTCTime.now().iso8601, random: .random(in: 0 ... .max))
        let job = try await ReplayJob.settle(name, request, settings, isStrict: strict, isRehearsal: dryRun)
        introduce(job, request, logger)
        let report: ReplayReport
        if dryRun {
            report = try await Rehearsal(
                job: job,
                request: request,
                settings: settings,
                rate: rate.flatMap(Self.rate),
                hasPartitions: progressPartitions
            )
            .run()
        } else {
            report = try await ReplayRun(
                job: job,
                request: request,
                settings: settings,
                rate: rate.flatMap(Self.rate),
                yieldTo: yieldGroup(settings),
                hasPartitions: progressPartitions,
                logger: logger
            )
            .run()
        }
        Terminal.print(json ? report.json : report.text)
        if let failure = report.failure { throw failure }
    }

    private func introduce(_ job: ReplayJob, _ request: ReplayRequest, _ logger: Logger) {
        for remark in job.remarks { logger.warning("\(remark)") }
        if request.stages.contains(.notification), !request.mayNotify {
            logger.info("notifications are suppressed; --notify sends them")
        }
        let offsets = "\(job.definition.total) offsets in \(job.definition.ranges.count) partitions"
        if dryRun { return logger.info("dry run over \(offsets)") }
        logger.info(
            "job \(job.name): \(offsets)\(job.isResumed ? ", going on where it stopped" : "")",
            metadata: ["job": "\(job.name)", "group": "\(job.group)", "definition": "\(job.definition.digest)"]
        )
    }

    private func request(_ settings: Settings) throws(CommandFailure) -> ReplayRequest {
        let isByPartition = fromOffsets != nil || toOffsets != nil || partitions != nil
        if isByPartition, settings.kafka.hasPattern || settings.kafka.topics.count != 1 {
            throw .usage("partitions and offsets are those of one topic; give --kafka-topic NAME")
        }
        var request = ReplayRequest(topics: settings.kafka.topics)
        request.from = from.flatMap { ReplayBound($0) }
        request.to = to.flatMap { ReplayBound($0) }
        request.texts = (from, to)
        request.fromOffsets = fromOffsets.flatMap(PartitionList.offsets) ?? [:]
        request.toOffsets = toOffsets.flatMap(PartitionList.offsets) ?? [:]
        request.partitions = partitions.flatMap(PartitionList.numbers)
        request.filter = ReplayFilter(filter) ?? .none
        request.stages = Self.route(stages) ?? .publication
        request.mayNotify = notify
        let now = UTCTime.now()
        if let from = request.from?.time(at: now), let to = request.to?.time(at: now), to < from {
            throw .usage("--to (\(to.iso8601)) is before --from (\(from.iso8601))")
        }
        guard !settings.active(request.stages).isEmpty else {
            throw .settings(
                "none of the stages \(request.stages) has a sink; set publication.sink or notification.sink"
            )
        }
        return request
    }

    /// A rate says that live work comes first.
    private func yieldGroup(_ settings: Settings) -> String? {
        switch yieldTo {
        case "none": nil
        case let group?: group
        case nil: rate == nil ? nil : settings.kafka.group
        }
    }

    private static func route(_ text: String) -> Route? {
        var route: Route = []
        for name in text.split(separator: ",", omittingEmptySubsequences: false) {
            switch name.trimmed {
            case "notification": route.insert(.notification)
            case "publication": route.insert(.publication)
            default: return nil
            }
        }
        return route
    }

    private static func rate(_ text: String) -> Double? {
        let number = text.hasSuffix("/s") ? text.dropLast(2) : text[...]
        return Double(number.trimmed).flatMap { (0.1...100_000_000).contains($0) ? $0 : nil }
    }
}
