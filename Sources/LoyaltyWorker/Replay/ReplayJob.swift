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
        let survey = try BrokerSurvey(settings)
        let resolution = RangeResolution(survey: survey, settings: settings)
        let partitions = try await resolution.partitions()
        let shelf = try JobShelf(name, request, settings, isRehearsal: isRehearsal)
        if !name.isUnique {
            var found = try await shelf.read(partitions)
            if found == nil {
                // The same job may be about other topics.
                found = try await shelf.read(try await allPartitions(survey, settings))
            }
            // A job with commits was settled long ago.
            if let found, try await shelf.isSettled(found) { return try await shelf.job(found, []) }
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
        if isRehearsal { return try await shelf.job(candidate, resolved.remarks) }
        var election = DefinitionElection(candidate: candidate)
        var step = DefinitionElection<ReplayDefinition>.Step.read
        while true {
            switch step {
            case .read:
                step = election.found(try await shelf.read(partitions))
            case .write:
                try await shelf.definitions.commit(commits)
                // Nobody else knows a name that was made up.
                step = name.isUnique ? .read : .wait
            case .wait:
                guard (try? await Task.sleep(for: patience)) != nil else { throw .failed("stopped before the start") }
                step = .read
            case .settled(let definition):
                return try await shelf.job(definition, definition == candidate ? resolved.remarks : [])
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

/// Where one job is kept.
private struct JobShelf {
    let definitions: GroupOffsets
    private let work: GroupOffsets
    private let name: ReplayJobName
    private let request: ReplayRequest
    private let isRehearsal: Bool

    init(
        _ name: ReplayJobName,
        _ request: ReplayRequest,
        _ settings: Settings,
        isRehearsal: Bool
    ) throws(CommandFailure) {
        self.name = name
        self.request = request
        self.isRehearsal = isRehearsal
        work = try GroupOffsets(name.group(of: settings.kafka.group), settings)
        definitions = try GroupOffsets(name.definitionGroup(of: settings.kafka.group), settings)
    }

    func read(_ partitions: [TopicPartition]) async throws(CommandFailure) -> ReplayDefinition? {
        let commits = try await definitions.committed(partitions)
        do throws(ReplayDefinition.Broken) {
            return try ReplayDefinition.read(commits)
        } catch {
            throw .failed(
                "what group \(definitions.group) has committed is no whole definition of a job; choose another --job"
            )
        }
    }

    /// Whether a definition can be taken, or refused, without waiting for others that start now.
    func isSettled(_ found: ReplayDefinition) async throws(CommandFailure) -> Bool {
        if isRehearsal || !found.differences(from: request.words).isEmpty { return true }
        return try await !work.committed(found.partitions).isEmpty
    }

    /// The job by a definition, unless something else is asked for.
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
}
