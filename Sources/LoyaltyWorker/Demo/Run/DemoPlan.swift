/// How a demonstration fits into the embedded broker, which keeps 5 MiB of a partition and silently drops older records.
struct DemoPlan: Sendable, Equatable {
    let mix: EventMix
    let partitions: Int

    static let defaultEvents = 5000

    /// What the broker keeps of a partition, less a reserve for batches that are dropped whole.
    private static let room = 4.0 * 1_048_576
    /// Bytes that an event takes in an lz4 batch at most: measured are 800.
    private static let bytesPerEvent = 1000.0
    private static let fewestPartitions = 6
    private static let mostPartitions = 64
    /// How much more than its share of the customers a partition may get.
    private static let unevenness = 1.6

    /// - Throws: when so many events can't be kept.
    init(events: Int, seed: UInt64) throws(CommandFailure) {
        guard let partitions = Self.partitions(for: events) else {
            let most = (1...200).last { Self.partitions(for: $0 * 1000) != nil } ?? 0
            throw .usage(
                "--events \(events) is more than the embedded broker can keep (5 MiB a partition); at most about"
                    + " \(most * 1000) fit; for more, run a broker of your own with generate and run --until-end"
            )
        }
        self.partitions = partitions
        mix = EventMix(
            count: events,
            customers: Self.customers(for: events),
            publicationShare: 0.2,
            malformedShare: 0.03,
            duplicateShare: 0.1,
            otherTypeShare: 0.07,
            seed: seed
        )
    }

    private static func customers(for events: Int) -> Int {
        min(max(events / 5, 100), 100_000)
    }

    /// Nil: no number of partitions is enough.
    private static func partitions(for events: Int) -> Int? {
        // The fullest partition may hold the busiest customer besides its share of all others.
        let busiest = CustomerSpread(customers: customers(for: events)).busiestShare
        return (fewestPartitions...mostPartitions).first { partitions in
            let share = busiest + unevenness / Double(partitions)
            return Double(events) * share * bytesPerEvent <= room
        }
    }
}
