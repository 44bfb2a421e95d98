internal import Synchronization

/// What the intake did not hand on, by reason. Written by the worker's task, read by whoever serves metrics.
package final class IntakeCounts: Sendable {
    /// A copy of the numbers.
    package struct Snapshot: Sendable, Equatable {
        /// Records with a null value.
        package var tombstones: UInt64 = 0
        /// Events of other types by name; names beyond `nameLimit` share the name `…`.
        package var otherTypes: [String: UInt64] = [:]
        /// Records refused by the decoder or for their size, by the decoder's token or `oversize`.
        package var rejections: [String: UInt64] = [:]

        /// Records ignored in all.
        package var ignored: UInt64 { otherTypes.values.reduce(tombstones, &+) }
    }

    /// Names kept apart, so that senders can't fill the memory with names.
    package static let nameLimit = 64

    private let state = Mutex(Snapshot())

    package init() {}

    package var snapshot: Snapshot { state.withLock { $0 } }

    func countTombstone() {
        state.withLock { $0.tombstones &+= 1 }
    }

    func count(otherType name: String) {
        state.withLock { Self.count(name, in: &$0.otherTypes) }
    }

    func count(rejection reason: String) {
        state.withLock { Self.count(reason, in: &$0.rejections) }
    }

    private static func count(_ name: String, in numbers: inout [String: UInt64]) {
        let isKept = numbers[name] != nil || numbers.count < nameLimit
        numbers[isKept ? name : "…", default: 0] &+= 1
    }
}
