import Kafka
import Stages

/// Whether brokers answer, and whether topics and the group are there.
struct KafkaCheck {
    private let settings: Settings
    private let timeout: Duration

    init(_ settings: Settings) {
        self.settings = settings
        timeout = settings.kafka.reachTimeout
    }

    func run(_ show: (Finding) -> Void) async {
        let servers = settings.kafka.bootstrapServers ?? ""
        let survey: BrokerSurvey
        let found: BrokerSurvey.Partitions
        do throws(CommandFailure) {
            survey = try BrokerSurvey(settings)
            found = try await survey.partitions(of: settings.kafka, timeout: timeout)
        } catch {
            show(Finding(.failed, "broker", error.message))
            return
        }
        show(Finding(.ok, "broker", "answers at \(servers)"))
        let topics = settings.kafka.topics
        if settings.kafka.hasPattern {
            show(matching(topics.listed, found))
        }
        for topic in topics where !settings.kafka.hasPattern {
            show(await input(topic, survey))
        }
        for topic in settings.outputTopics { show(await output(topic, survey)) }
        if let topic = found.topics.first { show(await group(topic, survey)) }
    }

    private func matching(_ pattern: String, _ found: BrokerSurvey.Partitions) -> Finding {
        guard !found.topics.isEmpty else {
            return Finding(.warning, "topic", "none matches \(pattern) yet; create one, or set kafka.topic")
        }
        let names = found.topics.prefix(10).joined(separator: ", ") + (found.topics.count > 10 ? ", …" : "")
        return Finding(
            .ok,
            "topic",
            "\(found.topics.count) match \(pattern), with \(found.count ?? 0) partitions: \(names)"
        )
    }

    private func input(_ topic: String, _ survey: BrokerSurvey) async -> Finding {
        switch await survey.topic(topic, timeout: timeout) {
        case .partitions(let count): Finding(.ok, "topic \(topic)", "\(count) partitions")
        case .missing: Finding(.failed, "topic \(topic)", "does not exist; create it, or set kafka.topic")
        case .unreachable(let reason): Finding(.failed, "topic \(topic)", "\(reason); try again")
        }
    }

    private func output(_ topic: (name: String, setting: String), _ survey: BrokerSurvey) async -> Finding {
        switch await survey.topic(topic.name, timeout: timeout) {
        case .partitions(let count): Finding(.ok, "topic \(topic.name)", "\(count) partitions, for writing")
        case .missing:
            Finding(
                .warning,
                "topic \(topic.name)",
                "does not exist; create it unless brokers create topics by themselves, or set \(topic.setting)"
            )
        case .unreachable(let reason): Finding(.failed, "topic \(topic.name)", "\(reason); try again")
        }
    }

    private func group(_ topic: String, _ survey: BrokerSurvey) async -> Finding {
        let name = "group \(settings.kafka.group)"
        do throws(KafkaError) {
            let partition = TopicPartition(topic: topic, partition: 0)
            let committed = try await survey.consumer.committed([partition], timeout: timeout).first
            if let error = committed?.error { throw error }
            let place =
                (committed?.offset.map { "committed \(partition) up to \($0)" }
                    ?? "nothing committed at \(partition) yet") + "; other partitions not looked at"
            return Finding(.ok, name, place)
        } catch {
            return Finding(
                .failed,
                name,
                "its offsets can't be fetched: \(error.reason); is this user allowed to read the group?"
            )
        }
    }
}
