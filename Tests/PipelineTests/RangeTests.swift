import Kafka
import Testing

@testable import Pipeline

@Suite struct RangeTests {
    final class Item: Work {
        let record: Record

        init(_ record: Record) {
            self.record = record
        }
    }

    private let one = TopicPartition(topic: "t", partition: 0)
    private let two = TopicPartition(topic: "t", partition: 1)

    @Test func `a replay begins at its range, takes nothing at or above its end, and commits the end`() {
        var world = World([one: 10..<13])
        #expect(world.assign([one]) == [StartOffset(one, at: .offset(10))])
        #expect(world.taken(10..<20, of: one) == [10, 11, 12])
        #expect(world.room(one) == 0, "nothing is left to pull")
        world.finishAll()
        #expect(world.isFinished(one))
        #expect(world.committed() == [one: 13])
    }

    @Test func `a commit of the job goes before the start of the range`() {
        var world = World([one: 10..<20])
        #expect(world.assign([one], committed: [one: 15]) == [StartOffset(one, at: .offset(15))])
    }

    @Test func `what an earlier process finished above the frontier is not done again`() throws {
        var world = World([one: 0..<4])
        var map = OffsetMap(frontier: 1)
        map.append(offset: 1, status: .untouched)
        map.append(offset: 2, status: .finished)
        world.assign([one], committed: [one: 1], metadata: map.encoded().metadata)
        #expect(world.taken(1..<4, of: one) == [1, 2, 3])
        #expect(world.machine.assignment.counts.resumed == 1)
        world.finishAll()
        #expect(world.isFinished(one))
    }

    @Test func `partitions without records in range, and those outside of the job, are not read at all`() {
        var world = World([one: 5..<5])
        #expect(world.assign([one, two]).isEmpty)
        #expect(world.machine.assignment.hasReachedEnd)
        #expect(world.committed().isEmpty)
    }

    @Test func `a gap behind the last record is passed by the end of the partition or by a record beyond it`() {
        for position in [9, 12] as [Int64] {
            var world = World([one: 0..<9])
            world.assign([one])
            #expect(world.taken(0..<5, of: one).count == 5)
            world.reach(position, of: one)
            #expect(!world.isFinished(one))
            world.finishAll()
            #expect(world.committed() == [one: 9])
        }
        var world = World([one: 0..<9])
        world.assign([one])
        world.finishAll()
        #expect(world.taken(40..<41, of: one).isEmpty)
        #expect(world.committed() == [one: 9])
    }

    @Test func `the end of a partition below the end of the range finishes nothing`() {
        var world = World([one: 0..<9])
        world.assign([one])
        world.reach(8, of: one)
        #expect(!world.isFinished(one))
        #expect(world.room(one) > 0)
    }

    @Test func `what retention has deleted is counted, and the rest is read`() {
        var world = World([one: 0..<9, two: 0..<9])
        let logs = [one: Watermarks(low: 4, high: 20), two: Watermarks(low: 12, high: 20)]
        #expect(world.assign([one, two], logs: logs) == [StartOffset(one, at: .offset(4))])
        #expect(world.machine.assignment.counts.missing == 13)
        #expect(world.isFinished(two))
        #expect(world.committed() == [one: 4, two: 9])
        #expect(world.warnings == 2)
    }

    @Test func `a log that was made anew is not replayed in place of the old one`() {
        var world = World([one: 10..<20])
        #expect(world.assign([one], logs: [one: Watermarks(low: 0, high: 3)]).isEmpty)
        #expect(world.machine.assignment.counts.missing == 10)
        var other = World([one: 10..<20])
        other.assign([one])
        #expect(other.taken(0..<1, of: one).isEmpty)
        #expect(other.machine.assignment.counts.missing == 10)
        #expect(other.isFinished(one))
    }

    @Test func `a replay parks nothing behind a record that can't be replayed`() {
        var world = World([one: 0..<2])
        world.assign([one])
        #expect(world.taken(0..<2, of: one, lane: 7) == [0, 1])
        world.answer(.reject(reason: "no"))
        world.bury()
        world.finishAll()
        #expect(world.machine.assignment.counts.parked == 0)
        #expect(world.machine.assignment.counts.stages[0].performed == 1)
        #expect(world.isFinished(one))
    }

