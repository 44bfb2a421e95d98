package import Kafka

extension Assignment {
    /// What may be committed now: for each partition that has moved, the frontier and the map above it.
    package mutating func commitBatch(of wanted: [TopicPartition]? = nil) -> [CommittedOffset] {
        var batch: [CommittedOffset] = []
        for number in slots.indices {
            let source = slots[number].source
            guard let partition = slots[number].partition, partition.isDirty || partition.isMapFull,
                wanted?.contains(source) ?? true, var map = partition.ledger.map()
            else { continue }
            if settings.isTransactional, let received = partition.ledger.received {
                map.append(partition.restored, from: received)
            }
            if partition.refusals > 0 { map = OffsetMap(frontier: map.frontier) }
            if partition.refusals < 2 { map.barred = partition.barred }
            let (metadata, isComplete) = map.encoded(limit: settings.metadataLimit)
            slots[number].partition?.isMapFull = !isComplete
            slots[number].partition?.isDirty = false
            batch.append(CommittedOffset(partition: source, offset: map.frontier, metadata: metadata, error: nil))
        }
        return batch
    }

    /// Whether a batch leaves something out, for want of room: it would be done again after a crash.
    func isIncomplete(_ batch: [CommittedOffset]) -> Bool {
        batch.contains { partition($0.partition)?.isMapFull == true }
    }

    /// A batch is not to be committed now: it becomes due again.
    mutating func withdraw(_ batch: [CommittedOffset]) {
        for offset in batch { slots[slot(of: offset.partition)].partition?.isDirty = true }
    }

    /// Whether an action belongs to a partition that was given up since.
    func isStale(_ ticket: Ticket) -> Bool {
        slots[ticket.slot].partition?.generation != ticket.generation
    }

    /// The broker's answer to a batch, or that there was none: what was not committed becomes due again.
    package mutating func committed(_ batch: [CommittedOffset], failed: Bool) {
        for offset in batch {
            let number = slot(of: offset.partition)
            if failed || offset.error != nil {
                slots[number].partition?.isDirty = true
                if offset.error?.code == .offsetMetadataTooLarge { slots[number].partition?.refusals += 1 }
            } else {
                slots[number].partition?.committed = offset.offset
            }
        }
        if failed { counts.commitFailures &+= 1 } else { counts.commits &+= 1 }
    }
}
