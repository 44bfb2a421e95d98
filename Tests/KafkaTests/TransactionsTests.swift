import Testing

@testable import Kafka

/// The mock cluster takes transactions, and forgets the offsets in them: what they are worth is tested on another broker.
struct TransactionsTests {
    private struct World {
        let cluster: MockCluster
        let bell = Doorbell()
        let producer: Producer
        let transactions: Transactions

        init(id: String = "t") throws {
            cluster = try MockCluster()
            try cluster.createTopic("out", partitions: 1)
            try cluster.createTopic("events", partitions: 1)
            producer = try Producer(
                configuration: .producing(cluster, ["transactional.id": id]),
                doorbell: bell,
                log: { _ in }
            )
            transactions = Transactions(of: producer)
        }

        func send(_ count: Int) async throws {
            for token in 0..<count {
                try producer.send(OutgoingRecord(topic: "out", key: nil, value: [1]), token: UInt64(token))
            }
            var reports = 0
            await eventually("reports", bell) {
                reports += producer.reports(upTo: 1000) { _ in }
                return reports == count
            }
        }
    }

    private let timeout: Duration = .seconds(20)

    @Test
    func `records and offsets are committed, and the next transaction goes on`() async throws {
        let world = try World()
        try await world.transactions.open(timeout: timeout)
        try await world.transactions.open(timeout: timeout)
        let reader = try Reader(world.cluster, topics: ["events"])
        await eventually("assignment", reader.bell) {
            try reader.serveEvents()
            return reader.assignments == 1
        }
        let member = try await reader.consumer.member(timeout: timeout)
        let offsets = [
            CommittedOffset(partition: TopicPartition(topic: "events", partition: 0), offset: 7, metadata: "lw1:AA==")
        ]
        for _ in 0..<3 {
            try await world.send(10)
            try await world.transactions.add(offsets, of: member, timeout: timeout)
            try await world.transactions.commit(timeout: timeout)
            try await world.transactions.begin(timeout: timeout)
        }
        #expect(world.producer.fatalError == nil)
    }

    @Test
    func `after an abort the next transaction goes on`() async throws {
        let world = try World()
        try await world.transactions.open(timeout: timeout)
        try await world.send(5)
        try await world.transactions.abort(timeout: timeout)
        try await world.transactions.begin(timeout: timeout)
        try await world.send(5)
        try await world.transactions.commit(timeout: timeout)
    }

    @Test
    func `offsets of a member that was thrown out need an abort, and nothing is dead`() async throws {
        let world = try World()
        try await world.transactions.open(timeout: timeout)
        let reader = try Reader(world.cluster, topics: ["events"])
        await eventually("assignment", reader.bell) {
            try reader.serveEvents()
            return reader.assignments == 1
        }
        let member = try await reader.consumer.member(timeout: timeout)
        world.cluster.push([.illegalGeneration], for: .txnOffsetCommit)
        try await world.send(1)
        let offset = CommittedOffset(partition: TopicPartition(topic: "events", partition: 0), offset: 1)
        let error = await #expect(throws: KafkaError.self) {
            try await world.transactions.add([offset], of: member, timeout: timeout)
        }
        #expect(error?.requiresAbort == true && error?.isFatal == false)
        try await world.transactions.abort(timeout: timeout)
        try await world.transactions.begin(timeout: timeout)
        try await world.send(1)
    }

    @Test
    func `a call that is not answered in time can be made again`() async throws {
        let world = try World()
        try await world.transactions.open(timeout: timeout)
        try await world.send(1)
        try world.cluster.setDown()
        let error = await #expect(throws: KafkaError.self) {
            try await world.transactions.commit(timeout: .milliseconds(300))
        }
        #expect(error?.isRetriable == true && error?.requiresAbort == false, "\(String(describing: error))")
        try world.cluster.setUp()
        try await world.transactions.commit(timeout: timeout)
        try await world.transactions.begin(timeout: timeout)
    }

    @Test
    func `nobody in particular is no member`() async throws {
        let cluster = try MockCluster()
        let reader = try Reader(cluster)
        let error = await #expect(throws: KafkaError.self) {
            _ = try await reader.consumer.member(timeout: .seconds(5))
        }
        #expect(error?.isRetriable == true)
    }

    @Test
    func `without a transaction nothing can be sent`() async throws {
        let world = try World()
        let error = #expect(throws: KafkaError.self) {
            try world.producer.send(OutgoingRecord(topic: "out", key: nil, value: [1]), token: 1)
        }
        #expect(error?.code == .state)
    }
}
