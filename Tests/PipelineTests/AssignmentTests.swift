import Kafka
import Testing

@testable import Pipeline

@Suite struct AssignmentTests {
    final class Item: Work {
        let record: Record

        init(_ record: Record) {
            self.record = record
        }
    }

    private let one = TopicPartition(topic: "t", partition: 0)
    private let two = TopicPartition(topic: "t", partition: 1)

    @Test func `a log that begins again at a lower offset is read, not skipped`() {
        var world = world()
        world.assignment.add(one, start: 1000, at: .zero)
        for offset in 0..<3 as Range<Int64> { world.admit(offset, of: one) }
        #expect(world.assignment.counts.received == 3)
        #expect(world.assignment.counts.restarts == 1)
        world.finishAll()
        #expect(world.assignment.commitBatch().map(\.offset) == [3])
    }

    @Test func `a commit beyond the end does not count as having reached it`() {
        var settings = WorkerSettings(group: "g")
        settings.untilEnd = true
        var machine = WorkerMachine(settings: settings, stages: ["a"], seed: 1)
        machine.assigned([one], at: .zero)
        machine.resolved(
            generation: 1,
            [.init(committed: CommittedOffset(partition: one, offset: 1000), end: 10)],
            at: .zero
        )
        #expect(!machine.hasReachedEnd)
    }

    @Test func `markers behind the last record are passed also when the end is reported before it is finished`() {
        var world = world { $0.untilEnd = true }
        world.assignment.add(one, start: 0, end: 11, at: .zero)
        for offset in 0..<10 as Range<Int64> { world.admit(offset, of: one) }
        world.assignment.reach(11, in: world.assignment.slot(of: one))
        #expect(!world.assignment.hasReachedEnd)
        world.finishAll()
        #expect(world.assignment.hasReachedEnd)
        #expect(world.assignment.commitBatch().map(\.offset) == [11])
    }

    @Test func `one healthy event in a quiet time is not buried because its sink is down`() {
        var world = world()
        world.assignment.add(one, start: 0, at: .zero)
        world.admit(0, of: one)
        for _ in 0..<200 {
            world.now += .seconds(30)
            world.assignment.tick(at: world.now, &world.actions)
            world.answerAll(.retry(reason: "503"))
        }
        #expect(world.buried == 0)
        #expect(world.assignment.breakers[0].state != .closed)
        world.now += .seconds(30)
        world.assignment.tick(at: world.now, &world.actions)
        world.finishAll()
        #expect(world.assignment.counts.finished == 1)
    }

    @Test func `an event that fails while others succeed is buried after its attempts`() {
        var world = world()
        world.assignment.add(one, start: 0, at: .zero)
        world.admit(0, of: one)
        for offset in 1..<100 as Range<Int64> where world.buried == 0 {
            world.now += .seconds(61)
            world.assignment.tick(at: world.now, &world.actions)
            world.answerAll(.retry(reason: "500"))
            world.now += .milliseconds(1)
            world.admit(offset, of: one)
            world.answerAll(.done(.performed))
        }
        #expect(world.buried == 1)
        #expect(world.lastCause?.attempts == 8)
    }

    @Test func `a stuck key fills its partition's share and leaves room for the others`() {
        var world = world { $0.bufferedBytes = 100_000 }
        world.assignment.add(one, start: 0, at: .zero)
        world.assignment.add(two, start: 0, at: .zero)
        var offset: Int64 = 0
        while world.assignment.room(in: world.assignment.slot(of: one)) > 0 {
            world.admit(offset, of: one, key: 7)
            offset += 1
        }
        #expect(world.assignment.inFlight == 1)
        #expect(offset > 10)
        #expect(world.assignment.room(in: world.assignment.slot(of: two)) > 10)
    }

    @Test func `a sink that is gone for good is noticed when nothing else is left`() {
        var world = world()
        world.assignment.add(one, start: 0, at: .zero)
        world.admit(0, of: one)
        world.admit(1, of: one)
        #expect(!world.assignment.isHalted)
        world.answerAll(.halt(reason: "410"))
        #expect(world.assignment.isHalted)
        #expect(world.assignment.haltedStages == ["a"])
        #expect(world.assignment.breakerNews.map(\.stage) == ["a"])
    }

