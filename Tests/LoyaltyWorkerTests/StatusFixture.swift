import Foundation
import Kafka

@testable import LoyaltyWorker
@testable import Pipeline

/// Statuses as a worker would publish them.
enum StatusFixture {
    static let source = TopicPartition(topic: "loyalty.events", partition: 3)

    static func oldest(
        offset: Int64 = 42,
        age: Duration = .seconds(600),
        attempts: Int = 1,
        stages: [String] = ["notification"],
        nextAttemptIn: Duration? = nil,
        lastFailure: String? = nil
    ) -> WorkerStatus.Oldest {
        WorkerStatus.Oldest(
            offset: offset,
            age: age,
            attempts: attempts,
            stages: stages,
            lastFailure: lastFailure,
            nextAttemptIn: nextAttemptIn
        )
    }

    static func partition(
        _ source: TopicPartition = source,
        unfinished: Int = 1,
        sinceProgress: Duration = .seconds(600),
        oldest: WorkerStatus.Oldest? = oldest(),
        isDraining: Bool = false
    ) -> WorkerStatus.Partition {
        WorkerStatus.Partition(
            source: source,
            frontier: 42,
            committed: 40,
            end: 100,
            unfinished: unfinished,
            running: 1,
            retrying: 0,
            bufferedBytes: 4096,
            sinceProgress: sinceProgress,
            oldest: oldest,
            isDraining: isDraining,
            isMapFull: false,
            barredKeys: 0
        )
    }

    static func status(
        _ partitions: [WorkerStatus.Partition] = [partition()],
        breaker: CircuitBreaker.State = .closed
    ) -> WorkerStatus {
        var status = WorkerStatus()
        status.phase = .working
        status.partitions = partitions
        status.breakers = [
            WorkerStatus.Breaker(stage: "notification", state: breaker, waiting: 0),
            WorkerStatus.Breaker(stage: "publication", state: .closed, waiting: 0),
        ]
        status.counts = WorkerCounts(stages: ["notification", "publication"])
        status.counts.received = 60
        status.counts.accepted = 50
        status.counts.latency.record(microseconds: 30_000, times: 50)
        status.counts.processing.record(microseconds: 2_000, times: 40)
        status.counts.processing.record(microseconds: 20_000_000)
        return status
    }

    static func snapshot(
        _ status: WorkerStatus = status(),
        topics: [String] = ["loyalty.events"],
        group: String = "loyalty-worker"
    ) -> WorkerSnapshot {
        WorkerSnapshot(
            status: status,
            group: group,
            topics: topics,
            ordering: "key",
            prefetch: "prefetch",
            startedAt: Date(timeIntervalSince1970: 1000),
            takenAt: Date(timeIntervalSince1970: 1060),
            residentBytes: 50 << 20
        )
    }
}
