import Foundation
import Pipeline
import Stages
import Testing

@testable import LoyaltyWorker

@Suite struct `Settings are read from several sources` {
    private func read(
        _ arguments: [String] = [],
        environment: [String: String] = [:],
        yaml: String? = nil
    ) throws -> Settings {
        guard let yaml else {
            return try Settings.read(SettingsSources(arguments: arguments, environment: environment))
        }
        return try TemporaryFile.with(yaml) { path in
            try Settings.read(SettingsSources(arguments: arguments, environment: environment, file: path))
        }
    }

    @Test func `without anything the documented defaults hold`() throws {
        let settings = try read()
        #expect(settings.kafka.bootstrapServers == nil)
        #expect(settings.kafka.topics == ["loyalty.events"])
        #expect(settings.kafka.group == "loyalty-worker")
        #expect(settings.kafka.assignor == .range)
        #expect(settings.ordering == .key)
        #expect(settings.limits.inFlight == 1000)
        #expect(settings.limits.buffered == 64 << 20)
        #expect(settings.limits.payload == 1 << 20)
        #expect(settings.commitInterval == .seconds(1))
        #expect(settings.drainTimeout == .seconds(20))
        #expect(settings.retry.maxAttempts == 8)
        #expect(settings.retry.initialDelay == .milliseconds(200))
        #expect(settings.retry.maxDelay == .seconds(60))
        #expect(settings.breaker.failures == 20)
        #expect(settings.breaker.cooldown == .seconds(10))
        #expect(settings.notification.sink == .log)
        #expect(settings.notification.webhookTimeout == .seconds(15))
        #expect(settings.notification.topic == "loyalty.notifications")
        #expect(settings.notification.maxAge == nil)
        #expect(settings.publication.sink == .journal)
        #expect(settings.publication.topic == "loyalty.publications")
        #expect(settings.journal == .sqlite(path: "loyalty-journal.sqlite"))
        #expect(settings.admin.host == "127.0.0.1")
        #expect(settings.admin.port == 8080)
        #expect(settings.admin.livenessTimeout == .seconds(300))
        #expect(settings.log.level == .info)
        #expect(settings.log.format == .text)
        #expect(settings.origins.isEmpty)
    }

    @Test func `the command line wins over environment, file and default, one after the other`() throws {
        let yaml = "kafka:\n  topic: from-file\n  group: from-file\n  groupInstanceId: from-file\n"
        let environment = ["LOYALTY_KAFKA_TOPIC": "from-environment", "LOYALTY_KAFKA_GROUP": "from-environment"]
        let settings = try read(["--kafka-topic", "from-line"], environment: environment, yaml: yaml)
        #expect(settings.kafka.topics == ["from-line"])
        #expect(settings.kafka.group == "from-environment")
        #expect(settings.kafka.groupInstanceID == "from-file")
        #expect(settings.origins["kafka.topic"] == .commandLine(option: "--kafka-topic"))
        #expect(settings.origins["kafka.group"] == .environment(variable: "LOYALTY_KAFKA_GROUP"))
    }

    @Test(arguments: [["--kafka-bootstrap-servers", "a:1,b:2"], ["--kafka-bootstrap-servers=a:1,b:2"]])
    func `an option takes its value behind a space or an equals sign`(_ arguments: [String]) throws {
        #expect(try read(arguments).kafka.bootstrapServers == "a:1,b:2")
    }

    @Test func `a value may hold equals signs, commas and a leading dash`() throws {
        let settings = try read([
            "--kafka-properties", "ssl.ca.location=/a=b;client.id=x,y", "--notification-template=-{{points}}",
        ])
        #expect(settings.kafka.properties["ssl.ca.location"] == "/a=b")
        #expect(settings.kafka.properties["client.id"] == "x,y")
        #expect(settings.notification.template == "-{{points}}")
    }

    @Test func `lists add up, other options may be given once`() throws {
        #expect(try read(["--kafka-topic", "a", "--kafka-topic", "b,c"]).kafka.topics == ["a", "b", "c"])
        let failure = #expect(throws: CommandFailure.self) { try read(["--kafka-group", "a", "--kafka-group", "b"]) }
        #expect(failure == .usage("--kafka-group is given twice; keep one"))
    }

    @Test func `a regular expression is taken whole`() throws {
        let settings = try read(["--kafka-topic", "^loyalty\\.(a|b){1,2}", "--kafka-dead-letter-topic", "dead"])
        #expect(settings.kafka.topics == ["^loyalty\\.(a|b){1,2}"])
    }

    @Test func `an empty environment variable counts as not given`() throws {
        #expect(try read(environment: ["LOYALTY_KAFKA_TOPIC": ""]).kafka.topics == ["loyalty.events"])
    }

