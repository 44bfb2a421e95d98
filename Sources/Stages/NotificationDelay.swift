internal import Kafka
internal import Pipeline

/// Waits in place of a receiver and sends nothing: for benchmarks and rehearsals.
struct NotificationDelay: NotificationSink {
    let range: ClosedRange<Duration>

    func deliver(_ notification: PointsNotification, _ permit: NotificationPermit) async -> Delivery {
        let record = notification.work.record
        let time = time(of: record.source.partition, record.offset)
        // Handlers are not cancelled; should it ever happen, the wait has been cut short and nothing else.
        if time > .zero { try? await Task.sleep(for: time) }
        return .made(.performed)
    }

    /// Uniform over the range, and the same in every run, so that others can work out what a run had to wait for.
    func time(of partition: Int32, _ offset: Int64) -> Duration {
        var random = SplitMix64(seed: UInt64(truncatingIfNeeded: partition) << 48 ^ UInt64(truncatingIfNeeded: offset))
        let share = Double(random.next() >> 11) * 0x1p-53
        return range.lowerBound + (range.upperBound - range.lowerBound) * share
    }
}
