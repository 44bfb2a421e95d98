import ArgumentParser
import Foundation
import Kafka
import UnixSignals

/// `loyalty-worker demo`
struct DemoCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "demo",
        abstract: "The whole job on this machine alone: embedded broker, generator, receiver, and the real worker.",
        discussion: """
            Starts an embedded broker and a receiver, fills a topic with events (broken ones, tombstones, other types and \
            repeated deliveries among them), lets the real worker finish it, and then compares the receiver's counts, the \
            journal, the dead-letter topic and the committed offsets with what the generator knows must come of each event.

            Exits with 1 when anything is lost, doubled or unexplained. Settings of the worker can be given (--ordering, \
            --limits-in-flight …), "loyalty-worker run --help" lists them; the environment is not looked at. Those that name \
            broker, topics, receiver and journal are the demonstration's own.
            """
    )

    @Option(help: "Events to handle.")
    var events = DemoPlan.defaultEvents

    @Option(help: ArgumentHelp("Seed: the same seed gives the same events, byte for byte.", valueName: "number"))
    var seed: UInt64 = 1

    @Flag(help: "One JSON object as the last line; all else goes to stderr.")
    var json = false

    @OptionGroup var options: SettingsOptions

    func validate() throws {
        guard (1...10_000_000).contains(events) else {
            throw ValidationError("--events takes 1 to 10000000, not \(events)")
        }
    }

    func run() async throws {
        let plan = try DemoPlan(events: events, seed: seed)
        let stand = try await DemoStand(plan: plan)
        let signals = Task {
            for await signal in await UnixSignalsSequence(trapping: .sigterm, .sigint) {
                stand.removeFiles()
                Terminal.printError("\ndemo: ended by \(signal) before the books were compared")
                Foundation.exit(CommandFailure.Status.failed.rawValue)
            }
        }
        defer { signals.cancel() }
        let result: DemoRun.Result
        do {
            let settings = try stand.settings(options)
            Terminal.printError(
                "broker \(stand.cluster.bootstrapServers), receiver \(stand.receiver.url), journal \(stand.journalPath)"
            )
            result = try await DemoRun(stand: stand, plan: plan, settings: settings).run()
        } catch {
            await stand.end()
            if let error = error as? CommandFailure { throw error }
            throw CommandFailure.failed("the demonstration could not be finished: \(error)")
        }
        await stand.end()
        report(result)
        guard result.reconciliation.holds else {
            let remarks = result.reconciliation.remarks.joined(separator: "; ")
            throw CommandFailure.failed("the books don't agree: \(remarks)")
        }
    }

    private func report(_ result: DemoRun.Result) {
        let books = result.reconciliation
        let text = """
            \(books.table)

            \(result.report.text)

            lost: \(books.lost)
            doubled: \(books.doubled)
            unexplained: \(books.unexplained)
            """
        if json {
            Terminal.printError(text)
            Terminal.print(JSONValue.object(result.report.fields + books.fields).line)
        } else {
            Terminal.print(text)
        }
    }
}
