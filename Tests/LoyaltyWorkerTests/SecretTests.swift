import Foundation
import Testing

@testable import LoyaltyWorker

@Suite struct `Secrets stay secret` {
    private static let secret = "whsec_" + Data((0..<32).map { UInt8($0) }).base64EncodedString()
    private static let password = "correct-horse"

    @Test func `a secret comes from a file that the environment or the command line names`() throws {
        try TemporaryFile.with(Self.secret + "\n") { path in
            let name = "LOYALTY_NOTIFICATION_WEBHOOK_SECRET_FILE"
            let environment = try Settings.read(SettingsSources(environment: [name: path]))
            #expect(environment.notification.webhookSecret?.reveal() == Self.secret)
            #expect(environment.warnings.isEmpty)
            let line = try Settings.read(SettingsSources(arguments: ["--notification-webhook-secret-file", path]))
            #expect(line.notification.webhookSecret?.reveal() == Self.secret)
        }
    }

    @Test func `a file on the command line wins over a value in the environment`() throws {
        try TemporaryFile.with(Self.secret) { path in
            let settings = try Settings.read(
                SettingsSources(
                    arguments: ["--notification-webhook-secret-file", path],
                    environment: ["LOYALTY_NOTIFICATION_WEBHOOK_SECRET": "whsec_other"]
                )
            )
            #expect(settings.notification.webhookSecret?.reveal() == Self.secret)
        }
    }

    @Test func `a value wins over a file named by a later source`() throws {
        let settings = try Settings.read(
            SettingsSources(
                arguments: ["--notification-webhook-secret", Self.secret],
                environment: ["LOYALTY_NOTIFICATION_WEBHOOK_SECRET_FILE": "/no/such/file"]
            )
        )
        #expect(settings.notification.webhookSecret?.reveal() == Self.secret)
    }

    @Test func `value and file in one source are refused`() {
        let failure = #expect(throws: CommandFailure.self) {
            try Settings.read(
                SettingsSources(arguments: [
                    "--notification-webhook-secret", Self.secret, "--notification-webhook-secret-file", "/x",
                ])
            )
        }
        #expect(failure?.message.contains("is given twice") == true)
        #expect(failure?.message.contains(Self.secret) == false)
    }

    @Test func `a secret that is refused is not shown`() {
        let failure = #expect(throws: CommandFailure.self) {
            try Settings.read(SettingsSources(environment: ["LOYALTY_NOTIFICATION_WEBHOOK_SECRET": "hunter2"]))
        }
        #expect(failure?.message.contains("the value (hidden) from the environment variable") == true)
        #expect(failure?.message.contains("hunter2") == false)
    }

    @Test(arguments: [
        "https://user:hunter2@example.com/hooks", "https://example.com/hooks?token=hunter2#x",
        "ftp://example.com?hunter2", "https://u:hunter2/3@example.com/", "u:hunter2@example.com", "x.example?hunter2",
    ])
    func `a url that is refused is shown without what may be secret`(_ url: String) {
        let failure = #expect(throws: CommandFailure.self) {
            try Settings.read(SettingsSources(arguments: ["--notification-webhook-url", url]))
        }
        #expect(failure?.status == .settings)
        #expect(failure?.message.contains("hunter2") == false)
    }

    @Test func `the password of a journal that is refused is not shown`() {
        let failure = #expect(throws: CommandFailure.self) {
            try Settings.read(SettingsSources(arguments: ["--journal-url", "postgres://u:hunter2@db/loyalty"]))
        }
        #expect(failure?.message.contains("postgres://db/loyalty") == true)
        #expect(failure?.message.contains("hunter2") == false)
    }

    @Test func `an empty file of a secret is named`() throws {
        try TemporaryFile.with("\n") { path in
            let failure = #expect(throws: CommandFailure.self) {
                try Settings.read(
                    SettingsSources(arguments: [
                        "--notification-sink", "webhook", "--notification-webhook-url", "https://example.com",
                        "--notification-webhook-secret-file", path,
                    ])
                )
            }
            #expect(failure?.message.contains("the file \(path) is empty") == true)
        }
    }

    @Test func `no description, mirror or dump of settings shows a secret`() throws {
        let settings = try Settings.read(
            SettingsSources(arguments: [
                "--notification-webhook-secret", Self.secret,
                "--kafka-properties", "sasl.username=u;sasl.password=\(Self.password)",
            ])
        )
        var dumped = ""
        dump(settings, to: &dumped)
        for text in [dumped, "\(settings)", String(reflecting: settings), settings.changed] {
            #expect(!text.contains(Self.secret))
            #expect(!text.contains(Self.password))
        }
        #expect(settings.kafka.properties["sasl.password"] == Self.password)
    }
}
