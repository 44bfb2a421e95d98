import Kafka
import Testing

@testable import LoyaltyWorker

@Suite struct `Bad settings are refused` {
    struct Bad: CustomTestStringConvertible, Sendable {
        let option: String
        let value: String
        /// The whole message behind the origin.
        let reason: String

        var testDescription: String { "\(option)=\(value)" }
    }

    static let bad = [
        Bad(option: "--kafka-bootstrap-servers", value: "host:x", reason: "allowed: host:port, several with commas"),
        Bad(option: "--kafka-bootstrap-servers", value: "a:1,,b:2", reason: "allowed: host:port, several with commas"),
        Bad(
            option: "--kafka-topic",
            value: "a b",
            reason: "allowed: a topic's name, several with commas, or one regular expression that starts with ^"
        ),
        Bad(
            option: "--kafka-assignor",
            value: "sticky",
            reason: "allowed: one of range, roundrobin, cooperative-sticky"
        ),
        Bad(
            option: "--kafka-delivery",
            value: "at-most-once",
            reason: "allowed: one of at-least-once, transactions"
        ),
        Bad(
            option: "--kafka-dead-letter-topic",
            value: "a/b",
            reason: "allowed: a topic's name: up to 249 letters, digits, '.', '_' and '-'"
        ),
        Bad(option: "--ordering", value: "Key", reason: "allowed: one of key, partition, none"),
        Bad(option: "--limits-in-flight", value: "0", reason: "allowed: a whole number from 1 to 1000000"),
        Bad(option: "--limits-in-flight", value: "ten", reason: "allowed: a whole number from 1 to 1000000"),
        Bad(
            option: "--limits-buffered",
            value: "64 Mib/s",
            reason: "allowed: a size such as 500kB, 1 MiB or 64MiB, from 1 MiB to 1024 GiB"
        ),
        Bad(
            option: "--limits-payload",
            value: "1",
            reason: "allowed: a size such as 500kB, 1 MiB or 64MiB, from 1 KiB to 512 MiB"
        ),
        Bad(
            option: "--commit-interval",
            value: "1",
            reason: "allowed: a duration such as 200ms, 15s, 5m or 1h, from 10ms to 5m"
        ),
        Bad(
            option: "--drain-timeout",
            value: "-1s",
            reason: "allowed: a duration such as 200ms, 15s, 5m or 1h, from 0s to 1h"
        ),
        Bad(option: "--retry-max-attempts", value: "0", reason: "allowed: a whole number from 1 to 1000000"),
        Bad(
            option: "--retry-initial-delay",
            value: "0s",
            reason: "allowed: a duration such as 200ms, 15s, 5m or 1h, from 1ms to 1h"
        ),
        Bad(option: "--breaker-failures", value: "-3", reason: "allowed: a whole number from 1 to 1000000"),
        Bad(option: "--notification-sink", value: "mail", reason: "allowed: one of log, webhook, kafka, delay, none"),
        Bad(option: "--publication-sink", value: "disk", reason: "allowed: one of journal, kafka, log, none"),
        Bad(option: "--admin-port", value: "65536", reason: "allowed: a port from 0 to 65535, or none"),
        Bad(option: "--admin-port", value: "-1", reason: "allowed: a port from 0 to 65535, or none"),
        Bad(
            option: "--log-level",
            value: "verbose",
            reason: "allowed: one of trace, debug, info, notice, warning, error, critical"
        ),
        Bad(option: "--log-format", value: "xml", reason: "allowed: one of text, json"),
    ]

