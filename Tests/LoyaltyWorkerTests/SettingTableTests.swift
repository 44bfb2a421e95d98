import Foundation
import Testing

@testable import LoyaltyWorker

@Suite struct `There is one table of settings` {
    @Test func `names of options and variables follow from the key`() {
        #expect(Setting.option("kafka.bootstrapServers") == "--kafka-bootstrap-servers")
        #expect(Setting.variable("kafka.bootstrapServers") == "LOYALTY_KAFKA_BOOTSTRAP_SERVERS")
        #expect(Setting.option("notification.webhook.secretFile") == "--notification-webhook-secret-file")
        #expect(Setting.variable("ordering") == "LOYALTY_ORDERING")
    }

    @Test func `keys are unique, and every default is allowed`() throws {
        #expect(Set(KnownKeys.all).count == KnownKeys.all.count)
        #expect(KnownKeys.options.count == KnownKeys.all.count)
        var settings = Settings(beforeReading: ())
        for setting in Setting.all {
            guard let text = setting.defaultText else { continue }
            try setting.apply(text, to: &settings)
        }
    }

    @Test func `help and documentation name every setting with default and meaning`() {
        let words = Setting.help.split(whereSeparator: \.isWhitespace).joined(separator: " ")
        for setting in Setting.all {
            #expect(Setting.help.contains("  \(setting.option)  ("))
            #expect(words.contains("\(setting.meaning). Allowed: \(setting.allowed)."))
            #expect(Setting.markdownTable.contains("| `\(setting.key)`"))
        }
        #expect(Setting.markdownTable.split(separator: "\n").count == Setting.all.count + 2)
    }

    @Test func `lines of the help are short enough to be left alone`() {
        for line in Setting.help.split(separator: "\n") { #expect(line.count <= 80) }
    }

    private static let readme: String = {
        let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent()
        return (try? String(contentsOf: root.appendingPathComponent("README.md"), encoding: .utf8)) ?? ""
    }()

    @Test(.enabled(if: readme.contains("| key | default |")))
    func `the readme has the table that the command settings prints`() {
        #expect(Self.readme.contains(Setting.markdownTable))
    }

    @Test func `every key of the public interface is there`() {
        let documented = [
            "kafka.bootstrapServers", "kafka.topic", "kafka.group", "kafka.groupInstanceId", "kafka.assignor",
            "kafka.properties", "kafka.deadLetterTopic", "kafka.delivery", "ordering", "limits.inFlight",
            "limits.buffered",
            "limits.payload", "commit.interval", "drain.timeout", "retry.maxAttempts", "retry.initialDelay",
            "retry.maxDelay", "breaker.failures", "breaker.cooldown", "notification.sink", "notification.webhook.url",
            "notification.webhook.secret", "notification.webhook.timeout", "notification.webhook.allow",
            "notification.topic", "notification.template", "notification.maxAge", "publication.sink",
            "publication.topic",
            "journal.url", "admin.host", "admin.port", "log.level", "log.format",
        ]
        #expect(Set(documented).isSubset(of: KnownKeys.settings.keys))
    }

    @Test func `spelling finds the near and leaves the far`() {
        #expect(Spelling.distance("kitten", "sitting") == 3)
        #expect(Spelling.distance("", "abc") == 3)
        #expect(Spelling.suggestion(for: "log.levle", among: KnownKeys.all) == "; did you mean log.level?")
        #expect(Spelling.suggestion(for: "xyz", among: KnownKeys.all) == "")
    }
}
