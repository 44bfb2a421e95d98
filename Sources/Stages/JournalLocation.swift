/// Where the journal is kept: the setting `journal.url`.
package enum JournalLocation: Sendable, Equatable {
    /// A file of this machine; workers on one machine may share it.
    case sqlite(path: String)
    /// Nowhere: repeated deliveries have repeated effects.
    case none

    /// Reads `sqlite:PATH` or `none`.
    package init(_ text: String) throws(SettingError) {
        let allowed = "allowed are sqlite:PATH and none"
        if text == "none" {
            self = .none
        } else if text.hasPrefix("sqlite:") {
            let path = String(text.dropFirst("sqlite:".count))
            guard !path.isEmpty, !path.utf8.contains(0) else {
                throw SettingError(key: "journal.url", value: text, allowed: "the path is missing; \(allowed)")
            }
            self = .sqlite(path: path)
        } else if text.hasPrefix("postgres:") || text.hasPrefix("postgresql:") {
            // The URL may hold a password.
            throw SettingError(
                key: "journal.url",
                value: "postgres://…",
                allowed: "this version has no PostgreSQL journal; \(allowed)"
            )
        } else {
            throw SettingError(key: "journal.url", value: text, allowed: allowed)
        }
    }
}
