import ArgumentParser
import Foundation
import Kafka

/// `loyalty-worker check`
struct CheckCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "check",
        abstract: "Validates the settings and reaches all that a worker needs; changes nothing and sends nothing.",
        discussion: """
            Prints one line for each thing: ok, what is odd, or what is wrong and how to mend it. Exits with 69 when something \
            can't be reached or used, with 78 when a setting is wrong.

            \(Setting.help)
            """
    )

    @Flag(help: "Print one JSON object a line, for programs.")
    var json = false

    @OptionGroup var options: SettingsOptions

    func run() async throws {
        let settings = try options.read()
        _ = try settings.requiredBootstrapServers()
        for warning in settings.warnings { Terminal.printError("loyalty-worker: \(warning)") }
        var failures = 0
        func show(_ finding: Finding) {
            if finding.state == .failed { failures += 1 }
            Terminal.print(json ? finding.json : finding.text)
        }
        show(Finding(.ok, "settings", "all valid; not at their defaults: \(settings.origins.keys.sorted().listed)"))
        show(Finding(.ok, "librdkafka", "\(LibraryVersion.current)"))
        await KafkaCheck(settings).run(show)
        show(await JournalCheck.finding(settings.journal))
        await ReceiverCheck(settings).run(show)
        let template = settings.notification.template == nil ? "built in" : "valid"
        show(Finding(.ok, "template", template))
        guard failures == 0 else {
            throw CommandFailure.unreachable("\(failures) of the checks failed; see the lines on stdout")
        }
    }
}

/// What a check found out about one thing.
struct Finding: Sendable, Equatable {
    enum State: String, Sendable {
        case ok
        /// Odd, and no reason not to start.
        case warning
        case failed
    }

    let state: State
    let subject: String
    /// What is there, or what is wrong and how to mend it.
    let words: String

    init(_ state: State, _ subject: String, _ words: String) {
        self.state = state
        self.subject = subject
        self.words = words.oneLine()
    }

    var text: String {
        let state = state.rawValue.padding(toLength: 8, withPad: " ", startingAt: 0)
        return "\(state) \(subject.padding(toLength: max(22, subject.count), withPad: " ", startingAt: 0)) \(words)"
    }

    var json: String {
        JSONValue.object([
            ("check", .text(subject)), ("state", .text(state.rawValue)), ("message", .text(words)),
        ]).line
    }
}

extension [String] {
    /// For a sentence.
    var listed: String { isEmpty ? "none" : joined(separator: ", ") }
}
