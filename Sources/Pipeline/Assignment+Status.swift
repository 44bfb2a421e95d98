import Kafka

extension Assignment {
    /// A copy of what is in progress, for people and machines.
    package func status(at now: Duration) -> WorkerStatus {
        var status = WorkerStatus()
        status.counts = counts
        status.inFlight = inFlight
        status.bufferedBytes = bufferedBytes
        status.breakers = stageNames.indices.map { stage in
            WorkerStatus.Breaker(stage: stageNames[stage], state: breakers[stage].state, waiting: held[stage].count)
        }
        status.partitions = slots.compactMap { slot in
            slot.partition.map { partition in
                WorkerStatus.Partition(
                    source: slot.source,
                    frontier: partition.ledger.frontier,
                    committed: partition.committed,
                    end: partition.end,
                    unfinished: partition.deliveries.count,
                    running: partition.running,
                    retrying: partition.retrying,
                    bufferedBytes: partition.bufferedBytes,
                    sinceProgress: now - partition.lastProgress,
                    oldest: oldest(of: partition, at: now),
                    isDraining: partition.isDraining,
                    isMapFull: partition.isMapFull,
                    barredKeys: partition.barred.count
                )
            }
        }
        return status
    }

    private func oldest(of partition: Partition, at now: Duration) -> WorkerStatus.Oldest? {
        guard let first = partition.ledger.oldest, let delivery = partition.deliveries[first.sequence] else {
            return nil
        }
        var stages: [String] = []
        delivery.remaining.forEachIndex { stages.append(stageNames[$0]) }
        return WorkerStatus.Oldest(
            offset: first.offset,
            age: now - delivery.receivedAt,
            attempts: delivery.attempts.max() ?? 0,
            stages: delivery.cause == nil ? stages : ["dead letter"],
            lastFailure: delivery.lastFailure,
            nextAttemptIn: delivery.nextAttempt.map { $0 - now }
        )
    }

    /// Notes a rebalance event.
    package mutating func countRebalance(lost: Bool) {
        if lost { counts.lostAssignments &+= 1 } else { counts.rebalances &+= 1 }
    }
}
