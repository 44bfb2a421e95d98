import ArgumentParser
import Foundation
import Pipeline
import Stages

/// `loyalty-worker dead-letters`
struct DeadLettersCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "dead-letters",
        abstract: "Lists dead letters, publishes them back in order, and gives up those that never succeed.",
        subcommands: [
            DeadLettersListCommand.self, DeadLettersRedriveCommand.self, DeadLettersDiscardCommand.self,
        ]
    )

    static let settings = """
        Of the settings it uses kafka.*, ordering and log.*, as --kafka-bootstrap-servers HOST:PORT and so on; give it \
        those of the worker. "loyalty-worker run --help" tells their meaning.
        """
}

/// `loyalty-worker dead-letters list`
struct DeadLettersListCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "list",
        abstract: "Shows dead letters and what became of them; changes nothing.",
        discussion: """
            A letter is waiting, redriven (or discarded), superseded (a later letter is of the same record: it died again, or was \
            written twice around a crash) or foreign (not one of this worker's: never redriven). Values are never shown, keys \
            only when asked for: they are personal data. The hash of a key is the same everywhere.

            \(DeadLettersCommand.settings)
            """
    )

    @OptionGroup var letters: LetterFilterOptions

    @Option(help: ArgumentHelp("waiting, redriven, superseded or foreign; several with commas.", valueName: "state"))
    var state: [String] = []

    @Option(help: "Letters to show; without it 50, with --json all.")
    var limit: Int?

    @Flag(help: "Show the keys' text.")
    var showKeys = false

    @Flag(help: "One JSON object a letter, and no summary.")
    var json = false

    @OptionGroup var options: SettingsOptions

    func validate() throws {
        if let limit, limit < 0 { throw ValidationError("--limit takes 0 or more") }
        _ = try states()
    }

    func run() async throws {
        let settings = try options.read()
        let filter = try letters.filter(now: .now())
        let office = try await DeadLetterOffice(settings, filter: filter, keepsKeys: showKeys)
        defer { office.close() }
        for name in office.missing { Terminal.printError(LetterNotes.missing(name)) }
        var progress = ProgressLine()
        try await office.look { count in progress.show("dead-letters: \(count) letters read") }
        progress.end()
        if let note = LetterNotes.memory(office.index.letters.count) { Terminal.printError(note) }
        for note in try await office.restore() { Terminal.printError("dead-letters: \(note)") }
        LetterList(office: office, showsKeys: showKeys)
            .show(states: try states(), limit: limit ?? (json ? .max : 50), json: json)
    }

    private func states() throws -> Set<LetterIndex.State> {
        Set(
            try state.flatMap { $0.split(separator: ",").map(\.trimmed) }
                .map { text in
                    guard let state = LetterIndex.State(rawValue: text) else {
                        throw ValidationError(
                            "--state takes waiting, redriven, superseded or foreign, not \"\(text.oneLine(upTo: 40))\""
                        )
                    }
                    return state
                }
        )
    }
}

/// `loyalty-worker dead-letters redrive`
struct DeadLettersRedriveCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "redrive",
        abstract: "Publishes dead letters back to the topic and partition that they came from.",
        discussion: """
            Without a filter: everything that waits. Letters of one key go in the order of their original offsets, each \
            after the acknowledgement of the one before. A letter is refused while an earlier one of its key stays, because \
            the filter leaves it out or it was redriven --max-redrives times: it would overtake. The others go on, and the exit \
            code is 1.

            What was redriven is recorded in the offsets of the group <kafka.group>.redrive, about once a second. Killed at any \
            point and run again, it leaves nothing out and publishes at most \(RedriveRun.batch) letters again, which the worker's \
            journal makes harmless. Of two redrives at once one takes over, mostly the later: the other one stops after its batch, with \
            exit code 1, and what it published in that batch is published twice.

            While letters of a key wait, a running worker parks what comes for it behind them. So at the end the command waits \
            until the worker has got to the last redriven letter (a minute at most, a few seconds when it does not move), and looks \
            for what was parked meanwhile, at most \(RedriveRun.maxRounds) times. What died again meanwhile waits for the next redrive.

            SIGTERM or SIGINT: what is on its way is recorded, then it ends with the report, and 1 when something is left.

            \(RedriveReport.help)

            \(DeadLettersCommand.settings)
            """
    )

    @OptionGroup var letters: LetterFilterOptions

    @Option(help: ArgumentHelp("Redrives that a record may have had.", valueName: "number"))
    var maxRedrives = 3

    @Option(help: ArgumentHelp("Letters a second, as 50 or 50/s; without it as fast as they go.", valueName: "number"))
    var rate: String?

    @Flag(help: "Report what would happen; publish and record nothing.")
    var dryRun = false

    @Flag(help: "Don't wait for the worker, nor look for what was parked meanwhile.")
    var noFollow = false

    @Flag(help: "Print the report as one JSON object, the last line on stdout.")
    var json = false

    @OptionGroup var options: SettingsOptions

    func validate() throws {
        guard (1...1_000_000).contains(maxRedrives) else {
            throw ValidationError("--max-redrives takes 1 to 1000000, not \(maxRedrives)")
        }
        _ = try LetterFilterOptions.rate(rate)
    }

    func run() async throws {
        let settings = try options.read()
        let report = try await RedriveRun(
            settings: settings,
            filter: try letters.filter(now: .now()),
            maxRedrives: maxRedrives,
            rate: try LetterFilterOptions.rate(rate),
            isDryRun: dryRun,
            follows: !noFollow,
            logger: settings.log.logger("kafka")
        ).run()
        Terminal.print(json ? report.json : report.text)
        if let failure = report.failure { throw failure }
    }
}
