import Kafka
import Stages

/// What the broker says of one partition, as far as a range needs it.
struct PartitionFacts: Sendable, Equatable {
    var log: Watermarks
    /// The first offset at or after the start's time; nil: none, or not asked.
    var fromOffset: Int64?
    /// The first offset at or after the end's time; nil: none, or not asked.
    var toOffset: Int64?
}

/// The offsets that a request comes to, and what people should know of them.
struct ReplayRanges: Sendable, Equatable {
    private(set) var ranges: [TopicPartition: Range<Int64>] = [:]
    /// Where the range is not quite what was asked for; `--strict` refuses then.
    private(set) var remarks: [String] = []

    /// Pure, so that it is decided the same way everywhere.
    init(_ request: ReplayRequest, _ facts: [TopicPartition: PartitionFacts], at now: UTCTime) {
        if let time = request.to?.time(at: now), time > now {
            remarks.append("the range ends in the future, at \(time.iso8601): it is cut at what is there now")
        }
        if let time = request.from?.time(at: now), time > now {
            remarks.append("the range begins in the future, at \(time.iso8601): nothing is there yet")
        }
        let wanted = facts.keys.filter { request.wants($0.partition) }
        for partition in wanted.sorted(by: { ($0.topic, $0.partition) < ($1.topic, $1.partition) }) {
            if let facts = facts[partition] { add(partition, facts, request, at: now) }
        }
        let known = Set(wanted.map(\.partition))
        let named = Set(request.partitions ?? []).union(request.fromOffsets.keys).union(request.toOffsets.keys)
        let missing = named.subtracting(known).sorted()
        if !missing.isEmpty {
            let topics = request.topics.joined(separator: ", ")
            remarks.append("no such partition in \(topics): \(missing.map(String.init).joined(separator: ","))")
        }
    }

    private mutating func add(
        _ partition: TopicPartition,
        _ facts: PartitionFacts,
        _ request: ReplayRequest,
        at now: UTCTime
    ) {
        let log = facts.log
        var from = log.low
        if let offset = request.fromOffsets[partition.partition] {
            from = offset
        } else if let bound = request.from {
            from = bound == .earliest ? log.low : bound == .latest ? log.high : facts.fromOffset ?? log.high
        }
        var to = log.high
        if let offset = request.toOffsets[partition.partition] {
            to = offset
        } else if let bound = request.to {
            to = bound == .earliest ? log.low : bound == .latest ? log.high : facts.toOffset ?? log.high
        }
        if from < log.low {
            remarks.append("\(partition): the range begins at \(from), before the log, which begins at \(log.low)")
        }
        if request.fromOffsets[partition.partition] == nil, request.from?.time(at: now) != nil, from == log.low,
            from > 0
        {
            remarks.append("\(partition): the range begins with the log, at \(from); what was before it may be deleted")
        }
        if to > log.high {
            remarks.append("\(partition): the range ends at \(to), beyond the log, which ends at \(log.high)")
        }
        if request.fromOffsets[partition.partition].map({ $0 > log.high }) == true {
            remarks.append("\(partition): the range begins at \(from), beyond the log, which ends at \(log.high)")
        }
        let start = min(max(from, log.low), log.high)
        ranges[partition] = start..<max(start, min(to, log.high))
    }
}

/// Asks the broker what a request comes to.
struct RangeResolution: Sendable {
    /// Far beyond any record: the year 2200.
    private static let farFuture: Int64 = 7_258_118_400_000

    let survey: BrokerSurvey
    let settings: Settings

    private var timeout: Duration { settings.kafka.reachTimeout }

    /// The partitions of the topics now.
    func partitions() async throws(CommandFailure) -> [TopicPartition] {
        let found = try await survey.partitions(of: settings.kafka, timeout: timeout)
        guard found.missing.isEmpty, !found.topics.isEmpty else {
            let names = found.missing.isEmpty ? settings.kafka.topics : found.missing
            throw .unreachable("no such topic: \(names.joined(separator: ", ")); create it, or set kafka.topic")
        }
        var partitions: [TopicPartition] = []
        for topic in found.topics {
            guard case .partitions(let count) = await survey.topic(topic, timeout: timeout) else {
                throw survey.unreachable("the partitions of \(topic) are not known", timeout)
            }
            partitions += (0..<Int32(clamping: count)).map { TopicPartition(topic: topic, partition: $0) }
        }
        return partitions
    }

    func ranges(
        of request: ReplayRequest,
        in partitions: [TopicPartition],
        at now: UTCTime
    ) async throws(CommandFailure) -> ReplayRanges {
        let from = request.from?.time(at: now)
        let to = request.to?.time(at: now)
        var facts: [TopicPartition: PartitionFacts] = [:]
        do throws(KafkaError) {
            for partition in partitions {
                facts[partition] = PartitionFacts(
                    log: try await survey.consumer.watermarks(partition, timeout: timeout)
                )
            }
            if from != nil || to != nil { try await checkTimes(facts) }
            for (time, path) in [(from, \PartitionFacts.fromOffset), (to, \PartitionFacts.toOffset)] {
                guard let time else { continue }
                for (partition, offset) in try await offsets(at: time.milliseconds, of: partitions) {
                    facts[partition]?[keyPath: path] = offset
                }
            }
        } catch {
            throw error.code == .unsupportedFeature
                ? .failed(error.reason) : survey.unreachable(error.reason, timeout)
        }
        return ReplayRanges(request, facts, at: now)
    }

    /// Some brokers answer questions about times without knowing: every record is after 1970, and none after 2200.
    private func checkTimes(_ facts: [TopicPartition: PartitionFacts]) async throws(KafkaError) {
        let filled = facts.filter { $0.value.log.high > $0.value.log.low }.map(\.key)
        guard !filled.isEmpty else { return }
        let first = try await offsets(at: 0, of: filled)
        let last = try await offsets(at: Self.farFuture, of: filled)
        guard first.isEmpty || !last.isEmpty else { return }
        throw .unsupported(
            "this broker does not find offsets by time (it says that "
                + (first.isEmpty ? "no record is after 1970" : "there are records after the year 2200")
                + "); give --from-offsets and --to-offsets, or earliest and latest"
        )
    }

    /// The partitions that have a record at or after a time, with its offset.
    private func offsets(
        at milliseconds: Int64,
        of partitions: [TopicPartition]
    ) async throws(KafkaError) -> [TopicPartition: Int64] {
        let times = Dictionary(partitions.map { ($0, milliseconds) }) { first, _ in first }
        return try await survey.consumer.offsets(at: times, timeout: timeout).compactMapValues { $0 }
    }
}
