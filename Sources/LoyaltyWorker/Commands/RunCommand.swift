import ArgumentParser
import Foundation
import Kafka
import Logging

/// `loyalty-worker run`
struct RunCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "run",
        abstract: "Consumes events, decodes, routes, handles and commits them, until SIGTERM or SIGINT.",
        discussion: """
            The first signal drains, commits, leaves the group and exits with 0; a second one leaves at once with 1. \
            Logs go to stderr.

            \(Setting.help)
            """
    )

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
        guard let report else { return }
        if json {
            Terminal.print(report.json)
        } else if untilEnd {
            Terminal.print(report.text)
        }
    }
}

extension Settings {
    /// The keys that are not at their defaults, for the log. Values may be secret, so none is shown.
    var changed: String {
        origins.isEmpty ? "all defaults" : origins.keys.sorted().joined(separator: ",")
    }
}
