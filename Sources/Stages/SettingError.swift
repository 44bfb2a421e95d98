/// A setting that can't be used.
package struct SettingError: Error, Sendable, Equatable, CustomStringConvertible {
    /// The key, such as `notification.webhook.url`.
    package let key: String
    /// What was given; nil when nothing was, or when it is a secret.
    package let value: String?
    /// What may be given, for people.
    package let allowed: String

    package init(key: String, value: String?, allowed: String) {
        self.key = key
        self.value = value
        self.allowed = allowed
    }

    package var description: String {
        guard let value else { return "\(key): \(allowed)" }
        return "\(key) is \"\(value)\": \(allowed)"
    }
}