    @Test func `a broker that takes less metadata gets the commit without the map`() {
        var world = world()
        world.assignment.add(one, start: 0, at: .zero)
        world.admit(0, of: one, key: 1)
        world.admit(1, of: one, key: 2)
        world.answerLast(.done(.performed))
        let batch = world.assignment.commitBatch()
        #expect(batch.first?.metadata.isEmpty == false)
        let refused = CommittedOffset(
            partition: one,
            offset: 0,
            error: KafkaError(.offsetMetadataTooLarge, "too large")
        )
        world.assignment.committed([refused], failed: false)
        #expect(world.assignment.commitBatch().map(\.metadata) == [""])
    }

    @Test func `when the broker takes less metadata the map goes first, and the barred keys last`() throws {
        var world = world()
        world.assignment.add(one, start: 0, at: .zero)
        world.admit(0, of: one, key: 1)
        world.answerAll(.reject(reason: "400"))
        world.finishAll()
        for isBarred in [true, true, false] {
            let commit = try #require(world.assignment.commitBatch().first)
            let map = try OffsetMap(metadata: commit.metadata, frontier: try #require(commit.offset))
            #expect(map.barred.isEmpty != isBarred)
            let refused = CommittedOffset(
                partition: one,
                offset: commit.offset,
                error: KafkaError(.offsetMetadataTooLarge, "too large")
            )
            world.assignment.committed([refused], failed: false)
        }
    }

    @Test func `outcomes of an earlier assignment move nothing, and its running work holds the next one back`() {
        var world = world()
        world.assignment.add(one, start: 0, at: .zero)
        world.admit(0, of: one)
        world.assignment.drop(one)
        world.assignment.add(one, start: 0, at: .zero)
        #expect(world.assignment.room(in: world.assignment.slot(of: one)) == 0)
        world.answerAll(.done(.performed))
        #expect(world.assignment.commitBatch().isEmpty)
        #expect(world.assignment.room(in: world.assignment.slot(of: one)) > 0)
    }

    @Test func `behind a dead letter the key is parked, and the others go on`() {
        var world = world()
        world.assignment.add(one, start: 0, at: .zero)
        world.admit(0, of: one, key: 1)
        world.admit(1, of: one, key: 1)
        world.admit(2, of: one, key: 2)
        world.answerFirst(.reject(reason: "400"))
        world.finishAll()
        #expect(world.causes.map(\.errorClass) == [.stage, .parked])
        #expect(world.assignment.counts.parked == 1)
        #expect(world.assignment.counts.stages[0].performed == 1)
        #expect(world.assignment.status(at: .zero).partitions[0].barredKeys == 1)
    }

    @Test func `a barred key is remembered by the commit, and by the next owner`() throws {
        var world = world()
        world.assignment.add(one, start: 0, at: .zero)
        world.admit(0, of: one, key: 1)
        world.answerAll(.reject(reason: "400"))
        world.finishAll()
        let commit = try #require(world.assignment.commitBatch().first)
        #expect(commit.offset == 1)
        var next = self.world()
        next.assignment.add(one, start: 1, restored: try OffsetMap(metadata: commit.metadata, frontier: 1), at: .zero)
        next.admit(1, of: one, key: 1)
        next.finishAll()
        #expect(next.causes.map(\.errorClass) == [.parked])
    }

    @Test func `ordering none parks nothing`() {
        var world = world { $0.ordering = .none }
        world.assignment.add(one, start: 0, at: .zero)
        world.admit(0, of: one, key: 1)
        world.answerAll(.reject(reason: "400"))
        world.admit(1, of: one, key: 1)
        world.finishAll()
        #expect(world.causes.map(\.errorClass) == [.stage])
        #expect(world.assignment.counts.stages[0].performed == 1)
    }

    @Test func `what can't be decoded bars nobody`() {
        var world = world()
        world.assignment.add(one, start: 0, at: .zero)
        let record = Record(source: one, offset: 0, key: [1], value: [1])
        world.admit(0, of: one, reception: .reject(DeadLetter.Cause(.decode, "bad"), record))
        world.finishAll()
        world.admit(1, of: one, key: Record(source: one, offset: 1, key: [1], value: nil).keyHash)
        world.finishAll()
        #expect(world.causes.map(\.errorClass) == [.decode])
        #expect(world.assignment.counts.stages[0].performed == 1)
    }

    @Test func `redriven records lift the bar in their order, and live ones wait until then`() {
        var world = world()
        world.assignment.add(one, start: 0, at: .zero)
        world.admit(0, of: one, key: 1)
        world.answerAll(.reject(reason: "400"))
        world.admit(1, of: one, key: 1)
        world.finishAll()
        world.admit(2, of: one, key: 1, redriven: Redriven(original: 0, known: 1))
        world.admit(3, of: one, key: 1)
        world.admit(4, of: one, key: 1, redriven: Redriven(original: 1, known: 1))
        world.admit(5, of: one, key: 1, redriven: Redriven(original: 3, known: 3))
        world.admit(6, of: one, key: 1)
        world.finishAll()
        #expect(world.causes.map(\.errorClass) == [.stage, .parked, .parked])
        #expect(world.performed == [2, 4, 5, 6])
    }

    @Test func `when a redriven record dies again, those behind it are parked again`() {
        var world = world()
        world.assignment.add(one, start: 0, at: .zero)
        world.admit(0, of: one, key: 1)
        world.answerAll(.reject(reason: "400"))
        world.admit(1, of: one, key: 1)
        world.finishAll()
        world.admit(2, of: one, key: 1, redriven: Redriven(original: 0, known: 1))
        world.answerAll(.reject(reason: "400"))
        world.admit(3, of: one, key: 1, redriven: Redriven(original: 1, known: 1))
        world.finishAll()
        #expect(world.causes.map(\.errorClass) == [.stage, .parked, .stage, .parked])
        world.admit(4, of: one, key: 1, redriven: Redriven(original: 0, known: 3))
        world.admit(5, of: one, key: 1, redriven: Redriven(original: 1, known: 3))
        world.admit(6, of: one, key: 1)
        world.finishAll()
        #expect(world.performed == [4, 5, 6])
    }

    @Test func `a discarded letter takes its turn without a stage, and those behind it are let through`() {
        var world = world()
        world.assignment.add(one, start: 0, at: .zero)
        world.admit(0, of: one, key: 1)
        world.answerAll(.reject(reason: "400"))
        world.admit(1, of: one, key: 1)
        world.finishAll()
        world.admit(2, of: one, key: 1, redriven: Redriven(original: 0, known: 1, isDiscarded: true))
        world.admit(3, of: one, key: 1)
        world.finishAll()
        #expect(world.causes.map(\.errorClass) == [.stage, .parked, .parked], "the letters behind it still wait")
        world.admit(4, of: one, key: 1, redriven: Redriven(original: 1, known: 3))
        world.admit(5, of: one, key: 1, redriven: Redriven(original: 3, known: 3, isDiscarded: true))
        world.admit(6, of: one, key: 1)
        world.finishAll()
        #expect(world.performed == [4, 6])
        #expect(world.assignment.counts.discarded == 2)
        #expect(
            world.assignment.discards == [
                .init(source: one, offset: 2, original: 0), .init(source: one, offset: 5, original: 3),
            ]
        )
        #expect(world.assignment.commitBatch().map(\.offset) == [7])
    }

