import ArgumentParser
import Stages

/// `loyalty-worker dead-letters discard`
struct DeadLettersDiscardCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "discard",
        abstract: "Gives up dead letters that will never succeed, so that those behind them can be redriven.",
        discussion: """
            A letter that dies at every redrive bars its key for ever: what comes for the key later is parked behind it. A discard \
            takes it out of the key's order. It goes back to the topic and partition that it came from, as a redrive would, with the \
            header loyalty-discarded: true. The worker finishes it in its turn and runs no stage: nobody is told, nothing is \
            published, and the log and loyalty_worker_discarded_total say so. The letter itself stays in the dead-letter topic for as \
            long as that keeps it. Then redrive those behind it.

            Which letters must be said by --key, or by --partition and --offset (the place that the record came from, as list \
            shows it); the other filters narrow that down. A letter is refused while an earlier one of its key stays: discard or \
            redrive that first. The others go on, and the exit code is 1. One that waits for nobody (class decode or oversize) can be \
            discarded too, and no longer waits.

            What was discarded is recorded as redrives are: killed and run again, it leaves nothing out, and what is published twice \
            does nothing more. Don't run it beside a redrive: the one that began first stops.

            SIGTERM or SIGINT: what is on its way is recorded, then it ends with the report, and 1 when something is left.

            \(RedriveReport.discardHelp)

            \(DeadLettersCommand.settings)
            """
    )

    @OptionGroup var letters: LetterFilterOptions

    @Option(help: ArgumentHelp("Letters a second, as 50 or 50/s; without it as fast as they go.", valueName: "number"))
    var rate: String?

    @Flag(help: "Report what would be discarded; publish and record nothing.")
    var dryRun = false

    @Flag(help: "Yes, these letters are never to be done. Not needed with --dry-run.")
    var yes = false

    @Flag(help: "Print the report as one JSON object, the last line on stdout.")
    var json = false

    @OptionGroup var options: SettingsOptions

    func validate() throws {
        guard letters.key != nil || !letters.offset.isEmpty else {
            throw ValidationError("say which letters are to be discarded: --key, or --partition with --offset")
        }
        guard yes || dryRun else {
            throw ValidationError("a discarded letter is never done: say --yes, or --dry-run to see which they are")
        }
        _ = try LetterFilterOptions.rate(rate)
    }

    func run() async throws {
        let settings = try options.read()
        let report = try await RedriveRun(
            settings: settings,
            filter: try letters.filter(now: .now()),
            maxRedrives: .max,
            rate: try LetterFilterOptions.rate(rate),
            isDryRun: dryRun,
            follows: false,
            isDiscarding: true,
            logger: settings.log.logger("kafka")
        ).run()
        Terminal.print(json ? report.json : report.text)
        if let failure = report.failure { throw failure }
    }
}
