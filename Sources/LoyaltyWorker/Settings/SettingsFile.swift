import Configuration
import Foundation
import Synchronization

/// Reads a YAML file of settings: nested mappings, or keys with dots.
enum SettingsFile {
    /// Values by key; lists become the text that the command line would have.
    static func values(path: String) throws(CommandFailure) -> [String: String] {
        guard let content = FileManager.default.contents(atPath: path) else {
            throw .settings("the settings file \(path) can't be read; is it there, and may this user read it?")
        }
        return try values(yaml: content, path: path)
    }

    static func values(yaml: Data, path: String) throws(CommandFailure) -> [String: String] {
        // A file of nothing but comments is no mapping for the parser, and no mistake.
        let lines = String(decoding: yaml, as: UTF8.self).split(whereSeparator: \.isNewline)
        guard lines.contains(where: { !$0.trimmed.isEmpty && !$0.trimmed.hasPrefix("#") && $0 != "---" }) else {
            return [:]
        }
        // The parser asks for each key whether it is secret: the only way to learn which keys there are.
        let found = FoundKeys()
        let snapshot: YAMLSnapshot
        do {
            snapshot = try YAMLSnapshot(
                data: yaml.bytes,
                providerName: path,
                parsingOptions: .init(
                    secretsSpecifier: .dynamic { key, _ in
                        found.insert(key)
                        return true
                    }
                )
            )
        } catch {
            throw .settings("the settings file \(path) is no valid YAML mapping: \("\(error)".oneLine())")
        }
        var values: [String: String] = [:]
        var properties: [String] = []
        for key in found.sorted {
            let text: String
            if let scalar = value(key, in: snapshot) {
                text = scalar
            } else if let list = list(key, in: snapshot) {
                guard let separator = KnownKeys.settings[key]?.separator else {
                    throw .settings("\(key) in the file \(path) must be one value, not a list")
                }
                text = list.joined(separator: separator)
            } else {
                throw .settings("\(key) in the file \(path) is neither a value nor a list of values")
            }
            if key.hasPrefix(propertiesPrefix) {
                properties.append(KafkaProperties.pair(String(key.dropFirst(propertiesPrefix.count)), text))
                continue
            }
            if nothing.contains(text), sections.contains(key) { continue }
            guard KnownKeys.all.contains(key) else {
                throw .settings(
                    "\(key) in the file \(path) is no setting\(Spelling.suggestion(for: key, among: KnownKeys.all))"
                )
            }
            if !nothing.contains(text) { values[key] = text }
        }
        if !properties.isEmpty { values["kafka.properties"] = properties.joined(separator: ";") }
        return values
    }

    private static let propertiesPrefix = "kafka.properties."
    /// `kafka`, `notification.webhook` …: with nothing below them they say nothing.
    private static let sections: Set<String> = Set(
        KnownKeys.all.flatMap { key in
            let words = key.split(separator: ".")
            return words.indices.dropFirst().map { words[..<$0].joined(separator: ".") }
        }
    )
    /// How YAML writes that there is no value.
    private static let nothing: Set<String> = ["", "~", "null"]

    private static func value(_ key: String, in snapshot: YAMLSnapshot) -> String? {
        let content = try? snapshot.value(forKey: AbsoluteConfigKey([key]), type: .string).value?.content
        return if case .string(let text) = content { text } else { nil }
    }

    private static func list(_ key: String, in snapshot: YAMLSnapshot) -> [String]? {
        let content = try? snapshot.value(forKey: AbsoluteConfigKey([key]), type: .stringArray).value?.content
        return if case .stringArray(let texts) = content { texts } else { nil }
    }
}

private final class FoundKeys: Sendable {
    private let keys = Mutex<Set<String>>([])

    var sorted: [String] { keys.withLock { $0.sorted() } }

    func insert(_ key: String) {
        keys.withLock { _ = $0.insert(key) }
    }
}
