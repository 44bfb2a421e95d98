import Logging
import LoyaltyEvents
import Pipeline
import Testing

@testable import Stages

struct SettingsTests {
    private func settings(_ change: (inout StagesSettings) -> Void) -> StagesSettings {
        var settings = StagesSettings(scope: "group")
        change(&settings)
        return settings
    }

    @Test(arguments: ["sqlite:a.sqlite": JournalLocation.sqlite(path: "a.sqlite"), "none": .none])
    func `a journal url is read`(text: String, location: JournalLocation) throws {
        #expect(try JournalLocation(text) == location)
    }

    @Test(arguments: ["", "sqlite:", "mysql://x", "postgres://user:secret@host/db"])
    func `an unusable journal url is refused by key and without a password`(text: String) {
        let error = #expect(throws: SettingError.self) { try JournalLocation(text) }
        #expect(error?.key == "journal.url")
        #expect(error?.description.contains("secret") == false)
    }

    @Test func `the defaults are valid`() throws {
        try StagesSettings(scope: "group").validate()
    }

    @Test func `publications can't go to a journal that is not there`() {
        let error = #expect(throws: SettingError.self) { try settings { $0.journal = .none }.validate() }
        #expect(error?.key == "publication.sink")
    }

    @Test func `a webhook needs url and secret`() {
        let url = #expect(throws: SettingError.self) { try settings { $0.notification.sink = .webhook }.validate() }
        #expect(url?.key == "notification.webhook.url")
        let secret = #expect(throws: SettingError.self) {
            try settings {
                $0.notification.sink = .webhook
                $0.notification.webhook.url = "https://example.com/hook"
            }.validate()
        }
        #expect(secret?.key == "notification.webhook.secret")
    }

    @Test(arguments: [
        "ftp://example.com", "example.com", "https://", "https://user:pw@example.com/", "https://a.b/#x",
        "https://a.b:0/", "https://a.b:65536/", "https://a.b:99999999999999999999/",
    ])
    func `a url that is none is refused`(text: String) {
        let error = #expect(throws: SettingError.self) { try WebhookURL(text) }
        #expect(error?.key == "notification.webhook.url")
        #expect(error?.description.contains("pw") == false)
    }

    @Test(arguments: ["whsec_", "whsec_c2hvcnQ=", "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "whsec_!!!!", ""])
    func `a secret that is none is refused and not repeated`(text: String) {
        let error = #expect(throws: SettingError.self) { try WebhookSecrets(text) }
        #expect(error?.key == "notification.webhook.secret")
        #expect(error?.value == nil)
    }

    @Test func `words for sinks are read, others are refused with what is allowed`() throws {
        #expect(try NotificationSettings.sink("webhook") == .webhook)
        #expect(try PublicationSettings.sink("none") == PublicationSettings.Sink.none)
        let error = #expect(throws: SettingError.self) { try NotificationSettings.sink("mail") }
        #expect(error?.description == #"notification.sink is "mail": allowed are log, webhook, kafka, delay, none"#)
    }

    @Test func `bounds are checked`() {
        #expect(throws: SettingError.self) { try settings { $0.payloadLimit = 0 }.validate() }
        #expect(throws: SettingError.self) { try settings { $0.inFlight = 0 }.validate() }
        #expect(throws: SettingError.self) { try settings { $0.notification.maxAge = .zero }.validate() }
        #expect(throws: SettingError.self) { try settings { $0.notification.topic = "no blanks" }.validate() }
    }

    @Test func `a stage without sink keeps its index and leaves the route`() async throws {
        let stages = try LoyaltyStages(
            settings {
                $0.journal = .none
                $0.notification.sink = .none
                $0.publication.sink = .log
            },
            publisher: nil,
            logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
        )
        #expect(stages.stages.map(\.name) == ["notification", "publication"])
        #expect(stages.active == .publication)
        #expect(stages.journal == nil)
        await stages.close()
    }

    @Test func `a journal that can't be opened is an error with its path`() {
        let settings = settings {
            $0.journal = .sqlite(path: "/nonexistent/folder/journal.sqlite")
            $0.notification.sink = .webhook
            $0.notification.webhook.url = "https://example.com/hook"
            $0.notification.webhook.secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
        }
        let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
        let error = #expect(throws: StagesError.self) {
            try LoyaltyStages(settings, publisher: nil, logger: logger)
        }
        #expect(error?.description.contains("/nonexistent/folder/journal.sqlite") == true)
    }
}