    @Test func `a discarded letter behind one that died again is parked again, and lifts nothing`() {
        var world = world()
        world.assignment.add(one, start: 0, at: .zero)
        world.admit(0, of: one, key: 1)
        world.answerAll(.reject(reason: "400"))
        world.admit(1, of: one, key: 1)
        world.finishAll()
        world.admit(2, of: one, key: 1, redriven: Redriven(original: 0, known: 1))
        world.admit(3, of: one, key: 1, redriven: Redriven(original: 1, known: 1, isDiscarded: true))
        world.answerAll(.reject(reason: "400"))
        world.finishAll()
        #expect(world.causes.map(\.errorClass) == [.stage, .parked, .stage, .parked])
        #expect(world.assignment.counts.discarded == 0)
        world.admit(4, of: one, key: 1)
        world.finishAll()
        #expect(world.performed.isEmpty, "the key is still barred")
    }

    @Test func `what can't be decoded and was discarded is no dead letter again`() {
        var world = world()
        world.assignment.add(one, start: 10, at: .zero)
        let redriven = Redriven(original: 0, known: 0, isDiscarded: true)
        let record = Record(source: one, offset: 10, key: [1], value: [1], headers: redriven.headers(of: one))
        world.admit(10, of: one, redriven: redriven, reception: .reject(DeadLetter.Cause(.decode, "bad"), record))
        #expect(world.actions.isEmpty)
        #expect(world.assignment.counts.discarded == 1)
        #expect(world.assignment.commitBatch().map(\.offset) == [11])
    }

