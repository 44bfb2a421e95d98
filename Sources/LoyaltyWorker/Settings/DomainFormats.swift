import Foundation
import Stages

extension SettingFormat where Value == KafkaProperties {
    static var properties: Self {
        Self("librdkafka properties as name=value;name=value", separator: ";") { (text: String) throws(Refusal) in
            try KafkaProperties(parsing: text)
        }
    }
}

extension SettingFormat where Value == Int? {
    static var port: Self {
        Self("a port from 0 to 65535, or none") { (text: String) throws(Refusal) -> Int? in
            if text == "none" { return nil }
            guard let port = UInt16(text) else { throw Refusal("allowed: a port from 0 to 65535, or none") }
            return Int(port)
        }
    }
}

extension SettingFormat {
    /// A format whose rules the stages know.
    fileprivate init(
        _ allowed: String,
        separator: String? = nil,
        byStages parse: @escaping @Sendable (String) throws(SettingError) -> Value
    ) {
        self.init(allowed, separator: separator) { (text: String) throws(Refusal) -> Value in
            do throws(SettingError) {
                return try parse(text)
            } catch {
                throw Refusal(error.allowed)
            }
        }
    }
}

extension SettingFormat where Value == JournalLocation {
    static var journal: Self {
        var format = Self(
            "sqlite:PATH, or none",
            byStages: { (text: String) throws(SettingError) in try JournalLocation(text) }
        )
        format.shown = { $0.contains("://") ? WebhookURL.shown($0) : $0 }
        return format
    }
}

extension SettingFormat where Value == String {
    static var webhookURL: Self {
        var format = Self(
            "an https or http address such as https://example.com/hooks",
            byStages: { (text: String) throws(SettingError) in try WebhookURL(text).text }
        )
        format.shown = { WebhookURL.shown($0) }
        return format
    }

    static var webhookAllow: Self {
        Self(
            "host names, addresses, and networks such as 10.1.0.0/16, several with commas",
            separator: ",",
            byStages: { (text: String) throws(SettingError) in
                _ = try AddressGuard(allow: text)
                return text
            }
        )
    }

    static var template: Self {
        Self(
            "Mustache text, or @PATH; names: \(MessageTemplate.names.joined(separator: ", "))",
            byStages: { (text: String) throws(SettingError) in
                let template = text.hasPrefix("@") ? try content(of: String(text.dropFirst())) : text
                _ = try MessageTemplate(template)
                return template
            }
        )
    }

    private static func content(of path: String) throws(SettingError) -> String {
        guard let text = try? String(contentsOfFile: path, encoding: .utf8) else {
            throw SettingError(
                key: "notification.template",
                value: path,
                allowed: "the file can't be read as UTF-8 text"
            )
        }
        return text
    }
}

extension SettingFormat where Value == Secret {
    static var webhookSecret: Self {
        Self(
            "whsec_ and the base64 of 24 to 64 bytes; several with commas during a rotation",
            separator: ",",
            byStages: { (text: String) throws(SettingError) in
                _ = try WebhookSecrets(text)
                return Secret(text)
            }
        )
    }
}
