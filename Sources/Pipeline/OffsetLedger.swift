import DequeModule

/// How far one record has come: which of its stages are done, and whether all of it is finished.
package struct RecordStatus: RawRepresentable, Hashable, Sendable {
    package static let untouched = RecordStatus(rawValue: 0)
    package static let finished = RecordStatus(rawValue: 0x80)

    package let rawValue: UInt8

    package init(rawValue: UInt8) {
        self.rawValue = rawValue
    }

    package init(done stages: StageSet) {
        self.init(rawValue: stages.rawValue)
    }

    package var isFinished: Bool { rawValue & 0x80 != 0 }

    package var doneStages: StageSet { StageSet(rawValue: rawValue) }
}

/// The records of one partition that were received and are not below the frontier yet, in offset order.
///
/// Only offsets that were really received are tracked: compaction and transaction markers leave gaps.
package struct OffsetLedger: Sendable {
    private struct Slot: Sendable {
        let offset: Int64
        var status: RecordStatus
    }

    private var slots: Deque<Slot> = []
    /// The sequence of the first slot.
    private var base: UInt64 = 0
    /// The next offset to commit: everything below it is finished. Nil until a position is known.
    package private(set) var frontier: Int64?
    /// Where the consumer has been: nothing is left to receive below.
    private var reached: Int64 = 0

    /// - Parameter frontier: where the partition starts, when known.
    package init(frontier: Int64? = nil) {
        self.frontier = frontier
    }

    /// Records received and not below the frontier: unfinished ones, and finished ones above them.
    package var span: Int { slots.count }

    /// The first unfinished record.
    package var oldest: (sequence: UInt64, offset: Int64)? {
        slots.first.map { (base, $0.offset) }
    }

    /// Takes up the next record and gives its sequence; nil when the offset is not above all before (a repeat inside one
    /// assignment: already tracked).
    package mutating func track(_ offset: Int64, status: RecordStatus = .untouched) -> UInt64? {
        guard offset >= 0, offset < .max else { return nil }
        if let last = slots.last {
            guard offset > last.offset else { return nil }
        } else if let frontier {
            guard offset >= frontier else { return nil }
        }
        if frontier == nil { frontier = offset }
        slots.append(Slot(offset: offset, status: status))
        return base &+ UInt64(slots.count - 1)
    }

    /// Notes that some stages of a record are done.
    package mutating func mark(_ sequence: UInt64, done stages: StageSet) {
        guard let index = index(of: sequence), !slots[index].status.isFinished else { return }
        slots[index].status = RecordStatus(done: slots[index].status.doneStages.union(stages))
    }

    /// Notes that a record is finished and moves the frontier over the finished prefix. Returns whether it moved.
    @discardableResult
    package mutating func finish(_ sequence: UInt64) -> Bool {
        guard let index = index(of: sequence) else { return false }
        slots[index].status = .finished
        guard index == 0 else { return false }
        while let first = slots.first, first.status.isFinished {
            frontier = first.offset + 1
            slots.removeFirst()
            base &+= 1
        }
        passGap()
        return true
    }

    /// The consumer has been past everything below `position`, where nothing may be left to receive (the end of the partition).
    /// Returns whether the frontier moved; while something is unfinished it moves when that is finished.
    package mutating func reach(_ position: Int64) -> Bool {
        reached = max(reached, position)
        return passGap()
    }

    /// Transaction markers and compacted records behind the last one hold nothing.
    @discardableResult
    private mutating func passGap() -> Bool {
        guard slots.isEmpty, reached > frontier ?? -1 else { return false }
        frontier = reached
        return true
    }

    /// Everything below was received, or is not there.
    package var received: Int64? { slots.last.map { $0.offset + 1 } ?? frontier }

    /// What is done at and above the frontier.
    package func map() -> OffsetMap? {
        guard let frontier else { return nil }
        var map = OffsetMap(frontier: frontier)
        for slot in slots {
            map.append(offset: slot.offset, status: slot.status)
        }
        return map
    }

    private func index(of sequence: UInt64) -> Int? {
        guard sequence >= base, sequence &- base < UInt64(slots.count) else { return nil }
        return Int(sequence &- base)
    }
}
