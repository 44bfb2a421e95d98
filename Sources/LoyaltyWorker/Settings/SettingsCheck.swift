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
            try refuse("retry.maxDelay", "is less than retry.initialDelay; make it at least as long")
        }
        if notification.sink == .webhook {
            if notification.webhookURL == nil {
                try refuse(
                    "notification.webhook.url",
                    "is needed by notification.sink=webhook; give the receiver's address"
                )
            }
            if notification.webhookSecret == nil {
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
        let outputs = [
            notification.sink == .kafka ? notification.topic : nil,
            publication.sink == .kafka ? publication.topic : nil, kafka.deadLetterTopic,
        ]
        for case let output? in outputs where kafka.topics.contains(output) {
            try refuse("kafka.topic", "\(output) is both read and written; the worker would feed itself")
        }
        try checkAssignor(library: .current)
        try checkProperties()
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
