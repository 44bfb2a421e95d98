import Foundation
import Kafka
import Logging
import Synchronization
import Testing

@testable import Pipeline

/// When a test has seen enough of a worker, and what rings meanwhile.
private struct Moment: Sendable {
    let bell: Doorbell
    var log: (any LogHandler)?
    let hasCome: @Sendable () -> Bool
}

private final class Flag: Sendable {
    private let value = Atomic(false)

    var isSet: Bool { value.load(ordering: .relaxed) }

    func set() { value.store(true, ordering: .relaxed) }
}

/// Rings when a line of the log has the words.
private struct WordWatch: LogHandler {
    let words: String
    let bell = Doorbell()
    let isFound = Flag()
    var logLevel = Logger.Level.info
    var metadata: Logger.Metadata = [:]

    init(_ words: String) {
        self.words = words
    }

    subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    func log(event: LogEvent) {
        guard "\(event.message)".contains(words) else { return }
        isFound.set()
        bell.ring()
    }
}

/// The loop against librdkafka and its mock cluster, in one process.
@Suite struct WorkerTests {
    final class Item: Work {
        let record: Record
        init(_ record: Record) { self.record = record }
    }

    struct TextIntake: Intake {
        func receive(_ message: borrowing Message, of source: TopicPartition) -> Reception {
            let record = message.record(of: source)
            guard let value = record.value else { return .ignore }
            let text = String(decoding: value, as: UTF8.self)
            if text.hasPrefix("bad") { return .reject(DeadLetter.Cause(.decode, "it says bad"), record) }
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
        /// Rings for each record performed.
        let bell = Doorbell()
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
            bell.ring()
            return .done(.performed)
        }
    }

    /// Takes its time, and counts who is in it.
    final class Lingerer: Stage {
        let name: String
        let inside = Atomic(0)
        let entered = Atomic(0)
        let bell = Doorbell()

        init(_ name: String) {
            self.name = name
        }

        func perform(_ work: Item, in context: StageContext) async -> StageOutcome {
            inside.add(1, ordering: .sequentiallyConsistent)
            entered.add(1, ordering: .sequentiallyConsistent)
            bell.ring()
            try? await Task.sleep(for: .milliseconds(300))
            inside.subtract(1, ordering: .sequentiallyConsistent)
            return .done(.performed)
        }
    }

