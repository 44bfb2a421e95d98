import Pipeline

extension Setting {
    /// Every setting there is. Reading, checking, `--help` and the README's table are made from this list, so they
    /// can't disagree.
    static let all: [Setting] = kafka + work + notification + publication + service

    private static let kafka: [Setting] = [
        Setting(
            "kafka.bootstrapServers",
            default: nil,
            .servers,
            \.kafka.bootstrapServers,
            "brokers to start from; `run` and `check` need it"
        ),
        Setting(
            "kafka.topic",
            default: "loyalty.events",
            .topics,
            \.kafka.topics,
            "input: a topic, a list of topics, or a regular expression that starts with ^, which needs"
                + " kafka.deadLetterTopic. No topic that the worker writes to may be among them"
        ),
        Setting(
            "kafka.group",
            default: "loyalty-worker",
            .text("a name of up to 255 bytes"),
            \.kafka.group,
            "consumer group; also the scope of the journal"
        ),
        Setting(
            "kafka.groupInstanceId",
            default: nil,
            .text("a name of up to 255 bytes"),
            \.kafka.groupInstanceID,
            "static membership: a member that comes back within the session timeout gets its partitions back, and at once ends the"
                + " transaction that it had left open"
        ),
        Setting(
            "kafka.assignor",
            default: "range",
            .word(),
            \.kafka.assignor,
            "how partitions are shared out; cooperative-sticky needs librdkafka 2.10 or newer"
        ),
        Setting(
            "kafka.properties",
            default: nil,
            .properties,
            \.kafka.properties,
            secret: true,
            "any librdkafka property as k=v;k=v (TLS, SASL, fetch sizes; in a YAML file a mapping works too); those that would"
                + " break a promise of the worker are refused. A new group starts at the earliest offset unless"
                + " auto.offset.reset says otherwise"
        ),
        Setting(
            "kafka.deadLetterTopic",
            default: nil,
            .topic,
            \.kafka.deadLetterTopic,
            "where records go that can't be processed; without it the record's own topic with .dlq behind it;"
                + " needed when kafka.topic is a regular expression"
        ),
        Setting(
            "kafka.delivery",
            default: "at-least-once",
            .word(),
            \.kafka.delivery,
            "what is promised. at-least-once: a repeated event has no second effect where the journal covers it."
                + " transactions: what is published to topics and the offsets of the same events are one Kafka transaction;"
                + " needs journal.url=none, and sinks other than webhook and journal"
        ),
        Setting(
            "kafka.reachTimeout",
            default: "10s",
            .duration(.milliseconds(100)...(.seconds(600))),
            \.kafka.reachTimeout,
            "how long `run --until-end` and `check` wait for a broker to answer"
        ),
    ]

    private static let work: [Setting] = [
        Setting(
            "ordering",
            default: "key",
            .word(),
            \.ordering,
            "which events wait for each other: those of one key, of one partition, or none"
        ),
        Setting(
            "limits.inFlight",
            default: "1000",
            .integer(1...1_000_000),
            \.limits.inFlight,
            "events being handled at once"
        ),
        Setting(
            "limits.buffered",
            default: "64 MiB",
            .size((1 << 20)...(1 << 40)),
            \.limits.buffered,
            "bytes received and not finished; half as much again is fetched ahead"
        ),
        Setting(
            "limits.payload",
            default: "1 MiB",
            .size(1024...(512 << 20)),
            \.limits.payload,
            "larger records are dead letters"
        ),
        Setting(
            "commit.interval",
            default: "1s",
            .duration(.milliseconds(10)...(.seconds(300))),
            \.commitInterval,
            "at most this long between progress and commit"
        ),
        Setting(
            "drain.timeout",
            default: "20s",
            .duration(.zero...(.seconds(3600))),
            \.drainTimeout,
            "how long a revoke or a shutdown waits for what is running; below half of max.poll.interval.ms"
        ),
        Setting(
            "retry.maxAttempts",
            default: "8",
            .integer(1...1_000_000),
            \.retry.maxAttempts,
            "attempts at one stage of one event, the first included; then it is a dead letter"
        ),
        Setting(
            "retry.initialDelay",
            default: "200ms",
            .duration(.milliseconds(1)...(.seconds(3600))),
            \.retry.initialDelay,
            "upper bound of the first wait; it doubles with each attempt, and the wait is a random share of it"
        ),
        Setting(
            "retry.maxDelay",
            default: "60s",
            .duration(.milliseconds(1)...(.seconds(86400))),
            \.retry.maxDelay,
            "the bound grows no further than this"
        ),
        Setting(
            "breaker.failures",
            default: "20",
            .integer(1...1_000_000),
            \.breaker.failures,
            "consecutive failures that open a sink's breaker; while it is open nothing counts as an attempt and nothing"
                + " becomes a dead letter"
        ),
        Setting(
            "breaker.cooldown",
            default: "10s",
            .duration(.milliseconds(1)...(.seconds(86400))),
            \.breaker.cooldown,
            "how long an open breaker waits before it lets one event through to try"
        ),
    ]

