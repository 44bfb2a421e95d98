import Foundation
import Kafka
import Logging
import Synchronization
import Testing

@testable import Pipeline

/// The loop against librdkafka and its mock cluster, in one process.
@Suite struct WorkerTests {
    final class Item: Sendable {
        let record: Record
        init(_ record: Record) { self.record = record }
    }

    struct TextIntake: Intake {
        func receive(_ record: Record) -> Reception<Item> {
            guard let value = record.value else { return .ignore }
            let text = String(decoding: value, as: UTF8.self)
            if text.hasPrefix("bad") { return .reject(DeadLetter.Cause(.decode, "it says bad")) }
            return .accept(
                lane: record.keyHash ?? 0,
                stages: [StageSet(index: 0), StageSet(index: 1)],
                work: Item(record)
            )
        }
    }

    /// Keeps what it was asked for, in order; fails first where `failures` says so.
    final class Recorder: Stage {
        let name: String
        let seen = Mutex<[String]>([])
        let failures: Mutex<[String: Int]>

        init(_ name: String, failures: [String: Int] = [:]) {
            self.name = name
            self.failures = Mutex(failures)
        }

        func perform(_ work: Item, in context: StageContext) async -> StageOutcome {
            let text = work.record.value.map { String(decoding: $0, as: UTF8.self) } ?? ""
            let fails = failures.withLock { failures in
                guard let left = failures[text], left > 0 else { return false }
                failures[text] = left - 1
                return true
            }
            if fails { return .retry(reason: "asked to fail") }
            seen.withLock { $0.append(text) }
            return .done(.performed)
        }
    }

    @Test(.timeLimit(.minutes(1)))
    func `every record passes both stages once, in order of its key, and the offsets are committed`() async throws {
        let cluster = try MockCluster()
        try cluster.createTopic("in", partitions: 12)
        try cluster.createTopic("in.dlq", partitions: 1)
        let count = 5000
        try await produce(to: cluster, count: count) { number in
            let text = number % 100 == 99 ? "bad \(number)" : "k\(number % 37)/\(number)"
            return OutgoingRecord(
                topic: "in",
                partition: Int32(number % 37 % 12),
                key: Array("k\(number % 37)".utf8),
                value: number % 50 == 7 ? nil : Array(text.utf8),
                headers: [],
                timestamp: nil
            )
        }
        let first = Recorder("first", failures: ["k3/3": 2])
        let second = Recorder("second")
        let report = try await work(on: cluster, stages: [first, second], until: nil) {
            $0.retry.initialDelay = .milliseconds(1)
        }

        let expected = (0..<count).filter { $0 % 50 != 7 && $0 % 100 != 99 }
        for recorder in [first, second] {
            let seen = recorder.seen.withLock { $0 }
            #expect(seen.count == expected.count)
            #expect(Set(seen).count == expected.count)
            for key in 0..<37 {
                let numbers = seen.filter { $0.hasPrefix("k\(key)/") }.compactMap { Int($0.split(separator: "/")[1]) }
                #expect(numbers == numbers.sorted())
            }
        }
        #expect(report.counts.received == UInt64(count))
        #expect(report.counts.ignored == 100)
        #expect(report.counts.deadLetters == 50)
        #expect(report.counts.accepted == UInt64(expected.count))

        // A second worker of the group finds nothing left to do.
        let again = Recorder("first")
        let idle = try await work(on: cluster, stages: [again, Recorder("second")], until: nil)
        #expect(again.seen.withLock { $0 }.isEmpty)
        #expect(idle.counts.received == 0)
    }

    @Test(.timeLimit(.minutes(1)))
    func `what is done above a stuck record is not repeated by the next worker`() async throws {
        let cluster = try MockCluster()
        try cluster.createTopic("in", partitions: 1)
        try await produce(to: cluster, count: 200) { number in
            OutgoingRecord(
                topic: "in",
                partition: 0,
                key: Array("k\(number)".utf8),
                value: Array("k\(number)/\(number)".utf8),
                headers: [],
                timestamp: nil
            )
        }
        let stuck = Recorder("first", failures: ["k5/5": .max])
        let second = Recorder("second")
        try await work(on: cluster, stages: [stuck, second], until: { stuck.seen.withLock { $0.count } == 199 }) {
            $0.untilEnd = false
            $0.retry.maxAttempts = .max
            $0.breaker.failures = .max
            $0.retry.initialDelay = .milliseconds(1)
            $0.drainTimeout = .seconds(2)
        }
        let first = Recorder("first")
        let secondAgain = Recorder("second")
        let report = try await work(on: cluster, stages: [first, secondAgain], until: nil)
        #expect(first.seen.withLock { $0 } == ["k5/5"])
        #expect(secondAgain.seen.withLock { $0 } == [], "its second stage was done and is in the offset map")
        #expect(report.counts.resumed == 194)
    }

    private func produce(to cluster: MockCluster, count: Int, _ make: (Int) -> OutgoingRecord) async throws {
        let producer = try Producer(
            configuration: ["bootstrap.servers": cluster.bootstrapServers],
            doorbell: nil,
            log: { _ in }
        )
        for number in 0..<count { try producer.send(make(number), token: UInt64(number)) }
        var acknowledged = 0
        while acknowledged < count {
            acknowledged += producer.waitForReports(timeout: .seconds(5)) { report in
                if case .failure(let error) = report.result { Issue.record("not produced: \(error)") }
            }
        }
    }

    @discardableResult
    private func work(
        on cluster: MockCluster,
        stages: [Recorder],
        until isEnough: (@Sendable () -> Bool)?,
        _ adjust: (inout WorkerSettings) -> Void = { _ in }
    ) async throws -> WorkerReport {
        var settings = WorkerSettings(group: "g")
        settings.untilEnd = true
        adjust(&settings)
        let doorbell = Doorbell()
        let consumer = try Consumer(
            configuration: [
                "bootstrap.servers": cluster.bootstrapServers, "group.id": "g", "auto.offset.reset": "earliest",
                "enable.partition.eof": "true", "session.timeout.ms": "4000", "heartbeat.interval.ms": "300",
                "fetch.wait.max.ms": "10", "partition.assignment.strategy": "range",
            ],
            topics: ["in"],
            doorbell: doorbell,
            log: { _ in }
        )
        let bell = Doorbell()
        let producer = try Producer(
            configuration: ["bootstrap.servers": cluster.bootstrapServers],
            doorbell: bell,
            log: { _ in }
        )
        let publisher = Publisher(producer: producer, doorbell: bell)
        let worker = Worker<Item>(
            settings: settings,
            consumer: consumer,
            doorbell: doorbell,
            publisher: publisher,
            stages: stages,
            logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
        )
        async let pump: Void = publisher.run()
        async let watch: Void = {
            guard let isEnough else { return }
            while !isEnough() { await Task.yield() }
            worker.stop()
        }()
        let result: Result<WorkerReport, any Error>
        do { result = .success(try await worker.run { TextIntake() }) } catch { result = .failure(error) }
        publisher.close()
        await pump
        await watch
        return try result.get()
    }
}
