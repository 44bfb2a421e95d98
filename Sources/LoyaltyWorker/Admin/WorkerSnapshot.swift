import Foundation
import Kafka
import Pipeline
import Stages

/// What the admin server shows: the worker's status and the circumstances that the worker itself doesn't know.
struct WorkerSnapshot: Sendable {
    var status: WorkerStatus
    var intake = IntakeCounts().snapshot
    var group: String
    var topics: [String]
    var ordering: String
    var prefetch: String
    var startedAt: Date
    var takenAt: Date
    var residentBytes: Int?

    /// Where partitions ended when last asked.
    var ends: [TopicPartition: Int64] = [:]

    /// Where a partition ends; nil while unknown.
    func end(of partition: WorkerStatus.Partition) -> Int64? {
        guard let known = ends[partition.source] else { return partition.end }
        return max(known, partition.end ?? known)
    }

    /// Records between a partition's frontier and its end; nil while either is unknown.
    func lag(of partition: WorkerStatus.Partition) -> Int64? {
        guard let end = end(of: partition), let frontier = partition.frontier else { return nil }
        return max(0, end.subtractingReportingOverflow(frontier).partialValue)
    }

    /// The sum over all partitions for which it is known; nil when it is for none.
    var lag: Int64? {
        let known = status.partitions.compactMap(lag(of:))
        return known.isEmpty ? nil : known.reduce(0, &+)
    }
}

extension CircuitBreaker.State {
    /// A word for people and labels.
    var word: String {
        switch self {
        case .closed: "closed"
        case .open: "open"
        case .halfOpen: "half_open"
        case .halted: "halted"
        }
    }

    static let words = ["closed", "open", "half_open", "halted"]
}
