import Kafka
import Synchronization

/// Finds out what retention deleted while a replay was reading: offsets that were skipped, and that the log no longer begins before.
///
/// A compacted record or a transaction's marker leaves a gap too, but the log goes on beginning before it.
final class LogGaps: Sendable {
    private struct State {
        var skipped: [TopicPartition: [Range<Int64>]] = [:]
        var deleted: Int64 = 0
    }

    /// Gaps of one partition that are kept apart until somebody has looked at the log.
    private static let limit = 1000

    private let state = Mutex(State())

    /// Offsets known to have been deleted before they could be read.
    var deleted: Int64 { state.withLock { $0.deleted } }

    /// The partitions that have gaps which nobody has looked at.
    var unexplained: [TopicPartition] { state.withLock { Array($0.skipped.keys) } }

    /// Offsets that did not come.
    func skipped(_ gap: Range<Int64>, of partition: TopicPartition) {
        state.withLock { state in
            guard state.skipped[partition]?.count ?? 0 < Self.limit else { return }
            state.skipped[partition, default: []].append(gap)
        }
    }

    /// Where a partition's log begins now.
    func explain(_ partition: TopicPartition, beginning: Int64) {
        state.withLock { state in
            for gap in state.skipped.removeValue(forKey: partition) ?? [] {
                state.deleted += max(0, min(gap.upperBound, beginning) - gap.lowerBound)
            }
        }
    }
}
