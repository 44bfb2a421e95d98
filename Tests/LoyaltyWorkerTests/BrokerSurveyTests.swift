import Foundation
import Kafka
import Synchronization
import Testing

@testable import LoyaltyWorker

@Suite struct `A look at the brokers` {
    private let cluster: MockCluster

    init() throws {
        cluster = try MockCluster()
        try cluster.createTopic("loyalty.a", partitions: 2)
        try cluster.createTopic("loyalty.b", partitions: 3)
        try cluster.createTopic("other", partitions: 1)
    }

    private func settings(_ topic: String) throws -> Settings {
        try Settings.read(
            SettingsSources(arguments: [
                "--kafka-bootstrap-servers", cluster.bootstrapServers, "--kafka-topic", topic,
                "--kafka-dead-letter-topic", "dead",
            ])
        )
    }

    @Test func `topics of a pattern are found, with their partitions`() async throws {
        let settings = try settings("^loyalty")
        let found = try await BrokerSurvey(settings).partitions(of: settings.kafka, timeout: .seconds(10))
        #expect(found.topics == ["loyalty.a", "loyalty.b"])
        #expect(found.count == 5)
    }

    @Test func `a look creates no topic`() async throws {
        let settings = try settings("loyalty.a,absent")
        var findings: [Finding] = []
        await KafkaCheck(settings).run { findings.append($0) }
        #expect(findings.contains { $0.subject == "topic absent" && $0.state == .failed })
        #expect(findings.contains { $0.subject == "topic dead" && $0.state == .warning })
        let topics = try await BrokerSurvey(settings).consumer.topics(timeout: .seconds(10))
        #expect(Set(topics.keys) == ["loyalty.a", "loyalty.b", "other"])
    }

    @Test func `a check says how many topics match`() async throws {
        var findings: [Finding] = []
        await KafkaCheck(try settings("^loyalty")).run { findings.append($0) }
        #expect(findings.contains { $0.words == "2 match ^loyalty, with 5 partitions: loyalty.a, loyalty.b" })
    }

    @Test func `records that are not acknowledged are given back in time, unless the user says otherwise`() throws {
        #expect(try settings("a").producerConfiguration()["message.timeout.ms"] == "20000")
        for name in ["message.timeout.ms", "delivery.timeout.ms"] {
            let chosen = try Settings.read(SettingsSources(arguments: ["--kafka-properties", "\(name)=30000"]))
            let configuration = chosen.producerConfiguration()
            #expect(configuration[name] == "30000")
            try Configuration.check(["message.timeout.ms": configuration["message.timeout.ms"] ?? "1"])
        }
    }
}
