import Kafka
import Pipeline
import Synchronization

/// Asks the brokers now and then where the assigned partitions end, so that the lag can be shown: the worker itself asks only when it
/// has to know.
final class PartitionEnds: Sendable {
    private static let interval: Duration = .seconds(5)
    /// Also how long a shutdown may have to wait for a question under way.
    private static let patience: Duration = .seconds(1)

    private let settings: Settings
    private let ends = Mutex<[TopicPartition: Int64]>([:])

    init(_ settings: Settings) {
        self.settings = settings
    }

    /// The ends as last heard.
    var latest: [TopicPartition: Int64] { ends.withLock { $0 } }

    /// Asks until the task is cancelled.
    func run(_ assigned: @Sendable () -> [TopicPartition]) async {
        // A client of its own: questions must not wait behind the worker's fetches.
        guard let consumer = try? BrokerSurvey(settings).consumer else { return }
        while !Task.isCancelled {
            await ask(assigned(), consumer)
            while consumer.nextEvent() != nil {}
            guard (try? await Task.sleep(for: Self.interval)) != nil else { return }
        }
    }

    private func ask(_ partitions: [TopicPartition], _ consumer: Consumer) async {
        var found: [TopicPartition: Int64] = [:]
        for partition in partitions {
            // What can't be had now is tried again next time.
            guard !Task.isCancelled, let marks = try? await consumer.watermarks(partition, timeout: Self.patience)
            else { return }
            found[partition] = marks.high
        }
        ends.withLock { $0 = found }
    }
}
