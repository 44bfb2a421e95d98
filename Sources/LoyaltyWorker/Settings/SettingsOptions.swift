import ArgumentParser
import Foundation

/// The part of a command's line that is settings: `--config`, and every option that the command itself doesn't know.
struct SettingsOptions: ParsableArguments {
    @Option(help: ArgumentHelp("YAML file with settings.", valueName: "path"))
    var config: String?

    @Argument(
        parsing: .allUnrecognized,
        help: ArgumentHelp("Any setting, as --name value; loyalty-worker run --help lists all.", valueName: "settings")
    )
    var settings: [String] = []

    /// Reads all settings; those given here win over the environment, that over the file.
    ///
    /// - Parameter prepared: values that take the place of defaults, by key.
    func read(prepared: [String: String] = [:]) throws(CommandFailure) -> Settings {
        try Settings.read(
            SettingsSources(
                arguments: settings,
                environment: ProcessInfo.processInfo.environment,
                file: config
            ),
            prepared: prepared
        )
    }
}