    @Test func `a bucket gives its rate on average and never much at once`() {
        var bucket = TokenBucket(rate: 100)
        #expect(bucket.allowance(at: .zero) == 0)
        #expect(bucket.allowance(at: .milliseconds(50)) == 5)
        bucket.spend(5)
        #expect(bucket.allowance(at: .milliseconds(60)) == 1)
        #expect(bucket.allowance(at: .seconds(60)) == 25)
        bucket.spend(25)
        var taken = 0
        for step in 1...1000 {
            let count = bucket.allowance(at: .seconds(60) + .milliseconds(20 * step))
            bucket.spend(count)
            taken += count
        }
        #expect((1999...2001).contains(taken))
        bucket.rate = nil
        #expect(bucket.allowance(at: .seconds(90)) == .max)
        bucket.rate = 0.5
        #expect(bucket.allowance(at: .seconds(200)) == 0)
        #expect(bucket.allowance(at: .seconds(202)) == 1)
    }

    /// A machine of a replay with what it has ordered.
    private struct World {
        var machine: WorkerMachine
        var warnings = 0

        init(_ ranges: [TopicPartition: Range<Int64>]) {
            var settings = WorkerSettings(group: "g.replay.j")
            settings.ranges = ranges
            settings.mode = .replay(mayNotify: false)
            machine = WorkerMachine(settings: settings, stages: ["a"], seed: 1)
        }

        /// Gives partitions to the member; returns where it reads.
        @discardableResult
        mutating func assign(
            _ partitions: [TopicPartition],
            committed: [TopicPartition: Int64] = [:],
            metadata: String = "",
            logs: [TopicPartition: Watermarks] = [:]
        ) -> [StartOffset] {
            machine.assigned(partitions, at: .zero)
            let starts = partitions.map { partition in
                WorkerMachine.Start(
                    committed: CommittedOffset(
                        partition: partition,
                        offset: committed[partition],
                        metadata: metadata
                    ),
                    end: logs[partition]?.high ?? 1000,
                    beginning: logs[partition]?.low ?? 0
                )
            }
            machine.resolved(generation: 1, starts, at: .zero)
            var positions: [StartOffset] = []
            for order in machine.orders {
                switch order {
                case .assign(let wanted): positions += wanted
                case .warn: warnings += 1
                default: break
                }
            }
            machine.orders = []
            return positions
        }

        /// The offsets that are wanted, of those that the broker brings.
        mutating func taken(_ offsets: Range<Int64>, of source: TopicPartition, lane: UInt64? = nil) -> [Int64] {
            guard let slot = machine.slot(of: source) else { return [] }
            var taken: [Int64] = []
            for offset in offsets where machine.admits(offset, in: slot) {
                taken.append(offset)
                let record = Record(source: source, offset: offset, key: [1], value: [1])
                let reception = Reception.accept(
                    lane: lane ?? UInt64(offset),
                    stages: [StageSet(index: 0)],
                    work: Item(record)
                )
                machine.admit(record, in: slot, reception, at: .zero)
            }
            return taken
        }

        mutating func reach(_ position: Int64, of source: TopicPartition) {
            if let slot = machine.slot(of: source) { machine.reach(position, in: slot) }
        }

        mutating func finishAll() {
            while !machine.actions.isEmpty { answer(.done(.performed)) }
        }

        mutating func answer(_ outcome: StageOutcome) {
            guard case .perform(let ticket, _, _, _) = machine.actions.popLast() else { return }
            machine.completed(ticket, outcome, microseconds: 1, at: .zero)
        }

        mutating func bury() {
            guard case .bury(let ticket, _, _, _) = machine.actions.popLast() else { return }
            machine.buried(ticket, failure: nil, at: .zero)
        }

        func room(_ source: TopicPartition) -> Int { machine.slot(of: source).map(machine.room) ?? 0 }

        func isFinished(_ source: TopicPartition) -> Bool {
            machine.assignment.partition(source)?.hasReachedEnd ?? true
        }

        mutating func committed() -> [TopicPartition: Int64] {
            machine.advance(at: .seconds(10))
            var offsets: [TopicPartition: Int64] = [:]
            for case .commit(_, let batch) in machine.orders {
                for offset in batch { offsets[offset.partition] = offset.offset }
            }
            return offsets
        }
    }
}
