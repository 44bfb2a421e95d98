import Kafka

/// Reads and writes what a group has committed, without being a member of it.
struct GroupOffsets: Sendable {
    let group: String
    private let consumer: Consumer
    private let doorbell: Doorbell
    private let survey: BrokerSurvey
    private let timeout: Duration

    /// Offsets asked for in one request.
    private static let batch = 2000

    init(_ group: String, _ settings: Settings) throws(CommandFailure) {
        var settings = settings
        settings.kafka.group = group
        self.group = group
        doorbell = Doorbell()
        survey = try BrokerSurvey(settings, doorbell: doorbell)
        consumer = survey.consumer
        timeout = settings.kafka.reachTimeout
    }

    /// Those that the group committed something for.
    func committed(_ partitions: [TopicPartition]) async throws(CommandFailure) -> [CommittedOffset] {
        var found: [CommittedOffset] = []
        var rest = partitions[...]
        do throws(KafkaError) {
            while !rest.isEmpty {
                for offset in try await consumer.committed(Array(rest.prefix(Self.batch)), timeout: timeout) {
                    if let error = offset.error { throw error }
                    if offset.offset != nil { found.append(offset) }
                }
                rest = rest.dropFirst(Self.batch)
            }
        } catch {
            throw survey.unreachable("the offsets of group \(group): \(error.reason)", timeout)
        }
        while consumer.nextEvent() != nil {}
        return found
    }

    /// Commits, which brokers allow to those outside only while the group has no members.
    func commit(_ offsets: [CommittedOffset]) async throws(CommandFailure) {
        let ticks = Task { [doorbell] in
            while (try? await Task.sleep(for: .milliseconds(20))) != nil { doorbell.ring() }
        }
        defer { ticks.cancel() }
        let deadline = ContinuousClock.now + timeout
        do throws(KafkaError) {
            while consumer.nextEvent() != nil {}
            try consumer.commit(offsets, token: 1)
            while ContinuousClock.now < deadline {
                while let event = consumer.nextEvent() {
                    guard case .committed(_, let results, let error) = event else { continue }
                    if let error = error ?? results.lazy.compactMap(\.error).first { throw error }
                    return
                }
                await doorbell.wait()
            }
        } catch {
            throw .unreachable("group \(group): the broker does not take the job's definition: \(error)")
        }
        throw survey.unreachable("it does not answer a commit for group \(group)", timeout)
    }
}
