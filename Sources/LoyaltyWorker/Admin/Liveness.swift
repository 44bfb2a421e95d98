import Kafka
import Pipeline

/// Decides whether the worker is stuck, from what its partitions looked like over time.
///
/// A broker that is away, a sink whose breaker is open, a retry that waits: no restart would mend these, so none of
/// them counts.
/// Time is passed in as a `Duration` since any fixed moment.
struct Liveness: Sendable {
    struct Stuck: Equatable, Sendable, CustomStringConvertible {
        let source: TopicPartition
        let offset: Int64?
        let stages: [String]
        let since: Duration

        var description: String {
            let place = "\(source)" + (offset.map { "/\($0)" } ?? "")
            let stage = stages.isEmpty ? "" : " in the stage \(stages.joined(separator: ", "))"
            return "no progress for \(since.components.seconds) s at \(place)\(stage)"
        }
    }

    /// The attempt that an oldest record is in, and since when it could have ended.
    private struct Attempt {
        let offset: Int64?
        let number: Int
        let since: Duration
    }

    let timeout: Duration
    private var attempts: [TopicPartition: Attempt] = [:]

    init(timeout: Duration) {
        self.timeout = timeout
    }

    /// Takes notice of `status` and returns the partitions that have been stuck for `timeout` or longer.
    mutating func observe(_ status: WorkerStatus, at now: Duration) -> [Stuck] {
        let unavailable = Set(status.breakers.filter { $0.state != .closed }.map(\.stage))
        var next: [TopicPartition: Attempt] = [:]
        var stuck: [Stuck] = []
        for partition in status.partitions where partition.unfinished > 0 && !partition.isDraining {
            let offset = partition.oldest?.offset
            let number = partition.oldest?.attempts ?? 0
            let age = partition.oldest?.age ?? partition.sinceProgress
            guard partition.mustMove(without: unavailable) else {
                next[partition.source] = Attempt(offset: offset, number: number, since: now)
                continue
            }
            let attempt: Attempt
            if let known = attempts[partition.source], known.offset == offset, known.number == number {
                attempt = known
            } else {
                // A retry that was never seen before began now, as far as anyone can tell.
                attempt = Attempt(offset: offset, number: number, since: number > 1 ? now : now - age)
            }
            next[partition.source] = attempt
            let time = min(partition.sinceProgress, age, now - attempt.since)
            guard time >= timeout else { continue }
            stuck.append(
                Stuck(source: partition.source, offset: offset, stages: partition.oldest?.stages ?? [], since: time)
            )
        }
        attempts = next
        return stuck
    }
}

extension WorkerStatus.Partition {
    /// Whether a healthy worker would make progress here now.
    fileprivate func mustMove(without unavailable: Set<String>) -> Bool {
        guard let oldest else { return true }
        return oldest.nextAttemptIn == nil && unavailable.isDisjoint(with: oldest.stages)
    }
}

/// Whether the worker is ready: it is in its group and works, or has legitimately nothing to do.
enum Readiness {
    /// Nil when ready, else why not.
    static func obstacle(_ status: WorkerStatus) -> String? {
        switch status.phase {
        case .working: nil
        case .joining: "not yet in the consumer group, or between two assignments"
        case .draining: "draining: partitions are being given up"
        case .stopped: "has left the consumer group"
        }
    }
}
