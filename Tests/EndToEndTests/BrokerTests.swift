import Foundation
import Kafka
import Testing

private let python: URL? = ProcessInfo.processInfo.environment["TEST_VENV"].map {
    URL(filePath: $0).appending(path: "bin/python")
}

/// Against brokers that nobody here wrote, in processes of their own; they need the Python packages that `deploy/test` installs.
@Suite(
    .serialized,
    .crowded,
    .timeLimit(.minutes(3)),
    .enabled(if: python != nil, "TEST_VENV does not name a virtual environment with the brokers")
)
struct BrokerTests {
    @Test func `on a broker that takes commits during a revoke, a handover re-reads nothing`() async throws {
        let broker = try start("tansu")
        let site = try await Site(brokers: try await broker.firstLine(), receiver: ["--delay-ms", "0..2"])
        // A session that a busy machine can't break, which would be another story.
        let read = try await handOver(at: site, sessionTimeout: 30_000)
        #expect(read == 4000)
    }

    @Test func `a broker that is restarted in the middle costs nothing`() async throws {
        let broker = try start("noida")
        let site = try await Site(
            brokers: try await broker.firstLine(),
            partitions: 4,
            receiver: ["--delay-ms", "0..2"]
        )
        let expected = try await site.generate(2000, seed: 21)
        let worker = try Program(["run", "--json"] + site.settings)
        #expect(await site.notifiedReaches(expected.notifications / 4), "\(worker.errorText.suffix(2000))")
        try broker.write("restart")
        #expect(await broker.outputReaches(2))
        #expect(await site.notifiedReaches(expected.notifications), "\(worker.errorText.suffix(2000))")
        worker.send(SIGTERM)
        let outcome = await worker.finish()
        #expect(outcome.status == 0, "\(outcome.errors.suffix(2000))")
        let rest = try await Program.run(["run", "--until-end", "--json"] + site.settings)
        #expect(rest.status == 0)
        try site.checkBooks(expected, repeatsAllowed: 0)
        let deadLetters = try await site.read("loyalty.events.dlq")
        #expect(Set(deadLetters.map(\.origin)).count == expected.deadLetters)
    }

    @Test func `offsets are found by time`() async throws {
        let broker = try start("noida")
        let site = try await Site(brokers: try await broker.firstLine(), partitions: 1)
        let first: Int64 = 1_790_000_000_000
        try site.publish(
            (0..<100).map { number in
                OutgoingRecord(
                    topic: "loyalty.events",
                    partition: 0,
                    key: nil,
                    value: [1],
                    headers: [],
                    timestamp: first + Int64(number) * 1000
                )
            }
        )
        let consumer = try Consumer(
            configuration: ["bootstrap.servers": site.brokers],
            topics: [],
            doorbell: Doorbell(),
            log: { _ in }
        )
        let source = TopicPartition(topic: "loyalty.events", partition: 0)
        for (time, offset) in [(first - 5, 0), (first, 0), (first + 41_500, 42), (first + 99_000, 99)]
            as [(Int64, Int64)]
        {
            let found = try await consumer.offsets(at: [source: time], timeout: .seconds(10))
            #expect(found[source] == offset)
        }
        let after = try await consumer.offsets(at: [source: first + 100_000], timeout: .seconds(10))
        #expect(after[source] == .some(nil) || after[source] == nil)
    }

    private func start(_ kind: String) throws -> Program {
        let script = Bundle.module.bundleURL.appending(path: "Brokers/broker.py")
        return try Program([script.path, kind], executable: try #require(python), ending: SIGTERM)
    }
}
