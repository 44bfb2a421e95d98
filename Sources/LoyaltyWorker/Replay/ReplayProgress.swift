import Foundation
import Kafka

/// How far a job is: by offsets, which include gaps, so that it is an estimate until the end.
struct ReplayProgress: Sendable {
    struct Part: Sendable, Equatable {
        let partition: TopicPartition
        let range: Range<Int64>
        var position: Int64

        var done: Int64 { min(max(position, range.lowerBound), range.upperBound) - range.lowerBound }
        var total: Int64 { range.upperBound - range.lowerBound }
    }

    private static let window: Duration = .seconds(10)
    private static let barWidth = 30

    let job: ReplayJobName
    private(set) var parts: [Part]
    /// What was done when, for the speed.
    private var samples: [(at: Duration, done: Int64)] = []

    init(_ job: ReplayJob) {
        self.job = job.name
        parts = job.definition.partitions.compactMap { partition in
            job.definition.ranges[partition].map { range in
                Part(partition: partition, range: range, position: job.committed[partition] ?? range.lowerBound)
            }
        }
    }

    var done: Int64 { parts.reduce(0) { $0 + $1.done } }
    var total: Int64 { parts.reduce(0) { $0 + $1.total } }
    var share: Double { total > 0 ? Double(done) / Double(total) : 1 }

    /// Offsets a second over the last ten seconds.
    var speed: Double {
        guard let first = samples.first, let last = samples.last, last.at > first.at else { return 0 }
        return Double(last.done - first.done) / (last.at - first.at).inSeconds
    }

    var secondsLeft: Double? {
        if done >= total { return 0 }
        return speed > 0 ? Double(total - done) / speed : nil
    }

    /// Takes up how far partitions are; those that aren't named stay where they are.
    mutating func note(_ positions: [TopicPartition: Int64], at now: Duration) {
        for index in parts.indices {
            guard let position = positions[parts[index].partition] else { continue }
            // A member that begins again at its commit is behind what it had shown.
            parts[index].position = max(parts[index].position, position)
        }
        samples.append((now, done))
        samples.removeAll { now - $0.at > Self.window }
    }

    /// For a terminal.
    func bar(_ note: String = "") -> String {
        let full = Int((share * Double(Self.barWidth)).rounded(.down))
        let bar = String(repeating: "█", count: full) + String(repeating: "░", count: Self.barWidth - full)
        let percent = String(format: "%5.1f", share * 100)
        let left = secondsLeft.map { Self.clock($0) } ?? "--:--"
        return "\(job) \(bar) \(percent) %  \(Int(speed))/s  \(left) left\(note.isEmpty ? "" : "  \(note)")"
    }

    /// For programs.
    ///
    /// - Parameter rate: what is allowed now; nil: no limit.
    func json(rate: Double?, isYielding: Bool, hasPartitions: Bool) -> String {
        var fields: [(key: String, value: JSONValue)] = [
            ("job", .text("\(job)")),
            ("done", JSONValue(done)),
            ("total", JSONValue(total)),
            ("percent", .number((share * 100).rounded(to: 1))),
            ("per_second", .number(speed.rounded(to: 1))),
            ("seconds_left", JSONValue(secondsLeft?.rounded(to: 1))),
            ("rate_limit", JSONValue(rate?.rounded(to: 1))),
            ("yielding", .bool(isYielding)),
        ]
        if hasPartitions { fields.append(("partitions", .list(parts.map(Self.json)))) }
        return JSONValue.object([("progress", .object(fields))]).line
    }

    /// One line a partition, for people.
    var partitionLines: [String] {
        parts.map { part in
            let percent = part.total > 0 ? Double(part.done) / Double(part.total) * 100 : 100
            return "  \(part.partition)  \(String(format: "%5.1f", percent)) %  at \(part.range.lowerBound + part.done)"
                + " of \(part.range.lowerBound)..<\(part.range.upperBound)"
        }
    }

    private static func json(_ part: Part) -> JSONValue {
        .object([
            ("topic", .text(part.partition.topic)), ("partition", JSONValue(part.partition.partition)),
            ("from", JSONValue(part.range.lowerBound)), ("to", JSONValue(part.range.upperBound)),
            ("position", JSONValue(part.range.lowerBound + part.done)),
        ])
    }

    private static func clock(_ seconds: Double) -> String {
        let whole = Int(min(seconds, 359_999).rounded(.up))
        let text = String(format: "%02d:%02d", whole / 60 % 60, whole % 60)
        return whole >= 3600 ? "\(whole / 3600):" + text : text
    }
}

/// Shows progress on stderr: a bar on a terminal, elsewhere JSON lines now and then.
struct ReplayDisplay {
    private let isTerminal = isatty(STDERR_FILENO) == 1
    private let hasPartitions: Bool
    private var line = ProgressLine()
    private var isDone = false

    init(hasPartitions: Bool) {
        self.hasPartitions = hasPartitions
    }

    mutating func show(_ progress: ReplayProgress, rate: Double?, isYielding: Bool) {
        let (isTerminal, hasPartitions) = (isTerminal, hasPartitions)
        line.show(Self.text(progress, rate, isYielding, isTerminal: isTerminal, hasPartitions: hasPartitions))
    }

    /// The last word, always written.
    mutating func finish(_ progress: ReplayProgress, rate: Double?, isYielding: Bool) {
        guard !isDone else { return }
        isDone = true
        line.finish(Self.text(progress, rate, isYielding, isTerminal: isTerminal, hasPartitions: hasPartitions))
        guard isTerminal, hasPartitions else { return }
        for partition in progress.partitionLines { Terminal.printError(partition) }
    }

    private static func text(
        _ progress: ReplayProgress,
        _ rate: Double?,
        _ isYielding: Bool,
        isTerminal: Bool,
        hasPartitions: Bool
    ) -> String {
        guard isTerminal else {
            return progress.json(rate: rate, isYielding: isYielding, hasPartitions: hasPartitions)
        }
        return progress.bar(isYielding ? "yielding to live work, \(rate.map { "\(Int($0))/s" } ?? "")" : "")
    }
}