    @Test(.timeLimit(.minutes(1)))
    func `no task is left when run returns, even if the drain was cut short`() async throws {
        let cluster = try MockCluster()
        try cluster.createTopic("in", partitions: 4)
        try await produce(to: cluster, count: 40) { number in
            OutgoingRecord(
                topic: "in",
                partition: Int32(number % 4),
                key: [UInt8(number)],
                value: Array("k/\(number)".utf8),
                headers: [],
                timestamp: nil
            )
        }
        let stages = [Lingerer("first"), Lingerer("second")]
        let report = try await work(
            on: cluster,
            stages: stages,
            until: Moment(bell: stages[0].bell) { stages[0].entered.load(ordering: .sequentiallyConsistent) > 0 }
        ) {
            $0.untilEnd = false
            $0.drainTimeout = .zero
        }
        for stage in stages {
            #expect(stage.entered.load(ordering: .sequentiallyConsistent) > 0)
            #expect(stage.inside.load(ordering: .sequentiallyConsistent) == 0)
        }
        #expect(report.counts.abandoned > 0, "they were given up while they ran")
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
        try await work(
            on: cluster,
            stages: [stuck, second],
            until: Moment(bell: stuck.bell) { stuck.seen.withLock { $0.count } == 199 }
        ) {
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

    @Test(.timeLimit(.minutes(1)))
    func `while the dead-letter topic can't be written the offset is held, and the dead letter is not lost`()
        async throws
    {
        let cluster = try MockCluster()
        try cluster.createTopic("in", partitions: 1)
        try cluster.createTopic("in.dlq", partitions: 1)
        try await produce(to: cluster, count: 3) { number in
            OutgoingRecord(
                topic: "in",
                partition: 0,
                key: [UInt8(number)],
                value: Array((number == 1 ? "bad" : "k/\(number)").utf8),
                headers: [],
                timestamp: nil
            )
        }
        // TOPIC_AUTHORIZATION_FAILED: librdkafka does not try it again by itself.
        cluster.push(Array(repeating: KafkaError.Code(rawValue: 29), count: 1000), for: .produce)
        let words = WordWatch("could not be written")
        let first = try await work(
            on: cluster,
            stages: [Recorder("first"), Recorder("second")],
            until: Moment(bell: words.bell, log: words) { words.isFound.isSet }
        ) {
            $0.untilEnd = false
            $0.drainTimeout = .seconds(1)
        }
        #expect(first.counts.deadLetters == 0)
        #expect(first.counts.accepted == 2)

        cluster.clearErrors(for: .produce)
        let second = try await work(on: cluster, stages: [Recorder("first"), Recorder("second")], until: nil)
        #expect(second.counts.deadLetters == 1)
        #expect(second.counts.accepted == 0, "the others were done and are in the offset map")
    }

    /// librdkafka gives up an idempotent producer for good after some errors (#4438 and others).
    @Test(.timeLimit(.minutes(1)))
    func `a worker whose producer broke for good ends at once and says why, and the next one writes the dead letter`()
        async throws
    {
        let cluster = try await badRecord()
        cluster.push(Array(repeating: KafkaError.Code(rawValue: 29), count: 1000), for: .produce)
        let bell = Doorbell()
        let producer = try publishing(to: cluster, bell)
        let words = WordWatch("could not be written")
        let start = ContinuousClock.now
        let error = await #expect(throws: WorkerError.self) {
            try await work(
                on: cluster,
                stages: [Recorder("first"), Recorder("second")],
                // Nobody stops the worker.
                until: Moment(bell: words.bell, log: words) {
                    if words.isFound.isSet { producer.breakForGood("sequence lost") }
                    return false
                },
                publishing: (producer, bell)
            ) {
                $0.untilEnd = false
                $0.drainTimeout = .seconds(5)
            }
        }
        #expect(error?.description.contains("sequence lost") == true, "\(error?.description ?? "")")
        #expect(error?.description.contains("producer") == true)
        #expect(start.duration(to: .now) < .seconds(30))

        cluster.clearErrors(for: .produce)
        let next = try await work(on: cluster, stages: [Recorder("first"), Recorder("second")], until: nil)
        #expect(next.counts.deadLetters == 1)
    }

    /// librdkafka 2.16 may never report on a record while all brokers are away.
    @Test(.timeLimit(.minutes(1)))
    func `a dead letter that is never acknowledged holds up the end no longer than the drain may last`() async throws {
        let cluster = try await badRecord()
        let words = WordWatch("dead letter")
        let bell = Doorbell()
        let nobody = try Producer(
            configuration: ["bootstrap.servers": "127.0.0.1:1", "message.timeout.ms": "0"],
            doorbell: bell,
            log: { _ in }
        )
        let start = ContinuousClock.now
        let report = try await work(
            on: cluster,
            stages: [Recorder("first"), Recorder("second")],
            until: Moment(bell: words.bell, log: words) { words.isFound.isSet },
            publishing: (nobody, bell)
        ) {
            $0.untilEnd = false
            $0.drainTimeout = .seconds(1)
        }
        #expect(report.counts.deadLetters == 0 && report.counts.abandoned == 1)
        #expect(start.duration(to: .now) < .seconds(25))
        let next = try await work(on: cluster, stages: [Recorder("first"), Recorder("second")], until: nil)
        #expect(next.counts.deadLetters == 1, "it comes again")
    }

    @Test func `a publisher that finishes takes nothing more, and answers those who wait in vain`() async throws {
        let bell = Doorbell()
        let producer = try Producer(
            configuration: ["bootstrap.servers": "127.0.0.1:1", "message.timeout.ms": "0"],
            doorbell: bell,
            log: { _ in }
        )
        let publisher = Publisher(producer: producer, doorbell: bell)
        let record = OutgoingRecord(topic: "t", partition: nil, key: nil, value: [1])
        async let pump: Void = publisher.run()
        async let waiting: KafkaError.Code? = {
            do throws(KafkaError) {
                try await publisher.publish(record)
                return nil
            } catch {
                return error.code
            }
        }()
        while producer.queued == 0 { await Task.yield() }
        await publisher.finish(within: .milliseconds(100))
        #expect(await waiting == .destroyed, "it may have been sent")
        let late = await #expect(throws: KafkaError.self) { try await publisher.publish(record) }
        #expect(late?.code == .state, "it was not sent")
        await pump
    }

    /// A topic with one record that can't be decoded.
    private func badRecord() async throws -> MockCluster {
        let cluster = try MockCluster()
        try cluster.createTopic("in", partitions: 1)
        try cluster.createTopic("in.dlq", partitions: 1)
        try await produce(to: cluster, count: 1) { _ in
            OutgoingRecord(topic: "in", partition: 0, key: [1], value: Array("bad".utf8))
        }
        return cluster
    }

    private func publishing(to cluster: MockCluster, _ bell: Doorbell) throws -> Producer {
        try Producer(
            configuration: ["bootstrap.servers": cluster.bootstrapServers],
            doorbell: bell,
            log: { _ in }
        )
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
        stages: [any Stage<Item>],
        until moment: Moment?,
        publishing own: (Producer, Doorbell)? = nil,
        _ adjust: (inout WorkerSettings) -> Void = { _ in }
    ) async throws -> WorkerReport {
        var settings = WorkerSettings(group: "g")
        settings.untilEnd = true
        adjust(&settings)
        let log: any LogHandler = moment?.log ?? SwiftLogNoOpLogHandler()
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
        let newBell = Doorbell()
        let (producer, bell) = try own ?? (publishing(to: cluster, newBell), newBell)
        let publisher = Publisher(producer: producer, doorbell: bell)
        let worker = Worker(
            settings: settings,
            consumer: consumer,
            doorbell: doorbell,
            publisher: publisher,
            stages: stages,
            logger: Logger(label: "test") { _ in log }
        )
        let isOver = Flag()
        async let pump: Void = publisher.run()
        async let watch: Void = {
            guard let moment else { return }
            while !moment.hasCome(), !isOver.isSet { await moment.bell.wait() }
            worker.stop()
        }()
        let result: Result<WorkerReport, any Error>
        do { result = .success(try await worker.run { TextIntake() }) } catch { result = .failure(error) }
        isOver.set()
        moment?.bell.ring()
        publisher.close()
        await pump
        await watch
        return try result.get()
    }
}
