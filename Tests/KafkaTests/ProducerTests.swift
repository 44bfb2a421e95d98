import Testing

@testable import Kafka

struct ProducerTests {
    private func record(_ size: Int = 10, partition: Int32? = nil, headers: [Header] = []) -> OutgoingRecord {
        OutgoingRecord(
            topic: "out",
            partition: partition,
            key: [1],
            value: [UInt8](repeating: 65, count: size),
            headers: headers
        )
    }

    private func makeProducer(
        _ cluster: MockCluster,
        _ bell: Doorbell,
        _ extra: [String: String] = [:]
    ) throws -> Producer {
        try Producer(configuration: .producing(cluster, extra), doorbell: bell, log: { _ in })
    }

    @Test
    func `each record has one report with its token`() async throws {
        let cluster = try MockCluster()
        try cluster.createTopic("out", partitions: 3)
        let reports = try await produce((0..<5000).map { record(partition: Int32($0 % 3)) }, to: cluster)
        #expect(reports.count == 5000)
        for partition in 0..<3 {
            let mine = try reports.filter { $0.key % 3 == partition }.sorted { $0.key < $1.key }
                .map { try $0.value.result.get() }
            #expect(mine.enumerated().allSatisfy { $1.partition == partition && $1.offset == Int64($0) })
        }
    }

    @Test
    func `a record that is too large is refused at once`() throws {
        let cluster = try MockCluster()
        let producer = try makeProducer(cluster, Doorbell(), ["message.max.bytes": "2000"])
        let error = #expect(throws: KafkaError.self) {
            try producer.send(record(5000, headers: [Header(name: "a", value: nil)]), token: 1)
        }
        #expect(error?.code == .messageSizeTooLarge && error?.isRetriable == false)
        #expect(producer.queued == 0)
    }

    @Test
    func `a record that the broker refuses has a report that says so`() async throws {
        let cluster = try MockCluster()
        try cluster.createTopic("out", partitions: 1)
        cluster.push([.messageSizeTooLarge], for: .produce)
        let reports = try await produce([record()], to: cluster, ["enable.idempotence": "false"])
        guard case .failure(let error) = reports[0]?.result else {
            Issue.record("was delivered")
            return
        }
        #expect(error.code == .messageSizeTooLarge)
        #expect(reports[0]?.mayBeStored == false)
    }

    @Test(.timeLimit(.minutes(1)))
    func `a producer that broke for good says why, refuses records, and lets go of those it has`() async throws {
        let cluster = try MockCluster()
        try cluster.createTopic("out", partitions: 1)
        try cluster.setDown()
        let bell = Doorbell()
        let producer = try makeProducer(cluster, bell)
        try producer.send(record(), token: 7)
        #expect(producer.fatalError == nil)
        producer.breakForGood("sequence lost")
        let error = try #require(producer.fatalError)
        #expect(error.isFatal && error.reason.contains("sequence lost"), "\(error)")
        let refusal = #expect(throws: KafkaError.self) { try producer.send(record(), token: 8) }
        #expect(refusal?.isFatal == true)
        try cluster.setUp()
        var results: [UInt64: Bool] = [:]
        while results.isEmpty {
            _ = producer.waitForReports(timeout: .milliseconds(100)) { report in
                if case .failure = report.result { results[report.token] = false } else { results[report.token] = true }
            }
        }
        #expect(results == [7: false])
    }

    @Test
    func `a partition that does not exist is an error and no crash`() async throws {
        let cluster = try MockCluster()
        try cluster.createTopic("out", partitions: 1)
        let producer = try makeProducer(cluster, Doorbell())
        #expect(try await producer.partitions(of: "out", timeout: .seconds(10)) == 1)
        let headers = [Header(name: "reason", value: [1, 2, 3]), Header(name: "none", value: nil)]
        for partition in [1, 99, .max] as [Int32] {
            let error = #expect(throws: KafkaError.self) {
                try producer.send(record(partition: partition, headers: headers), token: 1)
            }
            #expect(error?.code == .unknownPartition)
        }
        for partition in [-2, .min] as [Int32] {
            #expect(throws: KafkaError.self) {
                try producer.send(record(partition: partition, headers: headers), token: 1)
            }
        }
        #expect(producer.queued == 0)
    }

    @Test
    func `a full queue is an error to come back for`() async throws {
        let cluster = try MockCluster()
        try cluster.createTopic("out", partitions: 1)
        let bell = Doorbell()
        let producer = try makeProducer(cluster, bell, ["queue.buffering.max.messages": "10", "linger.ms": "50"])
        var sent: UInt64 = 0
        var refusals = 0
        var reported = 0
        await eventually("all reports", bell) {
            reported += producer.reports(upTo: 1000) { _ in }
            while sent < 100 {
                do throws(KafkaError) {
                    try producer.send(record(), token: sent)
                    sent += 1
                } catch {
                    #expect(error.code == .queueFull && error.isRetriable)
                    refusals += 1
                    break
                }
            }
            return reported == 100
        }
        #expect(refusals > 0)
    }

    @Test
    func `with the brokers away a record times out and nothing hangs`() async throws {
        let cluster = try MockCluster()
        try cluster.createTopic("out", partitions: 1)
        let bell = Doorbell()
        do {
            let producer = try makeProducer(cluster, bell, ["message.timeout.ms": "4000"])
            // librdkafka 2.16 gives a partition whose leader it has just found to nobody when that broker goes away at
            // this moment, and then no record of it times out before a broker is back. So one record goes first.
            var report: DeliveryReport?
            try producer.send(record(), token: 4)
            await eventually("first report", bell) {
                _ = producer.reports(upTo: 10) { report = $0 }
                return report != nil
            }
            #expect(throws: Never.self) { try report?.result.get() }
            try cluster.setDown()
            report = nil
            try producer.send(record(), token: 5)
            #expect(producer.queued == 1)
            await eventually("report", bell) {
                _ = producer.reports(upTo: 10) { report = $0 }
                return report != nil
            }
            #expect(throws: KafkaError.self) { try report?.result.get() }
            #expect(report?.token == 5)
            // Let go of with a record still queued.
            try producer.send(record(), token: 6)
        }
    }

    @Test
    func `a tool can block for its reports`() throws {
        let cluster = try MockCluster()
        try cluster.createTopic("out", partitions: 1)
        let producer = try Producer(configuration: .producing(cluster), doorbell: nil, log: { _ in })
        for token in 0..<10 as Range<UInt64> { try producer.send(record(), token: token) }
        var tokens: [UInt64] = []
        let end = ContinuousClock.now + .seconds(30)
        while tokens.count < 10, ContinuousClock.now < end {
            _ = producer.waitForReports(timeout: .seconds(1)) { tokens.append($0.token) }
        }
        #expect(tokens == Array(0..<10))
        #expect(producer.queued == 0)
        #expect(producer.fatalError == nil)
    }

    @Test
    func `log lines reach the closure`() async throws {
        let cluster = try MockCluster()
        let lines = Counter()
        let bell = Doorbell()
        let producer = try Producer(
            configuration: .producing(cluster, ["debug": "broker"]),
            doorbell: bell,
            log: { line in
                #expect((0...7).contains(line.level) && !line.facility.isEmpty && !line.message.isEmpty)
                lines.add(1)
            }
        )
        await eventually("lines", bell) {
            _ = producer.reports(upTo: 10) { _ in }
            return lines.value > 5
        }
    }
}
