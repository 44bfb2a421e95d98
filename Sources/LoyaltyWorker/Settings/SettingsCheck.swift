import Kafka
import Pipeline
import Stages

extension Settings {
    /// What no single setting can know: settings that must fit each other.
    func check() throws(CommandFailure) {
        func refuse(_ key: String, _ what: String) throws(CommandFailure) {
            let origin = origins[key] ?? .default
            throw .settings("\(key) (\(origin.description)): \(what)")
        }
        let interval = kafka.properties.maxPollInterval
        if drainTimeout * 2 >= interval {
            try refuse(
                "drain.timeout",
                "\(Quantity.text(drainTimeout)) is not below half of max.poll.interval.ms (\(Quantity.text(interval)));"
                    + " the group would throw this member out while it drains"
            )
        }
        if limits.buffered < limits.payload {
            try refuse(
                "limits.buffered",
                "\(Quantity.text(bytes: limits.buffered)) is less than limits.payload"
                    + " (\(Quantity.text(bytes: limits.payload))); one record must fit"
            )
        }
        if retry.maxDelay < retry.initialDelay {
            try refuse(
                "retry.maxDelay",
                "\(Quantity.text(retry.maxDelay)) is less than retry.initialDelay (\(Quantity.text(retry.initialDelay)));"
                    + " make it at least as long"
            )
        }
        if notification.sink == .webhook {
            if notification.webhookURL == nil {
                try refuse(
                    "notification.webhook.url",
                    "is needed by notification.sink=webhook; give the receiver's address"
                )
            }
            if notification.webhookSecret == nil {
                if let path = emptySecretFiles["notification.webhook.secret"] {
                    try refuse("notification.webhook.secret", "the file \(path) is empty; put whsec_… into it")
                }
                try refuse(
                    "notification.webhook.secret",
                    "is needed by notification.sink=webhook; give whsec_…, or a file in"
                        + " \(Setting.variable("notification.webhook.secretFile"))"
                )
            }
        }
        if publication.sink == .journal, journal == .none {
            try refuse("publication.sink", "journal needs a journal; set journal.url=sqlite:PATH, or another sink")
        }
        if kafka.delivery == .transactions { try checkTransactions(refuse) }
        try checkTopics(refuse)
        try checkAssignor(library: .current)
        try checkProperties()
    }

    /// What can't be undone with a transaction, or would be taken for done after it was.
    private func checkTransactions(
        _ refuse: (_ key: String, _ what: String) throws(CommandFailure) -> Void
    ) throws(CommandFailure) {
        let delivery = "kafka.delivery=transactions"
        if journal != .none {
            try refuse(
                "journal.url",
                "an effect in the journal stays there when its transaction is aborted, and would then never be brought about;"
                    + " \(delivery) needs journal.url=none, and publication.sink kafka, log or none"
            )
        }
        if notification.sink == .webhook {
            try refuse(
                "notification.sink",
                "a webhook can't be called in a transaction nor taken back with it; \(delivery) needs kafka, log or none"
            )
        }
        if kafka.assignor == .cooperativeSticky {
            try refuse("kafka.assignor", "\(delivery) needs range or roundrobin")
        }
        if let level = kafka.properties["isolation.level"], level != "read_committed" {
            try refuse("kafka.properties", "\(delivery) needs isolation.level=read_committed, which is the default")
        }
        let timeout = kafka.properties.transactionTimeout
        if commitInterval * 2 >= timeout {
            try refuse(
                "commit.interval",
                "\(Quantity.text(commitInterval)) is not below half of transaction.timeout.ms (\(Quantity.text(timeout)));"
                    + " the broker would abort a transaction before it is committed"
            )
        }
    }

    /// The worker must not consume what it writes, nor mix up what it writes.
    private func checkTopics(
        _ refuse: (_ key: String, _ what: String) throws(CommandFailure) -> Void
    ) throws(CommandFailure) {
        let pattern = kafka.hasPattern ? kafka.topics.first.flatMap(TopicPattern.init) : nil
        if kafka.hasPattern, kafka.deadLetterTopic == nil {
            try refuse(
                "kafka.deadLetterTopic",
                "is needed when kafka.topic is a regular expression; name a topic that \(kafka.topics.listed) does not"
                    + " match"
            )
        }
        for (output, setting) in outputTopics {
            if let pattern, pattern.matches(output) {
                try refuse(
                    "kafka.topic",
                    "\(kafka.topics.listed) matches \(output) (\(setting)), which the worker writes; it would feed itself"
                )
            }
            if kafka.topics.contains(output) {
                try refuse(
                    "kafka.topic",
                    "\(output) is both read and written (\(setting)); the worker would feed itself"
                )
            }
        }
        if notification.sink == .kafka, publication.sink == .kafka, notification.topic == publication.topic {
            try refuse(
                "publication.topic",
                "\(publication.topic) is notification.topic too; their readers could not tell them apart"
            )
        }
    }

    /// Topics that are written to, with the settings that name them. Those of a pattern's topics are unknown.
    var outputTopics: [(name: String, setting: String)] {
        var outputs: [(name: String, setting: String)] = []
        if let topic = kafka.deadLetterTopic {
            outputs.append((topic, "kafka.deadLetterTopic"))
        } else if !kafka.hasPattern {
            outputs += kafka.topics.map { ($0 + ".dlq", "kafka.deadLetterTopic") }
        }
        if notification.sink == .kafka { outputs.append((notification.topic, "notification.topic")) }
        if publication.sink == .kafka { outputs.append((publication.topic, "publication.topic")) }
        return outputs
    }

    /// Below 2.10 librdkafka drops its whole assignment when a commit meets a rebalance (librdkafka issue 4059).
    func checkAssignor(library: LibraryVersion) throws(CommandFailure) {
        guard kafka.assignor == .cooperativeSticky, library < LibraryVersion.safeCooperativeRebalance else { return }
        throw .settings(
            "kafka.assignor: cooperative-sticky needs librdkafka 2.10 or newer, and \(library) is loaded: it would lose"
                + " assignments during rebalances; use range or roundrobin"
        )
    }

    /// Asks librdkafka itself whether it knows the properties and takes their values.
    private func checkProperties() throws(CommandFailure) {
        for values in [kafka.properties.forConsumer, kafka.properties.forProducer] {
            do throws(KafkaError) {
                try Configuration.check(values)
            } catch {
                throw .settings("kafka.properties: librdkafka \(LibraryVersion.current) refuses it: \(error.reason)")
            }
        }
    }
}
