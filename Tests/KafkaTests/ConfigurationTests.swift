import Testing

@testable import Kafka

struct ConfigurationTests {
    @Test
    func `an unknown property is refused by name`() {
        let error = #expect(throws: KafkaError.self) { try Configuration.check(["no.such.thing": "1"]) }
        #expect(error?.code == .invalidArgument)
        #expect(error?.reason.contains("no.such.thing") == true)
    }

    @Test
    func `a bad value is refused with the reason`() {
        let error = #expect(throws: KafkaError.self) { try Configuration.check(["session.timeout.ms": "soon"]) }
        #expect(error?.reason.contains("session.timeout.ms") == true)
    }

    @Test
    func `good properties pass`() throws {
        try Configuration.check(["bootstrap.servers": "localhost:9092", "acks": "all"])
    }

    @Test
    func `contradictions show when the client is made`() {
        let error = #expect(throws: KafkaError.self) {
            try Producer(configuration: ["acks": "1"], doorbell: nil, log: { _ in })
        }
        #expect(error?.reason.contains("acks") == true)
    }

    @Test
    func `secrets are masked`() {
        let configuration: Configuration = ["sasl.password": "hunter2", "ssl.key.pem": "MII", "client.id": "a"]
        #expect("\(configuration)" == "client.id=a sasl.password=*** ssl.key.pem=***")
    }

    @Test(arguments: ["cooperative-sticky", "range,cooperative-sticky"])
    func `cooperative-sticky is refused where it loses assignments`(strategy: String) {
        let configuration: Configuration = ["partition.assignment.strategy": strategy]
        let old = Consumer.refusal(of: configuration, on: LibraryVersion(2, 9, 9))
        #expect(old?.code == .unsupportedFeature)
        #expect(old?.reason.contains("Set it to range") == true)
        #expect(Consumer.refusal(of: configuration, on: LibraryVersion(2, 10, 0)) == nil)
        #expect(Consumer.refusal(of: ["partition.assignment.strategy": "range"], on: LibraryVersion(2, 0, 2)) == nil)
    }

    @Test(.enabled(if: LibraryVersion.current < .safeCooperativeRebalance))
    func `a consumer refuses cooperative-sticky`() {
        #expect(throws: KafkaError.self) {
            try Consumer(
                configuration: ["group.id": "g", "partition.assignment.strategy": "cooperative-sticky"],
                topics: ["t"],
                doorbell: Doorbell(),
                log: { _ in }
            )
        }
    }

    @Test
    func `a group consumer needs a group`() {
        let error = #expect(throws: KafkaError.self) {
            try Consumer(configuration: [:], topics: ["t"], doorbell: Doorbell(), log: { _ in })
        }
        #expect(error?.reason.contains("group.id") == true)
    }

    @Test
    func `versions are ordered by number`() {
        #expect(LibraryVersion(2, 9, 0) < LibraryVersion(2, 10, 0))
        #expect(LibraryVersion.current >= LibraryVersion(2, 0, 2))
        print("librdkafka \(LibraryVersion.current)")
    }
}
