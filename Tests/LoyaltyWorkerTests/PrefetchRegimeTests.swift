import Kafka
import Testing

@testable import LoyaltyWorker

@Suite struct `The prefetch regime follows the library` {
    private static let old = LibraryVersion(2, 0, 2)
    private static let new = LibraryVersion(2, 16, 0)

    @Test(arguments: [(6, 5461), (1, 32_768), (64, 512), (1000, 512), (0, 32_768)])
    func `half of the buffer is shared out, at least half a mebibyte each`(_ partitions: Int, _ kibibytes: Int) {
        let regime = PrefetchRegime.decide(buffered: 64 << 20, partitions: partitions, properties: KafkaProperties())
        #expect(regime == .bounded(kibibytes: kibibytes))
        var configuration = Configuration()
        regime.apply(to: &configuration, library: Self.new)
        #expect(configuration["queued.max.messages.kbytes"] == "\(kibibytes)")
        #expect(configuration["fetch.queue.backoff.ms"] == "10")
        #expect(configuration["fetch.wait.max.ms"] == "25")
    }

    @Test func `below 2.2 the unknown property is left out`() {
        var configuration = Configuration()
        PrefetchRegime.bounded(kibibytes: 2048).apply(to: &configuration, library: Self.old)
        #expect(configuration["queued.max.messages.kbytes"] == "2048")
        #expect(configuration["fetch.queue.backoff.ms"] == nil)
    }

    @Test(arguments: [old, new]) func `what the user set stays`(_ library: LibraryVersion) {
        let properties = KafkaProperties(["queued.max.messages.kbytes": "2048"])
        let regime = PrefetchRegime.decide(buffered: 64 << 20, partitions: 6, properties: properties)
        #expect(regime == .chosen(kibibytes: "2048"))
        var configuration = Configuration(properties.forConsumer)
        regime.apply(to: &configuration, library: library)
        #expect(configuration["queued.max.messages.kbytes"] == "2048")
    }
}

@Suite struct `Kafka clients are configured from settings` {
    @Test func `the consumer belongs to the group and starts at the earliest offset`() throws {
        let settings = try Settings.read(
            SettingsSources(arguments: [
                "--kafka-bootstrap-servers", "b:9092", "--kafka-group", "g", "--kafka-group-instance-id", "i",
                "--kafka-properties",
                "linger.ms=7;fetch.min.bytes=9;session.timeout.ms=10000;security.protocol=PLAINTEXT",
            ])
        )
        let consumer = settings.consumerConfiguration(prefetch: .bounded(kibibytes: 1024))
        #expect(consumer["bootstrap.servers"] == "b:9092")
        #expect(consumer["group.id"] == "g")
        #expect(consumer["group.instance.id"] == "i")
        #expect(consumer["partition.assignment.strategy"] == "range")
        #expect(consumer["auto.offset.reset"] == "earliest")
        #expect(consumer["enable.partition.eof"] == "true")
        #expect(consumer["client.id"] == "loyalty-worker")
        #expect(consumer["fetch.min.bytes"] == "9")
        #expect(consumer["linger.ms"] == nil)
        #expect(consumer["heartbeat.interval.ms"] == nil, "it must fit the session, which is the user's")
        #expect(consumer["socket.nagle.disable"] == "true")
        let producer = settings.producerConfiguration()
        #expect(producer["linger.ms"] == "7")
        #expect(producer["fetch.min.bytes"] == nil)
        #expect(producer["session.timeout.ms"] == nil)
        #expect(producer["security.protocol"] == "PLAINTEXT")
        #expect(producer["enable.idempotence"] == "true")
        #expect(producer["acks"] == "all")
        #expect(producer["socket.nagle.disable"] == "true")
        #expect(producer["message.max.bytes"] == "67108864")
    }

    @Test func `librdkafka takes both configurations`() throws {
        let settings = try Settings.read(SettingsSources(arguments: ["--kafka-bootstrap-servers", "127.0.0.1:1"]))
        _ = try Consumer(
            configuration: settings.consumerConfiguration(prefetch: .bounded(kibibytes: 1024)),
            topics: ["t"],
            doorbell: Doorbell(),
            log: { _ in }
        )
        _ = try Producer(configuration: settings.producerConfiguration(), doorbell: nil, log: { _ in })
    }

    @Test func `a member of the default session learns of a rebalance within a second`() throws {
        let settings = try Settings.read(SettingsSources(arguments: []))
        #expect(settings.consumerConfiguration(prefetch: .bounded(kibibytes: 1024))["heartbeat.interval.ms"] == "1000")
    }

    @Test func `the start of a new group is the user's to choose`() throws {
        let settings = try Settings.read(
            SettingsSources(arguments: ["--kafka-properties", "auto.offset.reset=latest"])
        )
        #expect(settings.consumerConfiguration(prefetch: .bounded(kibibytes: 1024))["auto.offset.reset"] == "latest")
    }
}
