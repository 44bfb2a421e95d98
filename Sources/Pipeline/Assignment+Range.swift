import Kafka

extension Assignment {
    /// Takes up a partition of a replay.
    ///
    /// - Returns: where to read on; nil when nothing of its range is left to read.
    mutating func add(
        _ source: TopicPartition,
        range: Range<Int64>,
        committed: Int64?,
        restored: OffsetMap?,
        log: Watermarks?,
        at now: Duration
    ) -> Int64? {
        let wanted = min(max(committed ?? range.lowerBound, range.lowerBound), range.upperBound)
        var start = wanted
        // What retention has deleted meanwhile can't be had any more; a log that ends before it is another log.
        if let log, log.low > wanted || log.high < wanted {
            start = log.high < wanted ? range.upperBound : min(log.low, range.upperBound)
            counts.missing &+= UInt64(clamping: start - wanted)
        }
        add(source, start: start, restored: restored, end: range.upperBound, isBounded: true, at: now)
        let number = slot(of: source)
        slots[number].partition?.committed = committed
        // Other members learn from the commit that a partition is finished.
        slots[number].partition?.isDirty = start != committed && !range.isEmpty
        slots[number].partition?.isReceived = start == range.upperBound
        return start == range.upperBound ? nil : start
    }

    /// Whether a record may be taken: false when it lies beyond the range of a replay, which then has been received.
    mutating func admits(_ offset: Int64, in slot: Int) -> Bool {
        guard slots[slot].partition?.isBounded == true, let partition = slots[slot].partition, let end = partition.end
        else { return true }
        guard !partition.isReceived else { return false }
        guard offset >= end else {
            guard let frontier = partition.ledger.frontier, offset < frontier else { return true }
            // The log was made anew: what was to be replayed is gone, and this is something else.
            counts.restarts &+= 1
            counts.missing &+= UInt64(clamping: end - frontier)
            reach(end, in: slot)
            return false
        }
        reach(end, in: slot)
        return false
    }
}

extension Partition {
    /// Where the consumer has come, cut at the end of a replay's range.
    mutating func bounded(_ position: Int64) -> Int64 {
        guard isBounded, let end, position >= end else { return position }
        isReceived = true
        return end
    }
}