    @Test func `any number of discarded letters may wait behind a record that runs`() {
        var world = world { $0.bufferedBytes = .max }
        world.assignment.add(one, start: 0, at: .zero)
        world.admit(0, of: one, key: 1)
        let count: Int64 = 20_000
        for offset in 1...count {
            let redriven = Redriven(original: 0, known: offset, isDiscarded: true)
            world.admit(offset, of: one, key: 1, redriven: redriven)
        }
        world.finishAll()
        #expect(world.assignment.counts.discarded == UInt64(count))
        #expect(world.assignment.bufferedBytes == 0)
    }

    @Test func `too many barred keys give up the oldest bar and say so`() {
        var world = world()
        world.assignment.add(one, start: 0, at: .zero)
        for offset in 0...Int64(BarredKeys.limit) {
            world.admit(offset, of: one, key: UInt64(offset))
            world.answerAll(.reject(reason: "400"))
            world.finishAll()
        }
        #expect(world.assignment.counts.barsGivenUp == 1)
        world.admit(1000, of: one, key: 0)
        world.admit(1001, of: one, key: 1)
        world.finishAll()
        #expect(world.performed == [1000])
    }

    @Test func `a key that always fails is buried when too much waits behind it, so that its partition goes on`() {
        var world = world {
            $0.bufferedBytes = 100_000
            $0.retry = RetryPolicy(maxAttempts: 6, initialDelay: .milliseconds(50), maxDelay: .seconds(1))
        }
        world.assignment.add(one, start: 0, at: .zero)
        let slot = world.assignment.slot(of: one)
        var offset: Int64 = 0
        var served = 0
        for _ in 0..<1000 {
            world.now += .milliseconds(1)
            // Every tenth record is of the key that fails.
            while world.assignment.room(in: slot) > 0 {
                world.admit(offset, of: one, key: offset.isMultiple(of: 10) ? 0 : UInt64(offset))
                offset += 1
            }
            served += world.answer { $0.isMultiple(of: 10) ? .retry(reason: "500") : .done(.performed) }
            world.assignment.tick(at: world.now, &world.actions)
        }
        #expect(world.assignment.counts.relieved == 1)
        #expect(world.causes.first?.errorClass == .stage)
        #expect(world.causes.dropFirst().allSatisfy { $0.errorClass == .parked })
        #expect(served > 2000, "others go on")
    }

    @Test(arguments: [StageOutcome.retry(reason: "503"), .unavailable(reason: "429")])
    func `one failure buries nobody, however much waits`(_ outcome: StageOutcome) {
        var world = world { $0.bufferedBytes = 100_000 }
        world.assignment.add(one, start: 0, at: .zero)
        world.assignment.add(two, start: 0, at: .zero)
        var offset: Int64 = 0
        while world.assignment.room(in: world.assignment.slot(of: one)) > 0 {
            world.admit(offset, of: one, key: 1)
            offset += 1
        }
        world.answerAll(outcome)
        world.now += .milliseconds(1)
        world.admit(0, of: two, key: 2)
        world.answerAll(.done(.performed))
        world.now += .seconds(70)
        world.assignment.tick(at: world.now, &world.actions)
        world.finishAll()
        #expect(world.causes.isEmpty)
        #expect(world.assignment.counts.relieved == 0)
    }

