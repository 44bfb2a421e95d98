import Foundation
import Kafka

/// What a demonstration brings along instead of the outside world: a broker, a receiver and a place for the journal.
final class DemoStand: Sendable {
    static let topic = "loyalty.events"

    let cluster: MockCluster
    let receiver: RunningReceiver
    let directory: URL
    private let secret: String

    init(plan: DemoPlan) async throws {
        cluster = try MockCluster()
        try cluster.createTopic(Self.topic, partitions: plan.partitions)
        try cluster.createTopic(Self.topic + ".dlq", partitions: plan.partitions)
        secret = WebhookVerifier.newSecret()
        receiver = try await RunningReceiver(
            WebhookReceiver(verifier: WebhookVerifier(secret: secret), readsBodies: true)
        )
        directory = FileManager.default.temporaryDirectory.appending(path: "loyalty-demo-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
    }

    var journalPath: String { directory.appending(path: "journal.sqlite").path }

    /// The settings that connect the worker with this stand. They can't be chosen.
    private var fixed: [String: String] {
        [
            "kafka.bootstrapServers": cluster.bootstrapServers,
            "kafka.topic": Self.topic,
            "kafka.deadLetterTopic": Self.topic + ".dlq",
            "notification.sink": "webhook",
            "notification.webhook.url": receiver.url,
            "notification.webhook.secret": secret,
            "notification.webhook.allow": "127.0.0.1",
            "publication.sink": "journal",
            "journal.url": "sqlite:\(journalPath)",
        ]
    }

    /// Defaults that suit a demonstration; they can be chosen.
    private static let suited: [String: String] = [
        "kafka.group": "loyalty-demo",
        // Shorter than a real group needs, and the mock answers an empty fetch only when its wait is over.
        "kafka.properties": "session.timeout.ms=6000;heartbeat.interval.ms=500;fetch.wait.max.ms=10",
        // Receiver and worker share this machine.
        "limits.inFlight": "256",
        "notification.webhook.timeout": "30s",
        // The dead letters are wanted here.
        "log.level": "error",
    ]

    /// Reads the worker's settings from the command line and the file. The environment is left out: it may speak of real brokers.
    func settings(_ options: SettingsOptions) throws(CommandFailure) -> Settings {
        let settings = try Settings.read(
            SettingsSources(arguments: options.settings, environment: [:], file: options.config),
            prepared: fixed.merging(Self.suited) { fixed, _ in fixed }
        )
        if let key = fixed.keys.sorted().first(where: { settings.origins[$0] != nil }) {
            throw .usage("demo brings its own broker, receiver and journal, so \(key) can't be set; take it out")
        }
        return settings
    }

    /// Ends everything and removes the journal.
    func end() async {
        await receiver.stop()
        removeFiles()
    }

    func removeFiles() {
        try? FileManager.default.removeItem(at: directory)
    }
}
