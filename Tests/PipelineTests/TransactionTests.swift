import Foundation
import Kafka
import Testing

@testable import Pipeline

@Suite struct TransactionTests {
    @Test func `a commit is composed only when everything that was handed out has ended`() {
        var cycle = TransactionCycle()
        #expect(cycle.isUntouched)
        cycle.handOut(2)
        #expect(cycle.isOpen && !cycle.isUntouched)
        #expect(cycle.next() == nil)
        cycle.shut()
        #expect(!cycle.isOpen)
        cycle.ended(failure: nil)
        #expect(cycle.next() == nil)
        cycle.ended(failure: nil)
        #expect(cycle.next() == .compose)
        cycle.commit()
        #expect(!cycle.isOpen && cycle.next() == nil)
        cycle.committed()
        #expect(cycle.isUntouched)
    }

    @Test func `with nothing to commit the gate opens again, and what is in the transaction stays there`() {
        var cycle = TransactionCycle()
        cycle.handOut(1)
        cycle.ended(failure: nil)
        cycle.shut()
        #expect(cycle.next() == .compose)
        cycle.reopen()
        #expect(cycle.isOpen && !cycle.isUntouched)
    }

    @Test func `one failure aborts the whole transaction, once all others have ended`() {
        var cycle = TransactionCycle()
        cycle.handOut(2)
        cycle.ended(failure: "no answer")
        #expect(!cycle.isOpen)
        #expect(cycle.next() == nil)
        cycle.ended(failure: nil)
        #expect(cycle.next() == .abort)
        #expect(cycle.next() == nil)
        let reason = cycle.aborted()
        #expect(reason == "no answer")
        #expect(cycle.isUntouched && cycle.aborts == 1)
    }

    @Test func `damage to an untouched transaction, or to one whose end is on its way, is none`() {
        var cycle = TransactionCycle()
        cycle.damaged("lost")
        #expect(cycle.isUntouched)
        cycle.handOut(1)
        cycle.ended(failure: nil)
        cycle.shut()
        #expect(cycle.next() == .compose)
        cycle.commit()
        cycle.damaged("lost")
        cycle.committed()
        #expect(cycle.isUntouched && cycle.aborts == 0)
    }

    @Test func `what an earlier map says beyond what was received is kept`() throws {
        var earlier = OffsetMap(frontier: 10)
        for (offset, isFinished) in zip(10..<18 as Range<Int64>, [false, true, true, false, true, false, true, true]) {
            earlier.append(offset: offset, status: isFinished ? .finished : .untouched)
        }
        for received in 10...18 as ClosedRange<Int64> {
            var map = OffsetMap(frontier: 10)
            for offset in 10..<received { map.append(offset: offset, status: earlier.status(at: offset)) }
            map.append(earlier, from: received)
            let read = try OffsetMap(metadata: map.encoded().metadata, frontier: 10)
            for offset in 10..<18 as Range<Int64> { #expect(read.status(at: offset) == earlier.status(at: offset)) }
        }
    }

    @Test func `an aborted transaction is read again from what is committed`() {
        let one = TopicPartition(topic: "t", partition: 1)
        var member = Membership(drainTimeout: .seconds(20), isCooperative: false)
        _ = member.assigned([one])
        _ = member.resolved(generation: 1)
        let again = member.beginAgain(at: .zero)
        #expect(again == [.release([one]), .resolve(generation: 2, [one])])
        let assigned = member.resolved(generation: 2)
        #expect(assigned == [.assign([one])])
        _ = member.revoked([one], lost: false, at: .zero)
        let givenUp = member.beginAgain(at: .zero)
        #expect(givenUp == [.release([one]), .unassign([one])])
    }

    @Test func `whatever happens, every effect is seen once and in order`() async {
        let count = ProcessInfo.processInfo.environment["SIMULATION_SEEDS"].flatMap(UInt64.init) ?? 200
        var (aborts, commits) = (0, 0)
        for seed in 0..<count {
            var world = TransactionSimulation(seed: seed)
            do throws(TransactionSimulation.Violation) {
                try world.run()
            } catch {
                Issue.record("seed \(seed): \(error)")
                return
            }
            aborts += world.aborts
            commits += world.commits
            await Task.yield()
        }
        print("transactions: \(count) histories, \(commits) committed, \(aborts) aborted")
        #expect(aborts > 0)
    }

    @Test(arguments: TransactionSimulation.Defect.allCases.filter { $0 != .none })
    func `a deliberate defect of transactions is found`(_ defect: TransactionSimulation.Defect) async {
        var isFound = false
        for seed in 0..<300 as Range<UInt64> where !isFound {
            var world = TransactionSimulation(seed: seed, defect: defect)
            isFound = (try? world.run()) == nil
            await Task.yield()
        }
        #expect(isFound)
    }
}
