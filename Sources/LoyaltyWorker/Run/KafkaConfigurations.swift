import Foundation
import Kafka
import Pipeline
import Stages

extension Settings {
    /// For the member of the consumer group.
    func consumerConfiguration(prefetch: PrefetchRegime) -> Configuration {
        var configuration = clientConfiguration(kafka.properties.forConsumer)
        configuration.set("group.id", kafka.group)
        if let instance = kafka.groupInstanceID { configuration.set("group.instance.id", instance) }
        configuration.set("partition.assignment.strategy", kafka.assignor.rawValue)
        configuration.set("enable.partition.eof", "true")
        configuration.setDefault("auto.offset.reset", "earliest")
        if kafka.properties["session.timeout.ms"] == nil {
            // A member learns of a rebalance by the answer to its heartbeat, and with it the group goes on.
            configuration.setDefault("heartbeat.interval.ms", "1000")
        }
        prefetch.apply(to: &configuration, library: .current)
        return configuration
    }

    /// For looking only: no group is joined.
    func surveyConfiguration() -> Configuration {
        var configuration = clientConfiguration(kafka.properties.forConsumer)
        configuration.set("group.id", kafka.group)
        return configuration
    }

    /// For dead letters and for sinks that are topics.
    func producerConfiguration() -> Configuration {
        var configuration = clientConfiguration(kafka.properties.forProducer)
        configuration.set("enable.idempotence", "true")
        configuration.set("acks", "all")
        configuration.setDefault("compression.codec", "lz4")
        // Records of one key go one after the other, so each would wait for the batch that never fills.
        configuration.setDefault("linger.ms", "0")
        // Dead letters without a key go to one partition, so that they keep their order.
        configuration.setDefault("partitioner", "consistent")
        // The worker publishes again by itself. With librdkafka's default an unanswered record would hold a shutdown, or
        // its partition, for five minutes.
        if kafka.properties["delivery.timeout.ms"] == nil { configuration.setDefault("message.timeout.ms", "20000") }
        // A dead letter is as large as what came in, which may be more than limits.payload allows.
        configuration.setDefault("message.max.bytes", "\(max(limits.payload * 2, Self.largestDeadLetter))")
        return configuration
    }

    /// For results and dead letters that are in transactions with their offsets.
    ///
    /// A process that comes back with the same id ends the transaction that it had left open, and shuts out its double. Without a name
    /// for this member every process has an id of its own, and the broker ends what a dead one left open after
    /// `transaction.timeout.ms`.
    func transactionalConfiguration() -> Configuration {
        var configuration = producerConfiguration()
        configuration.set("transactional.id", kafka.group + "/" + (kafka.groupInstanceID ?? UUID().uuidString))
        return configuration
    }

    private static let largestDeadLetter = 64 << 20

    private func clientConfiguration(_ properties: [String: String]) -> Configuration {
        var configuration = Configuration(properties)
        configuration.set("bootstrap.servers", kafka.bootstrapServers ?? "")
        configuration.setDefault("client.id", "loyalty-worker")
        // With Nagle's algorithm a small request may wait for the answer to the one before (#4986).
        configuration.setDefault("socket.nagle.disable", "true")
        return configuration
    }

    func workerSettings(untilEnd: Bool) -> WorkerSettings {
        var worker = WorkerSettings(group: kafka.group)
        worker.deadLetterTopic = kafka.deadLetterTopic
        worker.ordering = ordering
        worker.isCooperative = kafka.assignor == .cooperativeSticky
        worker.inFlight = limits.inFlight
        worker.bufferedBytes = limits.buffered
        worker.commitInterval = commitInterval
        worker.isTransactional = kafka.delivery == .transactions
        worker.drainTimeout = drainTimeout
        worker.retry = retry
        worker.breaker = breaker
        worker.untilEnd = untilEnd
        return worker
    }

    func stagesSettings() -> StagesSettings {
        var stages = StagesSettings(scope: kafka.group)
        stages.inFlight = limits.inFlight
        stages.payloadLimit = limits.payload
        stages.journal = journal
        stages.notification.sink = notification.sink
        stages.notification.webhook.url = notification.webhookURL
        stages.notification.webhook.secret = notification.webhookSecret?.reveal()
        stages.notification.webhook.timeout = notification.webhookTimeout
        stages.notification.webhook.allow = notification.webhookAllow
        stages.notification.topic = notification.topic
        stages.notification.delay = notification.delay
        stages.notification.template = notification.template
        stages.notification.maxAge = notification.maxAge
        stages.publication.sink = publication.sink
        stages.publication.topic = publication.topic
        return stages
    }

    /// The brokers, for commands that can't do without.
    func requiredBootstrapServers() throws(CommandFailure) -> String {
        guard let servers = kafka.bootstrapServers else {
            throw .settings(
                "kafka.bootstrapServers is needed; give --kafka-bootstrap-servers HOST:PORT or set"
                    + " LOYALTY_KAFKA_BOOTSTRAP_SERVERS"
            )
        }
        return servers
    }
}
