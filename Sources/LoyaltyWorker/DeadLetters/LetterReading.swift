import Kafka

/// Reads the dead-letter topics, in no group, and only to the ends that were asked for.
///
/// One task at a time uses it.
final class LetterReading {
    /// The partitions of all topics; their places here are the numbers of shelves.
    let sources: [TopicPartition]
    private let consumer: Consumer
    private let doorbell = Doorbell()
    /// How long one question, or a silence of the broker, may take.
    private let patience: Duration
    private var open: [Int: PartitionQueue] = [:]
    /// The next offset that an open partition brings.
    private var positions: [Int: Int64] = [:]

    /// - Parameter topics: with their numbers of partitions.
    init(_ settings: Settings, topics: [(name: String, partitions: Int)]) throws(KafkaError) {
        sources = topics.flatMap { topic in
            (0..<Int32(clamping: topic.partitions)).map { TopicPartition(topic: topic.name, partition: $0) }
        }
        patience = settings.kafka.reachTimeout
        var configuration = settings.surveyConfiguration()
        configuration.set("auto.offset.reset", "earliest")
        configuration.set("enable.partition.eof", "true")
        configuration.setDefault("fetch.wait.max.ms", "50")
        // The limit holds for each partition.
        let share = Self.prefetch / max(1, sources.count)
        configuration.setDefault("queued.max.messages.kbytes", String(max(share, 1 << 20) >> 10))
        consumer = try Consumer(configuration: configuration, topics: [], doorbell: doorbell, log: { _ in })
    }

    private static let prefetch = 64 << 20

    /// What the brokers hold of each partition now.
    func watermarks() async throws(KafkaError) -> [Watermarks] {
        var all: [Watermarks] = []
        for source in sources { all.append(try await consumer.watermarks(source, timeout: patience)) }
        return all
    }

    /// Hands every record from `starts` up to, but without, `ends` to `body`, in the order of each partition.
    ///
    /// - Parameter pause: called between two looks; throws to end early.
    /// - Returns: how far it came: records of an open transaction, and all behind them, can't be read yet.
    func read(
        from starts: [Int64],
        to ends: [Int64],
        pause: () throws(KafkaError) -> Void,
        _ body: (Record) -> Void
    ) async throws(KafkaError) -> [Int64] {
        let wanted = sources.indices.filter { ends[$0] > starts[$0] }
        try assign(wanted.map { ($0, starts[$0]) })
        let sources = sources
        try await pull(wanted, to: ends, isFresh: true, pause: pause) { shelf, message in
            guard message.offset < ends[shelf] else { return }
            body(message.record(of: sources[shelf]))
        }
        return sources.indices.map { min(positions[$0] ?? ends[$0], max(ends[$0], starts[$0])) }
    }

    /// The whole records at these places; those that the broker has deleted meanwhile are missing.
    func records(at places: [Letter.Place]) async throws(KafkaError) -> [Letter.Place: Record] {
        let wanted = Set(places)
        var ends = [Int64](repeating: 0, count: sources.count)
        var starts: [Int: Int64] = [:]
        for place in places {
            ends[place.shelf] = max(ends[place.shelf], place.offset + 1)
            starts[place.shelf] = min(starts[place.shelf] ?? .max, place.offset)
        }
        // Reading on where the last reading ended spares fetching everything again.
        if starts.contains(where: { positions[$0.key] ?? .max > $0.value }) {
            try assign(starts.sorted { $0.key < $1.key }.map { ($0.key, $0.value) })
        }
        var records: [Letter.Place: Record] = [:]
        let sources = sources
        try await pull(Array(starts.keys), to: ends) { shelf, message in
            let place = Letter.Place(shelf: shelf, offset: message.offset)
            if wanted.contains(place) { records[place] = message.record(of: sources[shelf]) }
        }
        return records
    }

    /// Lets go of the partitions.
    func close() {
        for queue in open.values { queue.close() }
        open = [:]
        positions = [:]
        try? consumer.unassign()
    }

    private func assign(_ starts: [(shelf: Int, offset: Int64)]) throws(KafkaError) {
        close()
        guard !starts.isEmpty else { return }
        for (shelf, offset) in starts {
            open[shelf] = try consumer.open(sources[shelf])
            positions[shelf] = offset
        }
        try consumer.assign(starts.map { StartOffset(sources[$0.shelf], at: .offset($0.offset)) })
    }

    /// Takes records until each partition has brought all below its end.
    ///
    /// - Parameter isFresh: it was assigned for this; else a partition may still say that it ended, and go on since.
    private func pull(
        _ wanted: [Int],
        to ends: [Int64],
        isFresh: Bool = false,
        pause: () throws(KafkaError) -> Void = {},
        _ take: (Int, borrowing Message) -> Void
    ) async throws(KafkaError) {
        let doorbell = doorbell
        // Events must be served, and silence noticed, also when nothing rings.
        let ticks = Task {
            while (try? await Task.sleep(for: .milliseconds(100))) != nil { doorbell.ring() }
        }
        defer { ticks.cancel() }
        var left = wanted.filter { positions[$0] ?? 0 < ends[$0] }
        var deadline = ContinuousClock.now + patience
        while !left.isEmpty {
            try pause()
            while let event = consumer.nextEvent() {
                if case .failure(let error) = event, error.isFatal { throw error }
            }
            var hasMoved = false
            var remaining: [Int] = []
            for shelf in left {
                let before = positions[shelf]
                if try !isAtEnd(shelf, ends[shelf], isFresh: isFresh, take) { remaining.append(shelf) }
                if positions[shelf] != before { hasMoved = true }
            }
            left = remaining
            if hasMoved {
                deadline = .now + patience
                continue
            }
            guard !left.isEmpty else { break }
            guard ContinuousClock.now < deadline else {
                throw KafkaError(
                    .timedOut,
                    "\(sources[left[0]]) brought nothing for \(Quantity.text(patience)), with records left to read"
                )
            }
            await doorbell.wait()
        }
    }

    private func isAtEnd(
        _ shelf: Int,
        _ end: Int64,
        isFresh: Bool,
        _ take: (Int, borrowing Message) -> Void
    ) throws(KafkaError) -> Bool {
        guard let queue = open[shelf], let position = positions[shelf], position < end else { return true }
        var failure: KafkaError?
        var isAtEnd = false
        // Never more than may lie below the end: what is taken beyond would have to be fetched again.
        _ = queue.receive(upTo: Int(clamping: min(end - position, 1000))) { message in
            if let error = message.error {
                if error.code == .partitionEOF {
                    positions[shelf] = max(position, message.offset)
                    if isFresh { isAtEnd = true }
                } else if !error.isRetriable {
                    failure = error
                }
            } else {
                positions[shelf] = message.offset + 1
                take(shelf, message)
            }
        }
        if let failure { throw failure }
        return isAtEnd || positions[shelf] ?? 0 >= end
    }
}
