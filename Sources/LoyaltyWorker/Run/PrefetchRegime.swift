import Kafka

/// How much librdkafka fetches ahead of the worker.
///
/// Each partition has a queue of its own. When all are full, librdkafka from 2.2 on looks at them again after 10 ms, and older ones
/// when the worker wakes them (`Consumer.wakeFetchers`).
enum PrefetchRegime: Sendable, Equatable {
    /// Half of `limits.buffered` is shared out among the partitions; a request waits no longer than 25 ms for something to come.
    case bounded(kibibytes: Int)
    /// The user set `queued.max.messages.kbytes`.
    case chosen(kibibytes: String)

    private static let backoff = "fetch.queue.backoff.ms"
    private static let limit = "queued.max.messages.kbytes"
    private static let wait = "fetch.wait.max.ms"
    private static let leastKibibytes = 512

    /// - Parameter partitions: of all topics together.
    static func decide(buffered: Int, partitions: Int, properties: KafkaProperties) -> PrefetchRegime {
        if let chosen = properties[limit] { return .chosen(kibibytes: chosen) }
        return .bounded(kibibytes: max(leastKibibytes, buffered / 2 / 1024 / max(partitions, 1)))
    }

    /// Puts the regime into a consumer's configuration; what the user set stays.
    func apply(to configuration: inout Configuration, library: LibraryVersion) {
        if case .bounded(let kibibytes) = self {
            configuration.setDefault(Self.limit, "\(kibibytes)")
            // While queues are full, a request may ask only for partitions that have nothing: it must not hold up the others for
            // the default of half a second (64 partitions of 1 MiB: 35,000 records/s, with 25 ms 150,000).
            configuration.setDefault(Self.wait, "25")
        }
        if library >= .fetchQueueBackoff {
            configuration.setDefault(Self.backoff, "10")
        }
    }

    /// For the log and the status page.
    var description: String {
        switch self {
        case .bounded(let kibibytes):
            "prefetch: up to \(Quantity.text(bytes: kibibytes * 1024)) ahead for each partition, which is half of limits.buffered"
                + " shared out"
        case .chosen(let kibibytes):
            "prefetch: up to \(kibibytes) KiB ahead for each partition, as kafka.properties says"
        }
    }
}
