import Configuration
import Foundation
import Synchronization

/// The places that settings are read from.
struct SettingsSources: Sendable {
    /// What stood on the command line behind the command, without the command's own flags.
    var arguments: [String] = []
    var environment: [String: String] = [:]
    /// A YAML file.
    var file: String?

    /// The variable that names the file when `--config` is not given.
    static let fileVariable = Setting.variablePrefix + "CONFIG"
}

extension Settings {
    /// Reads all settings: command line, then environment, then file, then default.
    ///
    /// - Parameter prepared: values that take the place of defaults, by key; for commands that bring their own broker.
    /// - Throws: one sentence that names the key, the value, where it came from and what is allowed.
    static func read(
        _ sources: SettingsSources,
        prepared: [String: String] = [:]
    ) throws(CommandFailure) -> Settings {
        let reader = try SettingsReader(sources, prepared: prepared)
        var settings = Settings(beforeReading: ())
        for setting in Setting.all {
            try reader.read(setting, into: &settings)
        }
        settings.warnings = reader.warnings
        try settings.check()
        return settings
    }
}

/// Looks settings up through swift-configuration and remembers which source answered.
private struct SettingsReader {
    private let config: ConfigReader
    private let answers = Answers()
    private let file: String?
    let warnings: [String]

    init(_ sources: SettingsSources, prepared: [String: String]) throws(CommandFailure) {
        let environment = sources.environment.filter { !$0.value.isEmpty }
        file = sources.file ?? environment[SettingsSources.fileVariable]
        var fileValues: [String: String] = [:]
        if let file { fileValues = try SettingsFile.values(path: file) }
        var defaults = prepared
        for setting in Setting.all where defaults[setting.key] == nil {
            defaults[setting.key] = setting.defaultText
        }
        config = ConfigReader(
            providers: [
                Self.provider("command line", try CommandLineSettings.values(sources.arguments)),
                EnvironmentVariablesProvider(
                    environmentVariables: environment,
                    secretsSpecifier: .dynamic { name, _ in KnownKeys.secretVariables.contains(name) }
                ).prefixKeys(with: "loyalty"),
                Self.provider("file", fileValues),
                Self.provider("defaults", defaults),
            ],
            accessReporter: answers
        )
        warnings = environment.keys.sorted().compactMap { name in
            guard name.hasPrefix(Setting.variablePrefix), name != SettingsSources.fileVariable,
                !KnownKeys.variables.contains(name)
            else { return nil }
            return "the environment variable \(name) is no setting and means nothing here"
                + Spelling.suggestion(for: name, among: KnownKeys.variables)
        }
    }

    /// Puts the value of one setting into `settings`.
    func read(_ setting: Setting, into settings: inout Settings) throws(CommandFailure) {
        var (text, source) = look(up: setting.key, isSecret: setting.isSecret)
        var origin = origin(setting.key, source)
        if let fileKey = setting.fileKey, case let (path?, fileSource) = look(up: fileKey, isSecret: false) {
            let pathOrigin = self.origin(fileKey, fileSource)
            guard fileSource != source else {
                throw .settings(
                    "\(setting.key) is given twice: \(origin.description) and \(pathOrigin.description); keep one"
                )
            }
            if fileSource < source {
                guard let content = try? String(contentsOfFile: path, encoding: .utf8) else {
                    throw .settings("\(fileKey): \"\(path)\" \(pathOrigin.description) can't be read as UTF-8 text")
                }
                (text, source, origin) = (content.trimmed, fileSource, pathOrigin)
                if text?.isEmpty == true { settings.emptySecretFiles[setting.key] = path }
            }
        }
        guard let text, !text.isEmpty else { return }
        do throws(Refusal) {
            try setting.apply(text, to: &settings)
        } catch {
            let shown = setting.isSecret ? "the value (hidden)" : "\"\(setting.shown(text).oneLine(upTo: 100))\""
            throw .settings("\(setting.key): \(shown) \(origin.description) is refused; \(error.reason)")
        }
        if origin != .default { settings.origins[setting.key] = origin }
    }

    private func look(up key: String, isSecret: Bool) -> (text: String?, source: Int) {
        let text = config.string(forKey: ConfigKey(key), isSecret: isSecret)
        return (text, text == nil ? Int.max : answers.last)
    }

    private func origin(_ key: String, _ source: Int) -> SettingOrigin {
        switch source {
        case 0: .commandLine(option: Setting.option(key))
        case 1: .environment(variable: Setting.variable(key))
        case 2: .file(path: file ?? "")
        default: .default
        }
    }

    private static func provider(_ name: String, _ values: [String: String]) -> InMemoryProvider {
        InMemoryProvider(
            name: name,
            values: Dictionary(
                uniqueKeysWithValues: values.map { key, text in
                    let isSecret = KnownKeys.settings[key]?.isSecret == true
                    return (AbsoluteConfigKey(ConfigKey(key)), ConfigValue(.string(text), isSecret: isSecret))
                }
            )
        )
    }
}

/// Learns which provider gave the last value.
private final class Answers: AccessReporter {
    private let index = Mutex(Int.max)

    var last: Int { index.withLock { $0 } }

    func report(_ event: AccessEvent) {
        let answered = event.providerResults.lastIndex { result in
            if case .success(let lookup) = result.result { lookup.value != nil } else { false }
        }
        index.withLock { $0 = answered ?? Int.max }
    }
}
