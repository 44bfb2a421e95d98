internal import Crdkafka

/// Properties of librdkafka by name, as its CONFIGURATION.md lists them.
package struct Configuration: Sendable, Equatable, ExpressibleByDictionaryLiteral {
    package private(set) var properties: [String: String]

    package init(_ properties: [String: String] = [:]) {
        self.properties = properties
    }

    package init(dictionaryLiteral elements: (String, String)...) {
        self.init(Dictionary(elements) { _, last in last })
    }

    package subscript(name: String) -> String? { properties[name] }

    package mutating func set(_ name: String, _ value: String) {
        properties[name] = value
    }

    /// Sets `name` only when nobody has.
    package mutating func setDefault(_ name: String, _ value: String) {
        if properties[name] == nil { properties[name] = value }
    }

    /// Refuses an unknown property or value with librdkafka's own words. Contradictions between properties show only
    /// when a client is made.
    package static func check(_ properties: [String: String]) throws(KafkaError) {
        _ = try ConfigurationHandle(Configuration(properties))
    }
}

extension Configuration: CustomStringConvertible {
    private static let secrets = ["password", "secret", ".pem", "sasl.oauthbearer.config", "sasl.jaas"]

    /// Sorted `name=value` pairs; secrets are masked, so that it may be logged.
    package var description: String {
        properties.sorted { $0.key < $1.key }
            .map { name, value in
                Self.secrets.contains { name.contains($0) } ? "\(name)=***" : "\(name)=\(value)"
            }
            .joined(separator: " ")
    }
}

/// `rd_kafka_conf_t`, destroyed unless a client took it.
@safe
struct ConfigurationHandle: ~Copyable {
    private var conf: OpaquePointer?

    init(_ configuration: Configuration) throws(KafkaError) {
        unsafe conf = rd_kafka_conf_new()
        // Sorted, so that of several faults always the same one is named.
        for (name, value) in configuration.properties.sorted(by: { $0.key < $1.key }) {
            try set(name, value)
        }
    }

    deinit {
        if let conf = unsafe conf { unsafe rd_kafka_conf_destroy(conf) }
    }

    private func set(_ name: String, _ value: String) throws(KafkaError) {
        var words = [CChar](repeating: 0, count: 512)
        let result = unsafe rd_kafka_conf_set(conf, name, value, &words, words.count)
        guard result != RD_KAFKA_CONF_OK else { return }
        throw .invalidArgument("Kafka property \(name): \(unsafe String(copying: &words))")
    }

    /// Makes the client. Everything it has to say is an event on its queues: nothing is printed.
    @unsafe
    consuming func makeClient(_ kind: rd_kafka_type_t, events: Int32) throws(KafkaError) -> OpaquePointer {
        unsafe rd_kafka_conf_set_events(conf, events)
        unsafe rd_kafka_conf_set_log_cb(conf, nil)
        var words = [CChar](repeating: 0, count: 512)
        guard let client = unsafe rd_kafka_new(kind, conf, &words, words.count) else {
            throw KafkaError(
                KafkaError.Code(rd_kafka_last_error()),
                "Kafka client: \(unsafe String(copying: &words))",
                isRetriable: false
            )
        }
        unsafe conf = nil
        return unsafe client
    }
}
