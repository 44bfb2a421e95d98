import Kafka
import Logging

/// Asks the brokers what there is, without joining the group.
struct BrokerSurvey: Sendable {
    /// What is known of a topic.
    enum Topic: Sendable, Equatable {
        case partitions(Int)
        case missing
        case unreachable(String)
    }

    let consumer: Consumer
    private let servers: String
    private let lines = LastLine()

    /// - Parameter doorbell: rings for what the consumer has to say.
    init(_ settings: Settings, doorbell: Doorbell = Doorbell()) throws(CommandFailure) {
        servers = try settings.requiredBootstrapServers()
        do throws(KafkaError) {
            let lines = lines
            consumer = try Consumer(
                configuration: settings.surveyConfiguration(),
                topics: [],
                doorbell: doorbell,
                log: { lines.take($0) }
            )
        } catch {
            throw .settings("Kafka can't be used with these settings: \(error.reason); check kafka.properties")
        }
    }

    func topic(_ name: String, timeout: Duration) async -> Topic {
        do throws(KafkaError) {
            let count = try await consumer.partitions(of: name, timeout: timeout)
            return count > 0 ? .partitions(count) : .missing
        } catch {
            switch error.code {
            case .unknownTopic, .unknownTopicOrPartition: return .missing
            default: return .unreachable(reason(error))
            }
        }
    }

    /// The topics that are there, and the partitions of all of them together; nil when there are none yet.
    ///
    /// - Throws: when no broker answers within `timeout`.
    func partitions(of kafka: Settings.Kafka, timeout: Duration) async throws(CommandFailure) -> Partitions {
        if kafka.hasPattern {
            let matching = try await topics(matching: kafka.topics.first ?? "", timeout: timeout)
            let count = matching.values.reduce(0, +)
            return Partitions(count: count == 0 ? nil : count, topics: matching.keys.sorted(), missing: [])
        }
        var count = 0
        var missing: [String] = []
        for name in kafka.topics {
            switch await topic(name, timeout: timeout) {
            case .partitions(let more): count += more
            case .missing: missing.append(name)
            case .unreachable(let reason): throw unreachable(reason, timeout)
            }
        }
        let found = kafka.topics.filter { !missing.contains($0) }
        return Partitions(count: count == 0 ? nil : count, topics: found, missing: missing)
    }

    /// Partitions by topic.
    private func topics(matching pattern: String, timeout: Duration) async throws(CommandFailure) -> [String: Int] {
        do throws(KafkaError) {
            let all = try await consumer.topics(timeout: timeout)
            return TopicPattern(pattern).map { pattern in all.filter { pattern.matches($0.key) } } ?? [:]
        } catch {
            throw unreachable(reason(error), timeout)
        }
    }

    struct Partitions: Sendable {
        let count: Int?
        /// Those that are there, of a regular expression those that match now.
        let topics: [String]
        let missing: [String]
    }

    func unreachable(_ reason: String, _ timeout: Duration) -> CommandFailure {
        .unreachable(
            "no Kafka broker answers at \(servers) within \(Quantity.text(timeout)): \(reason); is it running, and is"
                + " kafka.bootstrapServers right?"
        )
    }

    /// The last thing librdkafka said says more than "timed out".
    private func reason(_ error: KafkaError) -> String {
        while consumer.nextEvent() != nil {}
        return lines.text ?? error.reason
    }
}
