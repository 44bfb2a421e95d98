import Kafka
import Pipeline

/// What redrives have done, as it is kept in Kafka: offsets of the group `<kafka.group>.redrive`, which has no members, each
/// with an offset map and the sign of the run that wrote it.
struct RedriveEntry: Sendable, Equatable {
    /// Everything below is done.
    let frontier: Int64
    /// What is done at and above the frontier.
    let map: OffsetMap
    /// The run that wrote it; nil: somebody else.
    let run: String?

    /// Characters of a run's sign.
    static let signLength = 8

    /// Nil when nothing was committed.
    ///
    /// - Parameter end: where the partition ends; a frontier beyond belongs to a topic that is no more.
    init?(_ committed: CommittedOffset, end: Int64) {
        guard let offset = committed.offset, offset <= end else { return nil }
        let parts = committed.metadata.split(separator: " ", omittingEmptySubsequences: false)
        frontier = offset
        // What can't be read is done again, which the worker's effect keys make harmless.
        map = (try? OffsetMap(metadata: String(parts.first ?? ""), frontier: offset)) ?? OffsetMap(frontier: offset)
        run = parts.count == 2 ? String(parts[1]) : nil
    }

    func isFinished(_ offset: Int64) -> Bool {
        offset < frontier || map.status(at: offset).isFinished
    }

    /// What is to be committed, and how many characters are left for more.
    static func commit(_ map: OffsetMap, of source: TopicPartition, run: String) -> (offset: CommittedOffset, room: Int)
    {
        let limit = OffsetMap.limit - signLength - 1
        let (text, isComplete) = map.encoded(limit: limit)
        return (
            CommittedOffset(partition: source, offset: map.frontier, metadata: text + " " + run),
            isComplete ? limit - text.utf8.count : 0
        )
    }
}

/// Reads and writes the entries. One task at a time uses it.
final class RedriveBook {
    static func group(of settings: Settings) -> String { settings.kafka.group + ".redrive" }

    /// The sign of this run.
    let run: String
    private let consumer: Consumer
    private let doorbell = Doorbell()
    private let patience: Duration
    private var token: UInt64 = 0

    init(_ settings: Settings) throws(KafkaError) {
        var configuration = settings.surveyConfiguration()
        configuration.set("group.id", Self.group(of: settings))
        consumer = try Consumer(configuration: configuration, topics: [], doorbell: doorbell, log: { _ in })
        patience = max(settings.kafka.reachTimeout, Commit.timeout)
        let digits = String(UInt32.random(in: .min ... .max), radix: 16)
        run = String(repeating: "0", count: RedriveEntry.signLength - digits.count) + digits
    }

    func committed(_ sources: [TopicPartition]) async throws(KafkaError) -> [CommittedOffset] {
        guard !sources.isEmpty else { return [] }
        let offsets = try await consumer.committed(sources, timeout: patience)
        for offset in offsets {
            if let error = offset.error { throw error }
        }
        let bySource = Dictionary(offsets.map { ($0.partition, $0) }) { first, _ in first }
        return sources.map { bySource[$0] ?? CommittedOffset(partition: $0, offset: nil) }
    }

    /// Returns when the broker has confirmed all of them.
    func commit(_ offsets: [CommittedOffset]) async throws(KafkaError) {
        guard !offsets.isEmpty else { return }
        token += 1
        try consumer.commit(offsets, token: token)
        let doorbell = doorbell
        let ticks = Task {
            while (try? await Task.sleep(for: .milliseconds(100))) != nil { doorbell.ring() }
        }
        defer { ticks.cancel() }
        let deadline = ContinuousClock.now + patience
        while true {
            while let event = consumer.nextEvent() {
                guard case .committed(token, let results, let error) = event else { continue }
                if let error = error ?? results.lazy.compactMap(\.error).first { throw error }
                return
            }
            guard ContinuousClock.now < deadline else {
                throw KafkaError(.timedOut, "commit: no answer within \(Quantity.text(patience))")
            }
            await doorbell.wait()
        }
    }
}
