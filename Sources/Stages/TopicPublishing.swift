internal import Kafka
internal import Pipeline

/// Publishes records for a stage and says what a failure means for it.
struct TopicPublishing: Sendable {
    /// Returns when the broker has acknowledged the record.
    typealias Publish = @Sendable (OutgoingRecord) async throws(KafkaError) -> Void

    private let publish: Publish

    init(_ publish: @escaping Publish) {
        self.publish = publish
    }

    func deliver(_ record: OutgoingRecord) async -> Delivery {
        do throws(KafkaError) {
            try await publish(record)
            return .made(.performed)
        } catch {
            let reason = "publishing to \(record.topic) failed: \(error)"
            if error.code == .messageSizeTooLarge { return .failed(.reject(reason: reason)) }
            if error.isFatal { return .failed(.halt(reason: reason), mayHaveHappened: true) }
            let wasNeverSent = Self.refusedAtOnce.contains(error.code)
            return .failed(.unavailable(reason: reason), mayHaveHappened: !wasNeverSent)
        }
    }

    /// The record did not leave this process.
    private static let refusedAtOnce: Set<KafkaError.Code> = [
        .queueFull, .unknownTopic, .unknownTopicOrPartition, .state,
    ]
}
