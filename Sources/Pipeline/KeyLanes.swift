package import DequeModule

/// Lets the records of one key through one at a time, in the order of their coming.
package struct KeyLanes: Sendable {
    /// Busy lanes and who waits in them; a lane exists as long as somebody runs in it.
    private var waiting: [UInt64: Deque<UInt64>] = [:]

    package init() {}

    package var isEmpty: Bool { waiting.isEmpty }

    /// True: the lane was free and is the record's now. False: it waits until those before have left.
    package mutating func enter(_ lane: UInt64, _ sequence: UInt64) -> Bool {
        if waiting[lane]?.append(sequence) != nil { return false }
        waiting[lane] = []
        return true
    }

    /// Who waits in a lane, the next first.
    package func waiting(in lane: UInt64) -> Deque<UInt64> { waiting[lane] ?? [] }

    /// The record that ran has left: gives the one that may run now.
    package mutating func leave(_ lane: UInt64) -> UInt64? {
        guard let next = waiting[lane]?.popFirst() else {
            waiting[lane] = nil
            return nil
        }
        return next
    }
}
