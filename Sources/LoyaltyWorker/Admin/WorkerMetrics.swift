import Foundation
import Kafka
import Pipeline
import Stages

/// The worker's numbers under the names that dashboards know: OpenTelemetry's where there are any, else
/// `loyalty_worker_…`.
/// No label holds a key, a customer or a member id.
enum WorkerMetrics {
    static func text(_ snapshot: WorkerSnapshot) -> String {
        var text = MetricsText()
        addMessaging(snapshot, to: &text)
        addCounts(snapshot, to: &text)
        addPartitions(snapshot, to: &text)
        addProcess(snapshot, to: &text)
        return text.text
    }

    private static func addMessaging(_ snapshot: WorkerSnapshot, to text: inout MetricsText) {
        let counts = snapshot.status.counts
        func labels(_ operation: String) -> MetricsText.Labels {
            let topic: MetricsText.Labels =
                snapshot.topics.count == 1 ? [("messaging_destination_name", snapshot.topics[0])] : []
            return [
                ("messaging_system", "kafka"), ("messaging_operation_name", operation),
                ("messaging_consumer_group_name", snapshot.group),
            ] + topic
        }
        text.single(
            "messaging_client_consumed_messages_total",
            .counter,
            "Records received.",
            labels("poll"),
            counts.received
        )
        text.histogram(
            "messaging_process_duration_seconds",
            "Duration of one attempt at a stage.",
            labels("process"),
            counts.processing
        )
        text.histogram(
            "loyalty_worker_event_duration_seconds",
            "From the reception of an event to its finish.",
            [],
            counts.latency
        )
    }

    private static func addCounts(_ snapshot: WorkerSnapshot, to text: inout MetricsText) {
        let counts = snapshot.status.counts
        let name = "loyalty_worker_events_total"
        text.family(name, .counter, "Records by what became of them.")
        text.sample(name, [("outcome", "accepted")], counts.accepted)
        text.sample(name, [("outcome", "ignored")], counts.ignored)
        text.sample(name, [("outcome", "rejected")], counts.rejected)
        text.sample(name, [("outcome", "resumed")], counts.resumed)
        text.single(
            "loyalty_worker_events_finished_total",
            .counter,
            "Records that are finished, whatever became of them.",
            [],
            counts.finished
        )
        text.single(
            "loyalty_worker_dead_letters_total",
            .counter,
            "Records in the dead-letter topic, acknowledged.",
            [],
            counts.deadLetters
        )
        text.single(
            "loyalty_worker_parked_total",
            .counter,
            "Dead letters that only wait behind another one of their key.",
            [],
            counts.parked
        )
        text.single(
            "loyalty_worker_discarded_total",
            .counter,
            "Dead letters given up for good by dead-letters discard, finished without a stage.",
            [],
            counts.discarded
        )
        text.single(
            "loyalty_worker_relieved_total",
            .counter,
            "Records given up before their last attempt, because too much waited behind them.",
            [],
            counts.relieved
        )
        text.single(
            "loyalty_worker_bars_given_up_total",
            .counter,
            "Keys whose order is no longer kept behind a dead letter, because their partition has too many of them.",
            [],
            counts.barsGivenUp
        )
        let stages = "loyalty_worker_stage_outcomes_total"
        text.family(stages, .counter, "Attempts at stages by outcome.")
        for stage in counts.stages {
            let outcomes = [
                ("performed", stage.performed), ("repeated", stage.repeated), ("suppressed", stage.suppressed),
                ("failed", stage.failed), ("rejected", stage.rejected),
            ]
            for (outcome, count) in outcomes {
                text.sample(stages, [("stage", stage.name), ("outcome", outcome)], count)
            }
        }
        let retries = "loyalty_worker_retries_total"
        text.family(retries, .counter, "Further attempts at stages.")
        for stage in counts.stages { text.sample(retries, [("stage", stage.name)], stage.retries) }
        let rejections = "loyalty_worker_rejections_total"
        text.family(rejections, .counter, "Records that could not be decoded, by reason.")
        for (reason, count) in snapshot.intake.rejections.sorted(by: { $0.key < $1.key }) {
            text.sample(rejections, [("reason", reason)], count)
        }
        let others = "loyalty_worker_ignored_total"
        text.family(
            others,
            .counter,
            "Records that are no loyalty events, by type; tombstones have the type tombstone."
        )
        text.sample(others, [("type", "tombstone")], snapshot.intake.tombstones)
        for (type, count) in snapshot.intake.otherTypes.sorted(by: { $0.key < $1.key }) where type != "tombstone" {
            text.sample(others, [("type", type)], count)
        }
        text.single("loyalty_worker_commits_total", .counter, "Commits that the broker confirmed.", [], counts.commits)
        text.single("loyalty_worker_commit_failures_total", .counter, "Commits that failed.", [], counts.commitFailures)
        text.single("loyalty_worker_rebalances_total", .counter, "Assignments and revocations.", [], counts.rebalances)
        text.single(
            "loyalty_worker_lost_assignments_total",
            .counter,
            "Assignments that went to others without a revoke.",
            [],
            counts.lostAssignments
        )
    }

