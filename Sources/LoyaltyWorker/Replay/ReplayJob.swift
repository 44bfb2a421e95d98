import Kafka
import Stages

/// A job's definition, found or made, and the groups that belong to it.
struct ReplayJob: Sendable {
    /// How long a definition must stand before it is believed.
    private static let patience: Duration = .seconds(2)

    let name: ReplayJobName
    /// The group whose members share the work.
    let group: String
    let definition: ReplayDefinition
    /// Some process has worked on it before.
    let isResumed: Bool
    /// What people should know of the range.
    let remarks: [String]
    /// What the group has committed when this was made.
    let committed: [TopicPartition: Int64]

    /// Finds the job, or makes it.
    ///
    /// - Parameter isRehearsal: nothing is written.
    static func settle(
        _ name: ReplayJobName,
        _ request: ReplayRequest,
        _ settings: Settings,
        isStrict: Bool,
        isRehearsal: Bool,
        now: UTCTime = .now()
    ) async throws(CommandFailure) -> ReplayJob {
        let live = settings.kafka.group
        let survey = try BrokerSurvey(settings)
        let resolution = RangeResolution(survey: survey, settings: settings)
        let partitions = try await resolution.partitions()
        let work = try GroupOffsets(name.group(of: live), settings)
        let store = try GroupOffsets(name.definitionGroup(of: live), settings)
        func read(_ partitions: [TopicPartition]) async throws(CommandFailure) -> ReplayDefinition? {
            let commits = try await store.committed(partitions)
            do throws(ReplayDefinition.Broken) {
                return try ReplayDefinition.read(commits)
            } catch {
                throw .failed(
                    "what group \(store.group) has committed is no whole definition of a job; choose another --job"
                )
            }
        }
        func job(_ definition: ReplayDefinition, _ remarks: [String]) async throws(CommandFailure) -> ReplayJob {
            let differences = definition.differences(from: request.words)
            guard differences.isEmpty else {
                throw .usage(
                    "the job \(name) is defined otherwise: \(differences.joined(separator: "; "))"
                        + "; ask for the same, or give another --job"
                )
            }
            let commits = isRehearsal ? [] : try await work.committed(definition.partitions)
            let offsets = commits.map { ($0.partition, $0.offset ?? 0) }
            return ReplayJob(
                name: name,
                group: work.group,
                definition: definition,
                isResumed: !commits.isEmpty,
                remarks: remarks,
                committed: Dictionary(offsets) { first, _ in first }
            )
        }

        // A job with commits was settled long ago.
        if !name.isUnique {
            var found = try await read(partitions)
            if found == nil {
                // The same job may be about other topics.
                found = try await read(try await allPartitions(survey, settings))
            }
            if let found {
                let isStarted = try await !work.committed(found.partitions).isEmpty
                if isStarted || isRehearsal { return try await job(found, []) }
            }
        }
        let resolved = try await resolution.ranges(of: request, in: partitions, at: now)
        if isStrict, !resolved.remarks.isEmpty {
            throw .usage("refused because of --strict: \(resolved.remarks.joined(separator: "; "))")
        }
        guard !resolved.ranges.isEmpty else {
            throw .usage("no partition is left to replay: \(resolved.remarks.joined(separator: "; "))")
        }
        let candidate = ReplayDefinition(words: request.words, ranges: resolved.ranges)
        guard let commits = candidate.commits() else {
            throw .usage("the filter is too long to be kept with the job; filter for fewer values at a time")
        }
        if isRehearsal { return try await job(candidate, resolved.remarks) }
        var election = DefinitionElection(candidate: candidate)
        var step = DefinitionElection<ReplayDefinition>.Step.read
        while true {
            switch step {
            case .read:
                step = election.found(try await read(partitions))
            case .write:
                try await store.commit(commits)
                // Nobody else knows a name that was made up.
                step = name.isUnique ? .read : .wait
            case .wait:
                guard (try? await Task.sleep(for: patience)) != nil else { throw .failed("stopped before the start") }
                step = .read
            case .settled(let definition):
                return try await job(definition, definition == candidate ? resolved.remarks : [])
            }
        }
    }

    /// Whether the definition is still the one that this process works by.
    static func isIntact(_ job: ReplayJob, _ store: GroupOffsets) async -> Bool {
        guard let commits = try? await store.committed(job.definition.partitions) else { return true }
        return (try? ReplayDefinition.read(commits)) == job.definition
    }

    private static func allPartitions(
        _ survey: BrokerSurvey,
        _ settings: Settings
    ) async throws(CommandFailure) -> [TopicPartition] {
        let timeout = settings.kafka.reachTimeout
        do throws(KafkaError) {
            return try await survey.consumer.topics(timeout: timeout)
                .flatMap { topic, count in
                    (0..<Int32(clamping: count)).map { TopicPartition(topic: topic, partition: $0) }
                }
        } catch {
            throw survey.unreachable(error.reason, timeout)
        }
    }

    /// Whether a partition has nothing left to do, by what the group has committed.
    func isFinished(_ partition: TopicPartition, committed: Int64?) -> Bool {
        guard let range = definition.ranges[partition], !range.isEmpty else { return true }
        return committed.map { $0 >= range.upperBound } ?? false
    }
}
