import ArgumentParser
import Testing

@testable import LoyaltyWorker

@Suite struct `The command line` {
    @Test func `flags are the command's, everything else is settings`() throws {
        let command = try LoyaltyWorkerCommand.parseAsRoot([
            "run", "--kafka-topic", "a", "--until-end", "--ordering=none", "--json", "--config", "c.yaml",
            "--notification-max-age", "5m",
        ])
        let run = try #require(command as? RunCommand)
        #expect(run.untilEnd)
        #expect(run.json)
        #expect(run.options.config == "c.yaml")
        #expect(run.options.settings == ["--kafka-topic", "a", "--ordering=none", "--notification-max-age", "5m"])
    }

    @Test func `every documented command is there`() {
        let help = LoyaltyWorkerCommand.helpMessage()
        for name in ["run", "demo", "broker", "generate", "receiver", "inspect", "dead-letters", "check"] {
            #expect(help.contains("\n  \(name) "))
        }
    }

    @Test(arguments: [RunCommand.helpMessage(), CheckCommand.helpMessage()])
    func `help lists every setting`(_ help: String) {
        for setting in Setting.all { #expect(help.contains("  \(setting.option)  (")) }
    }

    @Test(arguments: [[], ["frob"], ["inspect"], ["run", "--until-end=x"], ["inspect", "-", "-"]])
    func `wrong usage is refused`(_ arguments: [String]) {
        guard !arguments.isEmpty else { return }
        let error = #expect(throws: (any Error).self) { _ = try LoyaltyWorkerCommand.parseAsRoot(arguments) }
        #expect(error.map { LoyaltyWorkerCommand.exitCode(for: $0).rawValue } == 64)
    }

    @Test func `a failure is one line`() {
        #expect(CommandFailure.failed("a\nb\u{1b}c").message == "a b c")
        #expect(CommandFailure.failed("").status.rawValue == 1)
        #expect(CommandFailure.usage("").status.rawValue == 64)
        #expect(CommandFailure.unreachable("").status.rawValue == 69)
        #expect(CommandFailure.settings("").status.rawValue == 78)
    }

    @Test func `a finding is one line for people and one object for programs`() {
        let finding = Finding(.failed, "broker", "not\nthere")
        #expect(finding.text == "failed   broker                 not there")
        #expect(finding.json == #"{"check":"broker","state":"failed","message":"not there"}"#)
    }
}
