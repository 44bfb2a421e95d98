/// Properties of librdkafka that the user gave. They may hold passwords, so a description shows names only.
struct KafkaProperties: Sendable, Equatable, CustomStringConvertible, CustomReflectable {
    private let values: [String: String]

    /// librdkafka's default for `max.poll.interval.ms`, which is also its bound for a rebalance.
    static let defaultMaxPollInterval: Duration = .seconds(300)

    init(_ values: [String: String] = [:]) {
        self.values = values
    }

    subscript(name: String) -> String? { values[name] }
    var names: [String] { values.keys.sorted() }
    var description: String { names.isEmpty ? "none" : names.joined(separator: ", ") + " (values hidden)" }
    var customMirror: Mirror { Mirror(self, children: [:]) }

    /// What the consumer is given: all but the properties that only a producer knows.
    var forConsumer: [String: String] { values.filter { !Self.isProducerOnly($0.key) } }
    /// What producers and administrative clients are given.
    var forProducer: [String: String] { values.filter { !Self.isConsumerOnly($0.key) } }

    /// The time that a member may take to answer a rebalance.
    var maxPollInterval: Duration {
        values["max.poll.interval.ms"].flatMap { Int64($0) }.map { .milliseconds($0) } ?? Self.defaultMaxPollInterval
    }

    /// After so long brokers abort an open transaction; librdkafka's default is a minute.
    var transactionTimeout: Duration {
        values["transaction.timeout.ms"].flatMap { Int64($0) }.map { .milliseconds($0) } ?? .seconds(60)
    }

    /// Reads `k=v;k=v`. A new line separates too (handy in a file; lines that start with `#` are skipped), and `\;` is
    /// a semicolon
    /// inside a value.
    init(parsing text: String) throws(Refusal) {
        var values: [String: String] = [:]
        for pair in Self.pairs(of: text) where !pair.isEmpty {
            guard let equals = pair.firstIndex(of: "=") else {
                throw Refusal("each part must be name=value, parts are separated with ';'")
            }
            let name = pair[..<equals].trimmed
            guard !name.isEmpty else { throw Refusal("there is a '=' without a name before it") }
            if let reason = Self.refused[name] { throw Refusal("'\(name)' can't be set here: \(reason)") }
            guard values.updateValue(pair[pair.index(after: equals)...].trimmed, forKey: name) == nil else {
                throw Refusal("'\(name)' is given twice")
            }
        }
        self.values = values
    }

    /// `name=value` as `init(parsing:)` reads it.
    static func pair(_ name: String, _ value: String) -> String {
        name + "=" + value.split(separator: ";", omittingEmptySubsequences: false).joined(separator: "\\;")
    }

    private static func pairs(of text: String) -> [String] {
        var pairs: [String] = []
        for line in text.split(whereSeparator: \.isNewline) where !line.trimmed.hasPrefix("#") {
            var pair = ""
            var isEscaped = false
            for character in line {
                switch (character, isEscaped) {
                case (";", false):
                    pairs.append(pair.trimmed)
                    pair = ""
                case (";", true):
                    pair.removeLast()
                    pair.append(";")
                default:
                    pair.append(character)
                }
                isEscaped = character == "\\"
            }
            pairs.append(pair.trimmed)
        }
        return pairs
    }

    /// Properties that the worker sets itself, or whose other values would break its promises.
    private static let refused: [String: String] = {
        let commits = "the worker commits offsets itself, after their events are finished; see commit.interval"
        let durable = "dead letters and results must be acknowledged by all replicas, once and in order"
        let reports = "the worker waits for every delivery report"
        return [
            "enable.auto.commit": commits,
            "auto.commit.enable": commits,
            "auto.commit.interval.ms": commits,
            "enable.auto.offset.store": commits,
            "offset.store.method": commits,
            "offset.store.path": commits,
            "offset.store.sync.interval.ms": commits,
            "bootstrap.servers": "use kafka.bootstrapServers",
            "metadata.broker.list": "use kafka.bootstrapServers",
            "group.id": "use kafka.group",
            "group.instance.id": "use kafka.groupInstanceId",
            "partition.assignment.strategy": "use kafka.assignor",
            "group.protocol": "the worker is built on the classic group protocol",
            "enable.partition.eof": "the worker needs the ends of partitions",
            "transactional.id":
                "use kafka.delivery=transactions; the id is made of kafka.group and kafka.groupInstanceId",
            "enable.idempotence": durable,
            "enable.gapless.guarantee": durable,
            "acks": durable,
            "request.required.acks": durable,
            "queuing.strategy": durable,
            "delivery.report.only.error": reports,
            "log.queue": "the worker reads librdkafka's log itself",
            "test.mock.num.brokers": "use the command `broker`, or `demo`",
        ]
    }()

    private static func isConsumerOnly(_ name: String) -> Bool {
        consumerOnly.contains(name) || name.hasPrefix("fetch.") || name.hasPrefix("queued.")
    }

    private static func isProducerOnly(_ name: String) -> Bool {
        producerOnly.contains(name) || name.hasPrefix("queue.buffering.") || name.hasPrefix("compression.")
    }

    private static let consumerOnly: Set<String> = [
        "session.timeout.ms", "heartbeat.interval.ms", "max.poll.interval.ms", "group.protocol.type",
        "coordinator.query.interval.ms", "auto.offset.reset", "isolation.level", "check.crcs",
        "max.partition.fetch.bytes", "consume.callback.max.messages", "allow.auto.create.topics",
        "group.remote.assignor",
    ]

    private static let producerOnly: Set<String> = [
        "linger.ms", "batch.size", "batch.num.messages", "message.send.max.retries", "retries", "message.timeout.ms",
        "delivery.timeout.ms", "request.timeout.ms", "partitioner", "sticky.partitioning.linger.ms",
        "transaction.timeout.ms", "max.in.flight", "max.in.flight.requests.per.connection",
    ]
}
