/// What the stages do and where their consequences go; the defaults are those of the documented settings.
package struct StagesSettings: Sendable {
    /// The consumer group: effects of other groups don't count.
    package var scope: String
    /// Events being handled at once (`limits.inFlight`): connections kept for webhooks.
    package var inFlight = 1000
    /// Bytes; larger records are dead letters (`limits.payload`).
    package var payloadLimit = 1 << 20
    package var journal: JournalLocation = .sqlite(path: "loyalty-journal.sqlite")
    package var notification = NotificationSettings()
    package var publication = PublicationSettings()

    package init(scope: String) {
        self.scope = scope
    }

    /// Finds settings that contradict each other or can't be used.
    package func validate() throws(SettingError) {
        guard payloadLimit > 0 else {
            throw SettingError(key: "limits.payload", value: "\(payloadLimit)", allowed: "must be above 0 bytes")
        }
        guard inFlight > 0 else {
            throw SettingError(key: "limits.inFlight", value: "\(inFlight)", allowed: "must be above 0")
        }
        if publication.sink == .journal, journal == .none {
            throw SettingError(
                key: "publication.sink",
                value: "journal",
                allowed: "needs a journal, but journal.url is none; allowed then are kafka, log and none"
            )
        }
        try notification.validate()
        try TopicName.check(publication.topic, key: "publication.topic")
    }
}

package struct NotificationSettings: Sendable {
    /// `notification.sink`
    package enum Sink: String, Sendable, CaseIterable {
        case log, webhook, kafka, delay, none
    }

    package var sink: Sink = .log
    /// Used when the sink is `delay`: how long each notification takes.
    package var delay: ClosedRange<Duration> = .zero ... .zero
    /// Used when the sink is `webhook`.
    package var webhook = WebhookSettings()
    /// Used when the sink is `kafka`.
    package var topic = "loyalty.notifications"
    /// Mustache over the event; nil: the built-in sentence.
    package var template: String?
    /// Older events are recorded, not sent; nil: all are sent.
    package var maxAge: Duration?

    package init() {}

    /// Reads `notification.sink`.
    package static func sink(_ text: String) throws(SettingError) -> Sink {
        guard let sink = Sink(rawValue: text) else {
            throw SettingError.choice(key: "notification.sink", value: text, among: Sink.allCases.map(\.rawValue))
        }
        return sink
    }

    func validate() throws(SettingError) {
        _ = try MessageTemplate(template)
        try TopicName.check(topic, key: "notification.topic")
        if let maxAge, maxAge <= .zero {
            throw SettingError(key: "notification.maxAge", value: "\(maxAge)", allowed: "must be above 0")
        }
        if sink == .webhook { try webhook.validate() }
    }
}

package struct WebhookSettings: Sendable {
    /// `notification.webhook.url`, required by the sink `webhook`.
    package var url: String?
    /// `notification.webhook.secret`, required by the sink `webhook`; several during a rotation.
    package var secret: String?
    /// `notification.webhook.timeout`
    package var timeout: Duration = .seconds(15)
    /// `notification.webhook.allow`: hosts, addresses and networks, separated by blanks or commas.
    package var allow = ""

    package init() {}

    func validate() throws(SettingError) {
        _ = try parsedURL()
        _ = try WebhookSecrets(secret ?? "")
        _ = try AddressGuard(allow: allow)
        guard timeout > .zero, timeout <= .seconds(300) else {
            throw SettingError(
                key: "notification.webhook.timeout",
                value: "\(timeout)",
                allowed: "must be above 0 and at most 300s"
            )
        }
    }

    func parsedURL() throws(SettingError) -> WebhookURL {
        guard let url, !url.isEmpty else {
            throw SettingError(
                key: "notification.webhook.url",
                value: nil,
                allowed: "is needed by notification.sink webhook, such as https://example.com/hooks/loyalty"
            )
        }
        return try WebhookURL(url)
    }
}

package struct PublicationSettings: Sendable {
    /// `publication.sink`
    package enum Sink: String, Sendable, CaseIterable {
        case journal, kafka, log, none
    }

    package var sink: Sink = .journal
    /// Used when the sink is `kafka`.
    package var topic = "loyalty.publications"

    package init() {}

    /// Reads `publication.sink`.
    package static func sink(_ text: String) throws(SettingError) -> Sink {
        guard let sink = Sink(rawValue: text) else {
            throw SettingError.choice(key: "publication.sink", value: text, among: Sink.allCases.map(\.rawValue))
        }
        return sink
    }
}

extension SettingError {
    static func choice(key: String, value: String, among words: [String]) -> SettingError {
        SettingError(key: key, value: value, allowed: "allowed are \(words.joined(separator: ", "))")
    }
}

/// The rules of Kafka for names of topics.
enum TopicName {
    static func check(_ name: String, key: String) throws(SettingError) {
        let isLegal = name.utf8.allSatisfy { byte in
            switch byte {
            case 0x30...0x39, 0x41...0x5A, 0x61...0x7A, UInt8(ascii: "."), UInt8(ascii: "_"), UInt8(ascii: "-"): true
            default: false
            }
        }
        guard isLegal, (1...249).contains(name.utf8.count), name != ".", name != ".." else {
            throw SettingError(
                key: key,
                value: name,
                allowed: "a topic's name has 1 to 249 letters, digits, dots, underscores and hyphens"
            )
        }
    }
}
