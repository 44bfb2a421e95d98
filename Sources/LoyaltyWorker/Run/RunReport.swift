import Foundation
import Pipeline

/// What a bounded run came to, in the words of the documented report.
struct RunReport: Sendable {
    let counts: WorkerCounts
    /// From the first record to the last commit.
    let seconds: Double
    /// From the first record to the end of the last stage.
    let handlingSeconds: Double
    /// Everything that was present at the start is finished.
    let hasReachedEnd: Bool
    /// Peak resident memory in MiB.
    let maxResidentMiB: Int?
    /// Events that should have had a consequence and had none: what the worker's own accounts miss, or, set by a command that
    /// knows what was published, what is really missing.
    var lost: UInt64

    init(_ report: WorkerReport) {
        counts = report.counts
        seconds = report.seconds
        handlingSeconds = report.handlingSeconds
        hasReachedEnd = report.hasReachedEnd
        maxResidentMiB = ResidentMemory.peak.map { $0 >> 20 }
        lost = report.counts.lost
    }

    private var notifications: WorkerCounts.Stage { stage("notification") }
    private var publications: WorkerCounts.Stage { stage("publication") }

    private func stage(_ name: String) -> WorkerCounts.Stage {
        counts.stages.first { $0.name == name } ?? WorkerCounts.Stage(name: name)
    }

    private var eventsPerSecond: Double {
        seconds > 0 ? (Double(counts.received) / seconds).rounded(to: 1) : 0
    }

    /// Why a run that was to reach the end did not do its job; nil when it did.
    var failure: CommandFailure? {
        guard !hasReachedEnd else { return nil }
        return .failed(
            "stopped before the end: \(counts.abandoned) of \(counts.received) events are unfinished and were not"
                + " committed; the next run gets them again"
        )
    }

    /// The fields of the report's line, in their order; commands append their own.
    var fields: [(key: String, value: JSONValue)] {
        [
            ("events", JSONValue(counts.received)),
            ("accepted", JSONValue(counts.accepted)),
            ("ignored", JSONValue(counts.ignored)),
            ("dead_letters", JSONValue(counts.deadLetters)),
            (
                "notifications",
                .object([
                    ("sent", JSONValue(notifications.performed)),
                    ("suppressed", JSONValue(notifications.suppressed)),
                    ("repeated", JSONValue(notifications.repeated)),
                ])
            ),
            (
                "publications",
                .object([
                    ("recorded", JSONValue(publications.performed)),
                    ("repeated", JSONValue(publications.repeated &+ publications.suppressed)),
                ])
            ),
            ("lost", JSONValue(lost)),
            ("seconds", .number(seconds.rounded(to: 3))),
            ("events_per_second", .number(eventsPerSecond)),
            ("latency_ms", Self.quantiles(counts.latency)),
            ("max_resident_mib", JSONValue(maxResidentMiB)),
            ("handling_seconds", .number(handlingSeconds.rounded(to: 6))),
            ("rejected", JSONValue(counts.rejected)),
            ("parked", JSONValue(counts.parked)),
            ("discarded", JSONValue(counts.discarded)),
            ("resumed", JSONValue(counts.resumed)),
            ("unfinished", JSONValue(counts.abandoned)),
            ("retries", JSONValue(counts.stages.reduce(UInt64(0)) { $0 &+ $1.retries })),
            ("commits", JSONValue(counts.commits)),
            ("rebalances", JSONValue(counts.rebalances)),
        ]
    }

    /// One line for programs.
    var json: String { JSONValue.object(fields).line }

    /// A few lines for people.
    var text: String {
        let latency = [0.5, 0.99].map { counts.latency.milliseconds(at: $0).map { "\($0.rounded(to: 1)) ms" } ?? "-" }
        return [
            "events         \(counts.received): \(counts.accepted) accepted, \(counts.ignored) ignored,"
                + " \(counts.deadLetters) dead letters",
            "notifications  \(notifications.performed) sent, \(notifications.suppressed) suppressed,"
                + " \(notifications.repeated) repeated",
            "publications   \(publications.performed) recorded,"
                + " \(publications.repeated &+ publications.suppressed) repeated",
            "unfinished     \(counts.abandoned)",
            "speed          \(eventsPerSecond) events/s over \(seconds.rounded(to: 2)) s",
            "latency        p50 \(latency[0]), p99 \(latency[1])",
            "memory         \(maxResidentMiB.map { "\($0) MiB at most" } ?? "unknown")",
        ].joined(separator: "\n")
    }

    static func quantiles(_ histogram: LatencyHistogram) -> JSONValue {
        .object([
            ("p50", JSONValue(histogram.milliseconds(at: 0.5)?.rounded(to: 3))),
            ("p99", JSONValue(histogram.milliseconds(at: 0.99)?.rounded(to: 3))),
        ])
    }
}