    private static func addPartitions(_ snapshot: WorkerSnapshot, to text: inout MetricsText) {
        let partitions = snapshot.status.partitions.sorted {
            ($0.source.topic, $0.source.partition) < ($1.source.topic, $1.source.partition)
        }
        func gauge(_ name: String, _ help: String, _ value: (WorkerStatus.Partition) -> Double?) {
            let name = "loyalty_worker_" + name
            text.family(name, .gauge, help)
            for partition in partitions {
                guard let value = value(partition) else { continue }
                text.sample(
                    name,
                    [("topic", partition.source.topic), ("partition", "\(partition.source.partition)")],
                    value
                )
            }
        }
        gauge("frontier_offset", "Next offset to commit: everything below is finished.") {
            $0.frontier.map(Double.init)
        }
        gauge("committed_offset", "Last committed offset.") { $0.committed.map(Double.init) }
        gauge("end_offset", "End of the partition when last asked.") { snapshot.end(of: $0).map(Double.init) }
        gauge("lag_records", "Records between the frontier and the end.") { snapshot.lag(of: $0).map(Double.init) }
        gauge("unfinished_records", "Records received and not finished.") { Double($0.unfinished) }
        gauge("running_records", "Records being handled.") { Double($0.running) }
        gauge("retrying_records", "Records that wait for another attempt.") { Double($0.retrying) }
        gauge("partition_buffered_bytes", "Bytes fetched and not finished.") { Double($0.bufferedBytes) }
        gauge("oldest_unfinished_age_seconds", "Age of the record that holds the frontier; 0 without one.") {
            $0.oldest?.age.inSeconds ?? 0
        }
        gauge("barred_keys", "Keys whose events are parked behind a dead letter.") { Double($0.barredKeys) }
        gauge("draining", "1 while the partition is being given up.") { $0.isDraining ? 1 : 0 }
        gauge("map_full", "1 while nothing is pulled because the offset map is full.") { $0.isMapFull ? 1 : 0 }
    }

    private static func addProcess(_ snapshot: WorkerSnapshot, to text: inout MetricsText) {
        let status = snapshot.status
        text.single("loyalty_worker_in_flight", .gauge, "Events being handled now.", [], status.inFlight)
        text.single(
            "loyalty_worker_buffered_bytes",
            .gauge,
            "Bytes fetched and not finished.",
            [],
            status.bufferedBytes
        )
        text.single("loyalty_worker_assigned_partitions", .gauge, "Partitions assigned.", [], status.partitions.count)
        let phase = "loyalty_worker_phase"
        text.family(phase, .gauge, "1 for the phase that the worker is in.")
        for word in ["joining", "working", "draining", "stopped"] {
            text.sample(phase, [("phase", word)], status.phase.rawValue == word ? 1 : 0)
        }
        let state = "loyalty_worker_breaker_state"
        text.family(state, .gauge, "1 for the state that a stage's breaker is in.")
        for breaker in status.breakers {
            for word in CircuitBreaker.State.words {
                text.sample(state, [("stage", breaker.stage), ("state", word)], breaker.state.word == word ? 1 : 0)
            }
        }
        let waiting = "loyalty_worker_breaker_waiting"
        text.family(waiting, .gauge, "Events that wait for a breaker.")
        for breaker in status.breakers { text.sample(waiting, [("stage", breaker.stage)], breaker.waiting) }
        let build = "loyalty_worker_build_info"
        text.family(build, .gauge, "Versions; always 1.")
        text.sample(build, [("version", Version.current), ("librdkafka", "\(LibraryVersion.current)")], 1)
        let started = "process_start_time_seconds"
        text.family(started, .gauge, "When the process began to work, in seconds since 1970.")
        text.sample(started, [], snapshot.startedAt.timeIntervalSince1970.rounded(to: 3))
        if let bytes = snapshot.residentBytes {
            text.single("process_resident_memory_bytes", .gauge, "Resident memory.", [], bytes)
        }
    }
}
