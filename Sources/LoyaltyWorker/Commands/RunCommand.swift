import ArgumentParser
import Foundation
import Kafka
import Logging
import Pipeline

/// `loyalty-worker run`
struct RunCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "run",
        abstract: "Consumes events, decodes, routes, handles and commits them, until SIGTERM or SIGINT.",
        discussion: """
            The first signal drains, commits and leaves the group; a second one, a second or more later, leaves at once \
            with 1. \
            Logs go to stderr.

            \(exitCodes)

            \(RunReport.help)

            \(Setting.help)
            """
    )

    private static let exitCodes = """
        EXIT CODES

          0   stopped as asked; with --until-end: everything is finished
          1   the job failed: events are unfinished after --until-end, a second signal,
              or stopping took too long
          64  wrong usage
          69  a needed service is unreachable
          78  wrong settings
        """

    @Flag(help: "Stop once everything that was present at the start is finished, and report.")
    var untilEnd = false

    @Flag(help: "Print the report as one JSON object, the last line on stdout.")
    var json = false

    @OptionGroup var options: SettingsOptions

    func run() async throws {
        let settings = try options.read()
        _ = try settings.requiredBootstrapServers()
        let logger = settings.log.logger("worker")
        for warning in settings.warnings { logger.warning("\(warning)") }
        logger.info(
            "loyalty-worker \(Version.current)",
            metadata: [
                "group": "\(settings.kafka.group)", "topics": "\(settings.kafka.topics.joined(separator: ","))",
                "librdkafka": "\(LibraryVersion.current)", "settings": "\(settings.changed)",
            ]
        )
        let report = try await WorkerRun(settings, untilEnd: untilEnd, logger: logger).run()
        guard let report else {
            guard untilEnd else { return }
            throw CommandFailure.failed("stopped before a broker was reached: nothing was done")
        }
        logger.info(
            "stopped",
            metadata: ["events": "\(report.counts.received)", "unfinished": "\(report.counts.abandoned)"]
        )
        if json {
            Terminal.print(report.json)
        } else if untilEnd {
            Terminal.print(report.text)
        }
        if untilEnd, let failure = report.failure { throw failure }
    }
}

extension Settings {
    /// The keys that are not at their defaults, for the log. Values may be secret, so none is shown.
    var changed: String {
        origins.isEmpty ? "all defaults" : origins.keys.sorted().joined(separator: ",")
    }
}
