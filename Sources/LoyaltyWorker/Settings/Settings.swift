import Pipeline
import Stages

/// Everything a worker can be told, checked. Made by reading (`Settings.read`), so that each value went through the
/// table of settings.
struct Settings: Sendable {
    enum Assignor: String, Sendable, CaseIterable {
        case range
        case roundrobin
        case cooperativeSticky = "cooperative-sticky"
    }

    enum Delivery: String, Sendable, CaseIterable {
        case atLeastOnce = "at-least-once"
        case transactions
    }

    struct Kafka: Sendable {
        var bootstrapServers: String?
        /// Names, or one regular expression that starts with `^`.
        var topics: [String] = []
        var group = ""
        var groupInstanceID: String?
        var assignor = Assignor.range
        var properties = KafkaProperties()
        var deadLetterTopic: String?
        var delivery = Delivery.atLeastOnce
        /// How long commands that must end wait for a broker to answer.
        var reachTimeout: Duration = .zero

        var hasPattern: Bool { topics.first?.hasPrefix("^") == true }
    }

    struct Limits: Sendable {
        var inFlight = 0
        var buffered = 0
        var payload = 0
    }

    struct Notification: Sendable {
        var sink = NotificationSettings.Sink.log
        var webhookURL: String?
        var webhookSecret: Secret?
        var webhookTimeout: Duration = .zero
        /// Hosts, addresses and networks that may be private or loopback.
        var webhookAllow = ""
        var topic = ""
        /// How long the sink `delay` takes for each.
        var delay: ClosedRange<Duration> = .zero ... .zero
        /// Mustache; nil: the built-in text.
        var template: String?
        var maxAge: Duration?
    }

    struct Publication: Sendable {
        var sink = PublicationSettings.Sink.journal
        var topic = ""
    }

    struct Admin: Sendable {
        var host = ""
        /// 0: one that the system chooses; nil: no admin server.
        var port: Int?
        /// How long a partition may make no progress before the worker counts as stuck.
        var livenessTimeout: Duration = .zero
    }

    struct Log: Sendable {
        enum Level: String, Sendable, CaseIterable {
            case trace, debug, info, notice, warning, error, critical
        }

        enum Format: String, Sendable, CaseIterable {
            case text, json
        }

        var level = Level.info
        var format = Format.text
    }

    var kafka = Kafka()
    var ordering = WorkerSettings.Ordering.key
    var limits = Limits()
    var commitInterval: Duration = .zero
    var drainTimeout: Duration = .zero
    var retry = RetryPolicy()
    var breaker = CircuitBreaker.Policy()
    var notification = Notification()
    var publication = Publication()
    var journal = JournalLocation.none
    var admin = Admin()
    var log = Log()

    /// Things that are odd, and no reason to refuse: names of environment variables that mean nothing.
    var warnings: [String] = []
    /// Where values came from, by key, for those that are not defaults.
    var origins: [String: SettingOrigin] = [:]
    /// Files that were to hold secrets and hold nothing, by the secret's key.
    var emptySecretFiles: [String: String] = [:]

    /// Only `Settings.read` makes settings: before every row of the table has been applied the values mean nothing.
    init(beforeReading: Void) {}
}
