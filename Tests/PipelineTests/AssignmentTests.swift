import Kafka
import Testing

@testable import Pipeline

@Suite struct AssignmentTests {
    final class Item: Sendable {}

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
        var machine = WorkerMachine<Item>(settings: settings, stages: ["a"], seed: 1)
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

    private func world(_ adjust: (inout WorkerSettings) -> Void = { _ in }) -> World {
        var settings = WorkerSettings(group: "g")
        adjust(&settings)
        return World(assignment: Assignment(settings: settings, stages: ["a"], seed: 1))
    }

    /// An assignment with what it has ordered.
    private struct World {
        var assignment: Assignment<Item>
        var actions: [Assignment<Item>.Action] = []
        var now: Duration = .zero
        var buried = 0
        var lastCause: DeadLetter.Cause?

        mutating func admit(_ offset: Int64, of source: TopicPartition, key: UInt64? = nil) {
            let record = Record(source: source, offset: offset, key: [1], value: Array(repeating: 1, count: 1000))
            let reception = Reception.accept(lane: key ?? UInt64(offset), stages: [StageSet(index: 0)], work: Item())
            assignment.admit(record, in: assignment.slot(of: source), reception, at: now, &actions)
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

        private mutating func answer(_ action: Assignment<Item>.Action, _ outcome: StageOutcome) {
            switch action {
            case .perform(let ticket, _, _, _): assignment.complete(ticket, outcome, at: now, &actions)
            case .bury(let ticket, _, let cause, _):
                buried += 1
                lastCause = cause
                assignment.deadLettered(ticket, failure: nil, at: now, &actions)
            }
        }
    }
}
