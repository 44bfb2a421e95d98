import ArgumentParser
import Foundation
import Kafka

/// `loyalty-worker`
@main
struct LoyaltyWorkerCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "loyalty-worker",
        abstract: "Turns loyalty-points events from Kafka into customer notifications and recorded publications.",
        discussion: """
            Exit codes: 0 success; 1 the job failed; 64 wrong usage; 69 a needed service is unreachable; 78 wrong settings.
            """,
        version: "loyalty-worker \(Version.current) (librdkafka \(LibraryVersion.current))",
        subcommands: [
            RunCommand.self, ReplayCommand.self, DeadLettersCommand.self, DemoCommand.self, BrokerCommand.self,
            GenerateCommand.self, ReceiverCommand.self, InspectCommand.self, CheckCommand.self, SettingsCommand.self,
        ]
    )

    /// Runs the command that the arguments name. Every failure is one line on stderr and an exit code.
    static func main() async {
        // A reader that went away is an error of the write, not the end of the process.
        signal(SIGPIPE, SIG_IGN)
        do {
            var command = try parseAsRoot()
            if var asynchronous = command as? any AsyncParsableCommand {
                try await asynchronous.run()
            } else {
                try command.run()
            }
        } catch let failure as CommandFailure {
            fail(failure)
        } catch {
            guard exitCode(for: error) == .validationFailure else { exit(withError: error) }
            // ArgumentParser's own message has several lines.
            fail(.usage("\(message(for: error).oneLine()); see loyalty-worker --help"))
        }
    }

    private static func fail(_ failure: CommandFailure) -> Never {
        Terminal.printError("loyalty-worker: \(failure.message)")
        Foundation.exit(failure.status.rawValue)
    }
}
