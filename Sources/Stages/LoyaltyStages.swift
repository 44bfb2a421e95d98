internal import Kafka
package import Logging
package import LoyaltyEvents
package import Pipeline

/// Why the stages can't be made.
package enum StagesError: Error, Sendable, Equatable, CustomStringConvertible {
    /// A setting can't be used.
    case setting(SettingError)
    /// The journal can't be opened.
    case journal(JournalError)

    package var description: String {
        switch self {
        case .setting(let error): error.description
        case .journal(let error): "\(error); check journal.url"
        }
    }
}

/// The stages of the worker with their sinks and their journal.
package struct LoyaltyStages: Sendable {
    /// In the order of their bits: notification, publication. One without a sink is there, but nothing reaches it.
    package let stages: [any Stage<LoyaltyWork>]
    /// The stages that have a sink.
    package let active: Route
    /// Nil when `journal.url` is `none`.
    package let journal: Journal?

    private let webhook: Webhook?
    private let destination: WebhookDestination?
    private let payloadLimit: Int

    /// Checks the settings and opens the journal. Reaches no network.
    ///
    /// - Parameters:
    ///   - publisher: for sinks that are topics.
    ///   - logger: for sinks that are logs.
    package init(
        _ settings: StagesSettings,
        publisher: Publisher?,
        logger: Logger,
        clock: @escaping @Sendable () -> UTCTime = UTCTime.now
    ) throws(StagesError) {
        let template: MessageTemplate
        do throws(SettingError) {
            try settings.validate()
            template = try MessageTemplate(settings.notification.template)
        } catch {
            throw .setting(error)
        }
        let journal = try Self.journal(settings.journal, clock: clock)
        do throws(SettingError) {
            // Last: an HTTP client must not be dropped without being closed.
            (webhook, destination) = try Self.webhook(settings, clock: clock)
        } catch {
            throw .setting(error)
        }
        let publishing = TopicPublishing { record throws(KafkaError) in
            guard let publisher else { throw KafkaError(.state, "this command has no producer") }
            try await publisher.publish(record)
        }

        var active: Route = []
        var stages: [any Stage<LoyaltyWork>] = []
        let notifications: (any NotificationSink)? =
            switch settings.notification.sink {
            case .log: NotificationLog(logger: logger)
            case .webhook: webhook
            case .kafka: NotificationTopic(topic: settings.notification.topic, publish: publishing)
            case .delay: NotificationDelay(range: settings.notification.delay)
            case .none: nil
            }
        if let notifications {
            active.insert(.notification)
            stages.append(
                NotificationStage(
                    sink: notifications,
                    scope: settings.scope,
                    journal: journal,
                    template: template,
                    maxAge: settings.notification.maxAge,
                    clock: clock
                )
            )
        } else {
            stages.append(IdleStage(name: "notification"))
        }
        let publications: PublicationStage.Sink? =
            switch settings.publication.sink {
            case .journal: journal.map { .journal($0) }
            case .kafka: .topic(settings.publication.topic, publishing)
            case .log: .log(logger)
            case .none: nil
            }
        if let publications {
            active.insert(.publication)
            stages.append(
                PublicationStage(sink: publications, scope: settings.scope, journal: journal, clock: clock)
            )
        } else {
            stages.append(IdleStage(name: "publication"))
        }
        self.stages = stages
        self.active = active
        self.journal = journal
        payloadLimit = settings.payloadLimit
    }

    /// A new intake for a worker's task.
    package func intake(counts: IntakeCounts) -> LoyaltyIntake {
        LoyaltyIntake(payloadLimit: payloadLimit, active: active, counts: counts)
    }

    /// Looks the webhook's host up. Returns what is wrong with it, or nil.
    package func checkWebhook() async -> String? {
        await destination?.check()
    }

    /// Gives connections and the journal back; after the worker has ended.
    package func close() async {
        await webhook?.close()
        await journal?.close()
    }

    private static func webhook(
        _ settings: StagesSettings,
        clock: @escaping @Sendable () -> UTCTime
    ) throws(SettingError) -> (Webhook?, WebhookDestination?) {
        let notification = settings.notification
        guard notification.sink == .webhook else { return (nil, nil) }
        let destination = WebhookDestination(
            url: try notification.webhook.parsedURL(),
            addressGuard: try AddressGuard(allow: notification.webhook.allow)
        )
        let webhook = Webhook(
            destination: destination,
            secrets: try WebhookSecrets(notification.webhook.secret ?? ""),
            timeout: notification.webhook.timeout,
            inFlight: settings.inFlight,
            clock: clock
        )
        return (webhook, destination)
    }

    private static func journal(
        _ location: JournalLocation,
        clock: @escaping @Sendable () -> UTCTime
    ) throws(StagesError) -> Journal? {
        guard case .sqlite(let path) = location else { return nil }
        do throws(JournalError) {
            return try Journal.open(path: path, clock: clock)
        } catch {
            throw .journal(error)
        }
    }
}

/// Keeps the index of a stage that has no sink.
struct IdleStage: Stage {
    let name: String

    func perform(_ work: LoyaltyWork, in context: StageContext) async -> StageOutcome {
        .done(.suppressed)
    }
}