    @Test func `an outage buries nothing, however much waits`() {
        var world = world { $0.bufferedBytes = 100_000 }
        world.assignment.add(one, start: 0, at: .zero)
        let slot = world.assignment.slot(of: one)
        var offset: Int64 = 0
        for _ in 0..<5000 {
            world.now += .milliseconds(50)
            while world.assignment.room(in: slot) > 0 {
                world.admit(offset, of: one, key: UInt64(offset % 7))
                offset += 1
            }
            world.answerAll(.unavailable(reason: "down"))
            world.assignment.tick(at: world.now, &world.actions)
        }
        #expect(world.causes.isEmpty)
        #expect(world.assignment.counts.relieved == 0)
    }

    private func world(_ adjust: (inout WorkerSettings) -> Void = { _ in }) -> World {
        var settings = WorkerSettings(group: "g")
        adjust(&settings)
        return World(assignment: Assignment(settings: settings, stages: ["a"], seed: 1))
    }

    /// An assignment with what it has ordered.
    private struct World {
        var assignment: Assignment
        var actions: [Assignment.Action] = []
        var now: Duration = .zero
        var causes: [DeadLetter.Cause] = []
        var performed: [Int64] = []

        var buried: Int { causes.count }
        var lastCause: DeadLetter.Cause? { causes.last }

        mutating func admit(
            _ offset: Int64,
            of source: TopicPartition,
            key: UInt64? = nil,
            redriven: Redriven? = nil,
            reception: Reception? = nil
        ) {
            let record = Record(
                source: source,
                offset: offset,
                key: [1],
                value: Array(repeating: 1, count: 1000),
                headers: redriven?.headers(of: source) ?? []
            )
            let accepted = Reception.accept(
                lane: key ?? UInt64(offset),
                stages: [StageSet(index: 0)],
                work: Item(record)
            )
            assignment.admit(record, in: assignment.slot(of: source), reception ?? accepted, at: now, &actions)
        }

        mutating func answerFirst(_ outcome: StageOutcome) {
            let action = actions.removeFirst()
            answer(action, outcome)
        }

        /// Answers each by its offset; returns how many were done.
        mutating func answer(_ outcome: (Int64) -> StageOutcome) -> Int {
            let pending = actions
            let before = performed.count
            actions = []
            for action in pending {
                guard case .perform(_, _, _, let work) = action, let work = work as? Item else {
                    answer(action, .done(.performed))
                    continue
                }
                answer(action, outcome(work.record.offset))
            }
            return performed.count - before
        }

        mutating func answerAll(_ outcome: StageOutcome) {
            let pending = actions
            actions = []
            for action in pending { answer(action, outcome) }
        }

        mutating func answerLast(_ outcome: StageOutcome) {
            if let action = actions.popLast() { answer(action, outcome) }
        }

        mutating func finishAll() {
            while !actions.isEmpty { answerAll(.done(.performed)) }
        }

        private mutating func answer(_ action: Assignment.Action, _ outcome: StageOutcome) {
            switch action {
            case .perform(let ticket, _, _, let work):
                if case .done = outcome, let item = work as? Item { performed.append(item.record.offset) }
                assignment.complete(ticket, outcome, at: now, &actions)
            case .bury(let ticket, _, let cause, _):
                causes.append(cause)
                assignment.deadLettered(ticket, failure: nil, at: now, &actions)
            }
        }
    }
}

extension Redriven {
    /// What a redrive writes.
    func headers(of source: TopicPartition) -> [Header] {
        [
            Header(name: DeadLetter.HeaderName.topic, value: Array(source.topic.utf8)),
            Header(name: DeadLetter.HeaderName.partition, value: Array("\(source.partition)".utf8)),
            Header(name: DeadLetter.HeaderName.offset, value: Array("\(original)".utf8)),
            Header(name: DeadLetter.HeaderName.redrives, value: Array("1".utf8)),
            Header(name: DeadLetter.HeaderName.redriveAfter, value: Array("\(known)".utf8)),
        ] + (isDiscarded ? [Header(name: DeadLetter.HeaderName.discarded, value: Array("true".utf8))] : [])
    }
}
