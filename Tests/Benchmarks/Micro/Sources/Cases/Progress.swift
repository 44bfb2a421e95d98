internal import Kafka
internal import LoyaltyEvents
internal import Pipeline
internal import Stages

extension Case {
    /// What happens to a record besides decoding: order, progress, commits.
    static let progress = [
        Case("key hash", operations: 10_000) { keyHash() },
        Case("lanes", operations: 5000) { lanes() },
        Case("ledger finish", operations: 5000) { ledgerFinish() },
        Case("offset map encode", operations: 100) { offsetMap().encode },
        Case("offset map decode", operations: 20) { try decodeOffsetMap() },
        Case("one record") { try oneRecord() },
    ]

    private static func keyHash() -> () -> Int {
        let key = Array("cust_mOuAdU1r7nXB3BH0".utf8)
        return { Int(truncatingIfNeeded: KeyHash.hash(key)) }
    }

    /// A record takes its lane, the next one waits in it, and both leave; a hundred other lanes are busy.
    private static func lanes() -> () -> Int {
        var lanes = KeyLanes()
        for lane in 0..<100 as Range<UInt64> { _ = lanes.enter(lane &* 0x9E37_79B9_7F4A_7C15, lane) }
        var sequence: UInt64 = 100
        return {
            let lane = sequence &* 0x9E37_79B9_7F4A_7C15
            sequence += 2
            let isFree = lanes.enter(lane, sequence)
            let waits = !lanes.enter(lane, sequence + 1)
            let next = lanes.leave(lane)
            let last = lanes.leave(lane)
            return isFree && waits && next == sequence + 1 && last == nil ? 1 : 0
        }
    }

    /// A record is taken up and another one is finished, neighbours in turned order, with a thousand in flight.
    private static func ledgerFinish() -> () -> Int {
        var ledger = OffsetLedger(frontier: 0)
        for offset in 0..<1000 as Range<Int64> { _ = ledger.track(offset) }
        var offset: Int64 = 1000
        var sequence: UInt64 = 0
        return {
            _ = ledger.track(offset)
            ledger.mark(sequence ^ 1, done: [StageSet(index: 0)])
            let moved = ledger.finish(sequence ^ 1)
            offset += 1
            sequence += 1
            return moved ? 1 : 0
        }
    }

    /// A thousand records in flight, every third one finished: what a commit with a slow sink writes.
    private static func offsetMap() -> (text: String, frontier: Int64, encode: () -> Int) {
        var ledger = OffsetLedger(frontier: 0)
        var last: UInt64 = 0
        for offset in 0..<1000 as Range<Int64> { last = ledger.track(offset) ?? last }
        for sequence in stride(from: 1, through: last, by: 3) { ledger.finish(sequence) }
        let text = ledger.map()?.encoded().metadata ?? ""
        return (text, ledger.frontier ?? 0, { [ledger] in ledger.map()?.encoded().metadata.utf8.count ?? 0 })
    }

    private static func decodeOffsetMap() throws -> () -> Int {
        let (text, frontier, _) = offsetMap()
        guard try OffsetMap(metadata: text, frontier: frontier).status(at: 1).isFinished else {
            throw Unfit(what: "the offset map does not come back")
        }
        return {
            let map = try? OffsetMap(metadata: text, frontier: frontier)
            return map?.status(at: 1).isFinished == true ? 1 : 0
        }
    }

    /// The way of one record with one stage, without broker, sink and tasks: copied, received, decoded, admitted, done and
    /// finished; a commit after every thousand.
    private static func oneRecord() throws -> () -> Int {
        let source = TopicPartition(topic: "loyalty-events", partition: 0)
        let key = Array("cust_mOuAdU1r7nXB3BH0".utf8)
        let value = try Sample.bytes()
        let intake = LoyaltyIntake(
            payloadLimit: 1 << 20,
            active: [.notification, .publication],
            counts: IntakeCounts()
        )
        var assignment = Assignment(settings: WorkerSettings(group: "micro"), stages: ["notification"], seed: 1)
        let slot = assignment.slot(of: source)
        assignment.add(source, start: 0, at: .zero)
        var actions: [Assignment.Action] = []
        var offset: Int64 = 0
        return {
            let now: Duration = .microseconds(offset)
            let record = Record(source: source, offset: offset, key: key, value: value)
            let arrival = Assignment.Arrival(offset: offset, key: record.keyHash, redriven: nil)
            assignment.admit(arrival, in: slot, intake.receive(record), at: now, &actions)
            if let action = actions.popLast(), case .perform(let ticket, _, _, _) = action {
                assignment.complete(ticket, .done(.performed), microseconds: 1, at: now, &actions)
            }
            offset += 1
            if offset % 1000 == 0 {
                let batch = assignment.commitBatch()
                assignment.committed(batch, failed: batch.first?.offset != offset)
            }
            return Int(truncatingIfNeeded: assignment.counts.finished)
        }
    }
}
