import Foundation

/// Why a value is not taken, as the end of a sentence that starts with the key and the value.
struct Refusal: Error, Equatable {
    let reason: String

    init(_ reason: String) {
        self.reason = reason
    }
}

/// How the text of a setting becomes a value, and what is allowed, in words.
struct SettingFormat<Value: Sendable>: Sendable {
    /// Completes "allowed: …".
    let allowed: String
    /// What joins the values when an option is given several times; nil: once only.
    let separator: String?
    /// What a message may show of a value that was refused.
    var shown: @Sendable (String) -> String = { $0 }
    let parse: @Sendable (String) throws(Refusal) -> Value

    init(
        _ allowed: String,
        separator: String? = nil,
        parse: @escaping @Sendable (String) throws(Refusal) -> Value
    ) {
        self.allowed = allowed
        self.separator = separator
        self.parse = parse
    }

    /// For formats where "allowed" says it all.
    init(_ allowed: String, separator: String? = nil, reading: @escaping @Sendable (String) -> Value?) {
        self.init(allowed, separator: separator) { text throws(Refusal) in
            guard let value = reading(text) else { throw Refusal("allowed: \(allowed)") }
            return value
        }
    }
}

extension SettingFormat where Value == Int {
    static func integer(_ range: ClosedRange<Int>) -> Self {
        Self("a whole number from \(range.lowerBound) to \(range.upperBound)") { (text: String) -> Int? in
            Int(text).flatMap { range.contains($0) ? $0 : nil }
        }
    }

    static func size(_ range: ClosedRange<Int>) -> Self {
        Self(
            "a size such as 500kB, 1 MiB or 64MiB, from \(Quantity.text(bytes: range.lowerBound))"
                + " to \(Quantity.text(bytes: range.upperBound))"
        ) { (text: String) -> Int? in
            Quantity.size(text).flatMap { range.contains($0) ? $0 : nil }
        }
    }
}

extension SettingFormat where Value == Duration {
    static func duration(_ range: ClosedRange<Duration>) -> Self {
        Self(
            "a duration such as 200ms, 15s, 5m or 1h, from \(Quantity.text(range.lowerBound))"
                + " to \(Quantity.text(range.upperBound))"
        ) { (text: String) -> Duration? in
            Quantity.duration(text).flatMap { range.contains($0) ? $0 : nil }
        }
    }
}

extension SettingFormat where Value == ClosedRange<Duration> {
    static func durations(_ range: ClosedRange<Duration>) -> Self {
        Self(
            "a duration such as 20ms, or two such as 0ms..5ms, from \(Quantity.text(range.lowerBound))"
                + " to \(Quantity.text(range.upperBound))"
        ) { (text: String) -> ClosedRange<Duration>? in
            let bounds = text.components(separatedBy: "..").map { Quantity.duration($0) }
            guard (1...2).contains(bounds.count), let low = bounds.first ?? nil, let high = bounds.last ?? nil,
                low <= high, range.contains(low), range.contains(high)
            else { return nil }
            return low...high
        }
    }
}

extension SettingFormat where Value: RawRepresentable & CaseIterable, Value.RawValue == String {
    /// One of the words of an enumeration; `refused` gives words that are known and not (yet) possible, with the
    /// reason.
    static func word(refused: [String: String] = [:]) -> Self {
        let allowed = "one of " + Value.allCases.map(\.rawValue).joined(separator: ", ")
        return Self(allowed) { (text: String) throws(Refusal) in
            if let value = Value(rawValue: text) { return value }
            throw Refusal(refused[text] ?? "allowed: \(allowed)")
        }
    }
}

extension SettingFormat where Value == String {
    /// Letters, digits, `.`, `_` and `-`: what Kafka takes as the name of a topic.
    static let topic = Self("a topic's name: up to 249 letters, digits, '.', '_' and '-'") {
        (text: String) -> String? in
        isTopic(text) ? text : nil
    }

    static func text(_ allowed: String, upTo limit: Int = 255) -> Self {
        Self(allowed) { (text: String) -> String? in
            text.utf8.count <= limit && !text.utf8.contains { $0 < 0x20 || $0 == 0x7f } ? text : nil
        }
    }

    /// `host:port` pairs.
    static let servers = Self("host:port, several with commas", separator: ",") { (text: String) -> String? in
        let servers = text.split(separator: ",", omittingEmptySubsequences: false).map { $0.trimmed }
        return servers.allSatisfy(isServer) ? servers.joined(separator: ",") : nil
    }

    fileprivate static func isTopic(_ text: String) -> Bool {
        (1...249).contains(text.utf8.count) && text != "." && text != ".."
            && text.utf8.allSatisfy { byte in
                switch byte {
                case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"): true
                case UInt8(ascii: "0")...UInt8(ascii: "9"): true
                case UInt8(ascii: "."), UInt8(ascii: "_"), UInt8(ascii: "-"): true
                default: false
                }
            }
    }

    private static func isServer(_ text: String) -> Bool {
        let address = text.range(of: "://").map { String(text[$0.upperBound...]) } ?? text
        guard !address.isEmpty, !address.contains(where: \.isWhitespace), !address.contains("/") else { return false }
        guard let colon = address.lastIndex(of: ":"), !address.hasSuffix("]") else { return true }
        let port = UInt16(address[address.index(after: colon)...])
        return colon > address.startIndex && port.map { $0 > 0 } == true
    }
}

extension SettingFormat where Value == [String] {
    /// A list of topics, or one regular expression that starts with `^`.
    static let topics = Self(
        allowedTopics,
        separator: ","
    ) { (text: String) throws(Refusal) -> [String] in
        if text.hasPrefix("^") {
            guard TopicPattern(text) != nil else { throw Refusal("it is no regular expression") }
            return [text]
        }
        let topics = text.split(separator: ",", omittingEmptySubsequences: false).map { $0.trimmed }
        guard topics.allSatisfy(SettingFormat<String>.isTopic), Set(topics).count == topics.count else {
            throw Refusal("allowed: \(allowedTopics)")
        }
        return topics
    }
}

private let allowedTopics = "a topic's name, several with commas, or one regular expression that starts with ^"

/// The regular expression of `kafka.topic`.
struct TopicPattern {
    private let regex: Regex<AnyRegexOutput>

    /// Nil when `text` is no regular expression.
    init?(_ text: String) {
        guard let regex = try? Regex(text) else { return nil }
        self.regex = regex
    }

    /// Whether the worker would consume the topic: librdkafka searches, so the end of a name need not be matched.
    func matches(_ topic: String) -> Bool {
        topic.firstMatch(of: regex) != nil
    }
}

extension StringProtocol {
    /// Without white space at both ends.
    var trimmed: String {
        trimmingCharacters(in: .whitespacesAndNewlines)
    }
}
