import Foundation
import Kafka
import Pipeline

/// `/status`: the same facts as the page for people, for programs.
enum StatusJSON {
    static func text(_ snapshot: WorkerSnapshot) -> String {
        let status = snapshot.status
        return JSONValue.object([
            ("version", .text(Version.current)),
            ("librdkafka", .text("\(LibraryVersion.current)")),
            ("phase", .text(status.phase.rawValue)),
            ("group", .text(snapshot.group)),
            ("topics", .list(snapshot.topics.map { .text($0) })),
            ("ordering", .text(snapshot.ordering)),
            ("prefetch", .text(snapshot.prefetch)),
            ("started_at", .text(snapshot.startedAt.formatted(.iso8601))),
            ("uptime_seconds", .number(snapshot.takenAt.timeIntervalSince(snapshot.startedAt).rounded(to: 1))),
            ("in_flight", JSONValue(status.inFlight)),
            ("buffered_bytes", JSONValue(status.bufferedBytes)),
            ("lag", JSONValue(snapshot.lag)),
            ("seconds_since_progress", JSONValue(status.sinceProgress)),
            ("last_commit_error", JSONValue(status.lastCommitError)),
            ("counts", counts(status.counts)),
            ("breakers", .list(status.breakers.map(breaker))),
            ("partitions", .list(status.partitions.map { partition($0, in: snapshot) })),
            ("max_resident_mib", JSONValue(ResidentMemory.peak.map { $0 >> 20 })),
        ]).line
    }

    private static func counts(_ counts: WorkerCounts) -> JSONValue {
        .object([
            ("received", JSONValue(counts.received)),
            ("accepted", JSONValue(counts.accepted)),
            ("ignored", JSONValue(counts.ignored)),
            ("rejected", JSONValue(counts.rejected)),
            ("dead_letters", JSONValue(counts.deadLetters)),
            ("parked", JSONValue(counts.parked)),
            ("discarded", JSONValue(counts.discarded)),
            ("relieved", JSONValue(counts.relieved)),
            ("resumed", JSONValue(counts.resumed)),
            ("finished", JSONValue(counts.finished)),
            ("commits", JSONValue(counts.commits)),
            ("commit_failures", JSONValue(counts.commitFailures)),
            ("rebalances", JSONValue(counts.rebalances)),
            ("lost_assignments", JSONValue(counts.lostAssignments)),
            ("latency_ms", RunReport.quantiles(counts.latency)),
            ("stages", .object(counts.stages.map { ($0.name, stage($0)) })),
        ])
    }

    private static func stage(_ stage: WorkerCounts.Stage) -> JSONValue {
        .object([
            ("performed", JSONValue(stage.performed)),
            ("repeated", JSONValue(stage.repeated)),
            ("suppressed", JSONValue(stage.suppressed)),
            ("failed", JSONValue(stage.failed)),
            ("rejected", JSONValue(stage.rejected)),
            ("retries", JSONValue(stage.retries)),
        ])
    }

    private static func breaker(_ breaker: WorkerStatus.Breaker) -> JSONValue {
        .object([
            ("stage", .text(breaker.stage)), ("state", .text(breaker.state.word)),
            ("waiting", JSONValue(breaker.waiting)),
        ])
    }

    private static func partition(_ partition: WorkerStatus.Partition, in snapshot: WorkerSnapshot) -> JSONValue {
        .object([
            ("topic", .text(partition.source.topic)),
            ("partition", JSONValue(partition.source.partition)),
            ("frontier", JSONValue(partition.frontier)),
            ("committed", JSONValue(partition.committed)),
            ("end", JSONValue(snapshot.end(of: partition))),
            ("lag", JSONValue(snapshot.lag(of: partition))),
            ("unfinished", JSONValue(partition.unfinished)),
            ("running", JSONValue(partition.running)),
            ("retrying", JSONValue(partition.retrying)),
            ("buffered_bytes", JSONValue(partition.bufferedBytes)),
            ("draining", .bool(partition.isDraining)),
            ("map_full", .bool(partition.isMapFull)),
            ("barred_keys", JSONValue(partition.barredKeys)),
            ("oldest", partition.oldest.map(oldest) ?? .null),
        ])
    }

    private static func oldest(_ oldest: WorkerStatus.Oldest) -> JSONValue {
        .object([
            ("offset", JSONValue(oldest.offset)),
            ("age_seconds", JSONValue(oldest.age)),
            ("attempts", JSONValue(oldest.attempts)),
            ("stages", .list(oldest.stages.map { .text($0) })),
            ("last_failure", JSONValue(oldest.lastFailure)),
            ("next_attempt_in_seconds", JSONValue(oldest.nextAttemptIn)),
        ])
    }
}
