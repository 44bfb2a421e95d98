import ArgumentParser

/// `loyalty-worker settings`
struct SettingsCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "settings",
        abstract: "Prints all settings as the Markdown table of the README."
    )

    func run() async throws {
        Terminal.print(Setting.markdownTable)
    }
}