    @Test(arguments: bad)
    func `the message names key, value, origin and what is allowed`(_ bad: Bad) {
        let failure = #expect(throws: CommandFailure.self) {
            try Settings.read(SettingsSources(arguments: [bad.option + "=" + bad.value]))
        }
        let key = KnownKeys.options[bad.option] ?? "?"
        #expect(
            failure
                == .settings("\(key): \"\(bad.value)\" from the command line (\(bad.option)) is refused; \(bad.reason)")
        )
    }

    @Test func `the message names the environment variable or the file`() throws {
        let variable = #expect(throws: CommandFailure.self) {
            try Settings.read(SettingsSources(environment: ["LOYALTY_ORDERING": "x"]))
        }
        #expect(variable?.message.contains("from the environment variable LOYALTY_ORDERING is refused") == true)
        try TemporaryFile.with("ordering: x") { path in
            let file = #expect(throws: CommandFailure.self) { try Settings.read(SettingsSources(file: path)) }
            #expect(file?.message.contains("ordering: \"x\" from the file \(path) is refused") == true)
        }
    }

    @Test(arguments: ["journal.url", "notification.webhook.url", "notification.webhook.allow", "notification.template"])
    func `what the stages check is refused by key`(_ key: String) {
        let values = [
            "journal.url": "postgres://db/loyalty", "notification.webhook.url": "ftp://x",
            "notification.webhook.allow": "a b!", "notification.template": "{{#open}}",
        ]
        let failure = #expect(throws: CommandFailure.self) {
            try Settings.read(SettingsSources(arguments: ["\(Setting.option(key))=\(values[key] ?? "")"]))
        }
        #expect(failure?.status == .settings)
        #expect(failure?.message.hasPrefix("\(key): ") == true)
    }

    @Test(arguments: [
        (["--notification-sink", "kafka"], "journal.url"),
        (["--journal-url", "none", "--publication-sink", "journal"], "publication.sink"),
        (
            [
                "--journal-url", "none", "--publication-sink", "kafka", "--notification-sink", "webhook",
                "--notification-webhook-url", "https://example.com/", "--notification-webhook-secret",
                "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
            ],
            "notification.sink"
        ),
        (
            ["--journal-url", "none", "--publication-sink", "kafka", "--kafka-assignor", "cooperative-sticky"],
            "kafka.assignor"
        ),
        (
            [
                "--journal-url", "none", "--publication-sink", "kafka", "--kafka-properties",
                "isolation.level=read_uncommitted",
            ],
            "kafka.properties"
        ),
        (["--journal-url", "none", "--publication-sink", "kafka", "--commit-interval", "30s"], "commit.interval"),
    ])
    func `what a transaction can't cover is refused with transactions`(_ options: [String], _ key: String) {
        let failure = #expect(throws: CommandFailure.self) {
            try Settings.read(SettingsSources(arguments: ["--kafka-delivery", "transactions"] + options))
        }
        #expect(failure?.status == .settings)
        #expect(failure?.message.hasPrefix("\(key) (") == true, "\(failure?.message ?? "")")
    }

    @Test func `transactions with topics, logs or nothing are taken`() throws {
        for sink in ["kafka", "log", "none"] {
            let settings = try Settings.read(
                SettingsSources(arguments: [
                    "--kafka-delivery", "transactions", "--journal-url", "none", "--publication-sink", sink,
                    "--notification-sink", sink,
                ])
            )
            #expect(settings.kafka.delivery == .transactions)
        }
    }

    @Test(arguments: [
        ("enable.auto.commit", "commit.interval"), ("enable.auto.offset.store", "commit.interval"),
        ("group.id", "kafka.group"), ("bootstrap.servers", "kafka.bootstrapServers"),
        ("group.instance.id", "kafka.groupInstanceId"), ("partition.assignment.strategy", "kafka.assignor"),
        ("acks", "acknowledged"), ("enable.idempotence", "acknowledged"), ("transactional.id", "transactions"),
        ("enable.partition.eof", "ends of partitions"), ("delivery.report.only.error", "delivery report"),
    ])
    func `properties that the worker owns are refused`(_ name: String, _ hint: String) {
        let failure = #expect(throws: CommandFailure.self) {
            try Settings.read(SettingsSources(arguments: ["--kafka-properties", "\(name)=x"]))
        }
        #expect(failure?.status == .settings)
        #expect(failure?.message.contains("'\(name)' can't be set here") == true)
        #expect(failure?.message.contains(hint) == true)
    }

    @Test(arguments: ["no.such.property=1", "fetch.min.bytes=many", "nothing", "=x", "client.id=a;client.id=b"])
    func `properties that librdkafka does not know are refused`(_ properties: String) {
        let failure = #expect(throws: CommandFailure.self) {
            try Settings.read(SettingsSources(arguments: ["--kafka-properties", properties]))
        }
        #expect(failure?.status == .settings)
    }

    @Test(arguments: [
        (["--drain-timeout", "150s"], "drain.timeout"),
        (["--drain-timeout", "5s", "--kafka-properties", "max.poll.interval.ms=10000"], "drain.timeout"),
        (["--limits-buffered", "1MiB", "--limits-payload", "2MiB"], "limits.buffered"),
        (["--retry-initial-delay", "61s"], "retry.maxDelay"),
        (["--notification-sink", "webhook"], "notification.webhook.url"),
        (
            ["--notification-sink", "webhook", "--notification-webhook-url", "https://example.com"],
            "notification.webhook.secret"
        ),
        (["--journal-url", "none"], "publication.sink"),
        (["--kafka-dead-letter-topic", "loyalty.events"], "kafka.topic"),
        (["--kafka-topic", "a,a.dlq"], "kafka.topic"),
        (["--kafka-topic", "a,b", "--kafka-dead-letter-topic", "b"], "kafka.topic"),
        (["--kafka-topic", "loyalty.notifications", "--notification-sink", "kafka"], "kafka.topic"),
        (["--kafka-topic", "^loyalty"], "kafka.deadLetterTopic"),
        (["--kafka-topic", "^loyalty[.]ev", "--kafka-dead-letter-topic", "loyalty.events.dlq"], "kafka.topic"),
        (["--kafka-topic", "^x|dlq$", "--kafka-dead-letter-topic", "loyalty.events.dlq"], "kafka.topic"),
        (
            ["--kafka-topic", "^loyalty", "--kafka-dead-letter-topic", "dead", "--publication-sink", "kafka"],
            "kafka.topic"
        ),
        (
            [
                "--notification-sink", "kafka", "--publication-sink", "kafka", "--notification-topic", "out",
                "--publication-topic", "out",
            ], "publication.topic"
        ),
    ])
    func `settings that do not fit each other are refused`(_ arguments: [String], _ key: String) {
        let failure = #expect(throws: CommandFailure.self) { try Settings.read(SettingsSources(arguments: arguments)) }
        #expect(failure?.status == .settings)
        #expect(failure?.message.hasPrefix("\(key) (") == true)
    }

    @Test(arguments: [
        ["--kafka-topic", "^loyalty[.]events$", "--kafka-dead-letter-topic", "loyalty.events.dlq"],
        ["--kafka-topic", "^in", "--kafka-dead-letter-topic", "dead.in", "--notification-sink", "kafka"],
        ["--kafka-topic", "a,b", "--publication-topic", "a"],
        ["--kafka-topic", "a,a.dlq", "--kafka-dead-letter-topic", "c"],
    ])
    func `topics that do not meet are taken`(_ arguments: [String]) throws {
        _ = try Settings.read(SettingsSources(arguments: arguments))
    }

    @Test func `a pattern that is none is a bad value`() {
        let failure = #expect(throws: CommandFailure.self) {
            try Settings.read(SettingsSources(arguments: ["--kafka-topic", "^a(", "--kafka-dead-letter-topic", "d"]))
        }
        #expect(
            failure
                == .settings(
                    "kafka.topic: \"^a(\" from the command line (--kafka-topic) is refused; it is no regular expression"
                )
        )
    }

    @Test(arguments: KnownKeys.all) func `an empty value on the command line is refused`(_ key: String) {
        let option = Setting.option(key)
        for arguments in [[option, ""], [option + "="]] {
            let failure = #expect(throws: CommandFailure.self) {
                try Settings.read(SettingsSources(arguments: arguments))
            }
            #expect(failure?.status == .settings)
            let beginning = "\(key) from the command line (\(option)) is empty; leave it out"
            #expect(failure?.message.hasPrefix(beginning) == true)
        }
    }

    @Test func `both delays are shown when they do not fit`() {
        let failure = #expect(throws: CommandFailure.self) {
            try Settings.read(SettingsSources(arguments: ["--retry-initial-delay", "2s", "--retry-max-delay", "1s"]))
        }
        #expect(failure?.message.contains("1s is less than retry.initialDelay (2s)") == true)
    }

    @Test func `cooperative-sticky depends on the library that is loaded`() throws {
        var settings = try Settings.read(SettingsSources())
        settings.kafka.assignor = .cooperativeSticky
        let failure = #expect(throws: CommandFailure.self) {
            try settings.checkAssignor(library: LibraryVersion(2, 0, 2))
        }
        #expect(failure?.status == .settings)
        #expect(failure?.message.contains("2.0.2 is loaded") == true)
        try settings.checkAssignor(library: LibraryVersion(2, 10, 0))
    }
}