    private static let notification: [Setting] = [
        Setting(
            "notification.sink",
            default: "log",
            .word(),
            \.notification.sink,
            "how customers' notifications leave the worker"
        ),
        Setting(
            "notification.webhook.url",
            default: nil,
            .webhookURL,
            \.notification.webhookURL,
            "Standard Webhooks receiver; the sink webhook needs it"
        ),
        Setting(
            "notification.webhook.secret",
            default: nil,
            .webhookSecret,
            \.notification.webhookSecret,
            secret: true,
            "key of the signatures; the sink webhook needs it"
        ),
        Setting(
            "notification.webhook.timeout",
            default: "15s",
            .duration(.milliseconds(10)...(.seconds(300))),
            \.notification.webhookTimeout,
            "for one call, from connecting to the end of the answer"
        ),
        Setting(
            "notification.webhook.allow",
            default: nil,
            .webhookAllow,
            \.notification.webhookAllow,
            "hosts or addresses that may be private or loopback in spite of the SSRF guard, such as 127.0.0.1"
        ),
        Setting(
            "notification.topic",
            default: "loyalty.notifications",
            .topic,
            \.notification.topic,
            "for the sink kafka"
        ),
        Setting(
            "notification.delay",
            default: "0ms..5ms",
            .durations(.zero...(.seconds(3600))),
            \.notification.delay,
            "for the sink delay, which sends nothing and is for benchmarks and rehearsals: how long it takes for each"
        ),
        Setting(
            "notification.template",
            default: nil,
            .template,
            \.notification.template,
            "Mustache over the event, or @PATH to read it from a file; without it the built-in text"
        ),
        Setting(
            "notification.maxAge",
            default: nil,
            .duration(.seconds(1)...(.seconds(315_360_000))),
            \.notification.maxAge,
            "an older event is recorded and not sent"
        ),
    ]

    private static let publication: [Setting] = [
        Setting(
            "publication.sink",
            default: "journal",
            .word(),
            \.publication.sink,
            "where publications are recorded"
        ),
        Setting(
            "publication.topic",
            default: "loyalty.publications",
            .topic,
            \.publication.topic,
            "for the sink kafka; key = publication id"
        ),
        Setting(
            "journal.url",
            default: "sqlite:loyalty-journal.sqlite",
            .journal,
            \.journal,
            "the store of effects already done; none: effects are not remembered over restarts"
        ),
    ]

    private static let service: [Setting] = [
        Setting(
            "admin.host",
            default: "127.0.0.1",
            .text("a host name or an IP address"),
            \.admin.host,
            "where the admin server listens: health, metrics, status page"
        ),
        Setting(
            "admin.port",
            default: "8080",
            .port,
            \.admin.port,
            "0: a free port that the system chooses (it is logged); none: no admin server"
        ),
        Setting(
            "admin.livenessTimeout",
            default: "5m",
            .duration(.seconds(1)...(.seconds(86400))),
            \.admin.livenessTimeout,
            "/livez fails when a partition with unfinished events makes no progress for so long"
        ),
        Setting("log.level", default: "info", .word(), \.log.level, "least severe messages to write, on stderr"),
        Setting(
            "log.format",
            default: "text",
            .word(),
            \.log.format,
            "text for people, json for machines: one object a line"
        ),
    ]
}