    @Test func `yaml takes lists, numbers, nothing, dotted keys and a mapping of properties`() throws {
        let yaml = """
            # a comment
            kafka:
              topic: [a, b]
              groupInstanceId: ~
              properties:
                security.protocol: SASL_SSL
                sasl.password: "a;b"
            limits.inFlight: 5
            admin:
              port: none
            """
        let settings = try read(yaml: yaml)
        #expect(settings.kafka.topics == ["a", "b"])
        #expect(settings.kafka.groupInstanceID == nil)
        #expect(settings.kafka.properties["security.protocol"] == "SASL_SSL")
        #expect(settings.kafka.properties["sasl.password"] == "a;b")
        #expect(settings.limits.inFlight == 5)
        #expect(settings.admin.port == nil)
    }

    @Test(arguments: ["", "# nothing\n", "---\n"]) func `an empty file is no mistake`(_ yaml: String) throws {
        #expect(try read(yaml: yaml).kafka.group == "loyalty-worker")
    }

    @Test func `an environment variable names the file when the command line does not`() throws {
        try TemporaryFile.with("kafka: {group: g}") { path in
            let settings = try read(environment: ["LOYALTY_CONFIG": path])
            #expect(settings.kafka.group == "g")
            #expect(settings.origins["kafka.group"] == .file(path: path))
            #expect(settings.warnings.isEmpty)
        }
    }

    @Test func `an unknown variable of ours is warned of, with the nearest name`() throws {
        let settings = try read(environment: ["LOYALTY_KAFKA_TOPICS": "x", "OTHER": "y"])
        #expect(
            settings.warnings == [
                "the environment variable LOYALTY_KAFKA_TOPICS is no setting and means nothing here;"
                    + " did you mean LOYALTY_KAFKA_TOPIC?"
            ]
        )
    }

    @Test func `an unknown option is wrong usage, with the nearest name`() {
        let failure = #expect(throws: CommandFailure.self) { try read(["--kafka-topik", "x"]) }
        #expect(
            failure
                == .usage(
                    "unknown option --kafka-topik; did you mean --kafka-topic?; loyalty-worker run --help lists them all"
                )
        )
    }

    @Test func `an unknown key in the file is refused, with the nearest name`() {
        let failure = #expect(throws: CommandFailure.self) { try read(yaml: "kafka: {topics: x}") }
        #expect(failure?.status == .settings)
        #expect(failure?.message.contains("kafka.topics in the file") == true)
        #expect(failure?.message.hasSuffix("is no setting; did you mean kafka.topic?") == true)
    }

    @Test func `an option that only another command has is not suggested for itself`() {
        let failure = #expect(throws: CommandFailure.self) { try read(["--until-end"]) }
        #expect(failure?.status == .usage)
        #expect(failure?.message.contains("did you mean --until-end") == false)
    }

    @Test(arguments: ["kafka:\n", "kafka: ~", "notification:\n  webhook:\nordering: none", "kafka: {properties: }"])
    func `a section with nothing below it is ignored`(_ yaml: String) throws {
        #expect(try read(yaml: yaml).kafka.group == "loyalty-worker")
    }

    @Test(arguments: ["kafka: [1, {a: b}]", "just words", "a: b: c", "kafka: {group: [a, b]}"])
    func `a file that is no mapping of settings is refused on one line`(_ yaml: String) {
        let failure = #expect(throws: CommandFailure.self) { try read(yaml: yaml) }
        #expect(failure?.status == .settings)
        #expect(failure?.message.contains("\n") == false)
    }

    @Test func `a file that is not there is refused`() {
        let failure = #expect(throws: CommandFailure.self) {
            try Settings.read(SettingsSources(file: "/no/such/file.yaml"))
        }
        #expect(
            failure
                == .settings(
                    "the settings file /no/such/file.yaml can't be read; is it there, and may this user read it?"
                )
        )
    }

    @Test func `a missing value and a stray argument are wrong usage`() {
        for arguments in [["--kafka-topic"], ["--kafka-topic", "--kafka-group"], ["stray"]] {
            let failure = #expect(throws: CommandFailure.self) { try read(arguments) }
            #expect(failure?.status == .usage)
        }
    }

    @Test func `prepared values take the place of defaults only`() throws {
        let prepared = ["kafka.bootstrapServers": "embedded:1", "kafka.group": "demo"]
        let settings = try Settings.read(
            SettingsSources(arguments: ["--kafka-group", "mine"]),
            prepared: prepared
        )
        #expect(settings.kafka.bootstrapServers == "embedded:1")
        #expect(settings.kafka.group == "mine")
    }
}
