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

    init(_ settings: Settings) throws(CommandFailure) {
        servers = try settings.requiredBootstrapServers()
        do throws(KafkaError) {
            let lines = lines
            consumer = try Consumer(
                configuration: settings.surveyConfiguration(),
                topics: [],
                doorbell: Doorbell(),
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

    /// The partitions of all topics together; nil when they can't be known, because of a regular expression or missing
    /// topics.
    ///
    /// - Throws: when no broker answers within `timeout`.
    func partitions(of kafka: Settings.Kafka, timeout: Duration) async throws(CommandFailure) -> Partitions {
        if kafka.hasPattern {
            // Any name will do to find out whether a broker answers.
            if case .unreachable(let reason) = await topic("loyalty-worker-reach", timeout: timeout) {
                throw unreachable(reason, timeout)
            }
            return Partitions(count: nil, missing: [])
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
        return Partitions(count: count == 0 ? nil : count, missing: missing)
    }

    struct Partitions: Sendable {
        let count: Int?
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
