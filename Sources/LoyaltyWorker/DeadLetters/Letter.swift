import Crypto
import Kafka
import Pipeline
import Stages

/// A record of a dead-letter topic as its headers describe it. Bounded, and without the value, so that very many fit into
/// memory.
struct Letter: Sendable, Equatable {
    /// Where a letter lies.
    struct Place: Hashable, Comparable, Sendable {
        /// The partition, by its number among those that are read.
        let shelf: Int
        let offset: Int64

        static func < (one: Place, other: Place) -> Bool {
            (one.shelf, one.offset) < (other.shelf, other.offset)
        }
    }

    /// Why a record in the topic is nobody's letter here.
    enum Foreign: String, Sendable {
        case unmarked = "without the headers of a dead letter"
        case otherGroup = "from another consumer group"
        case otherTopic = "from a topic that kafka.topic does not name"
    }

    /// The letters that wait for each other: those of one key in one partition.
    struct Chain: Hashable, Sendable {
        let source: TopicPartition
        let lane: UInt64
    }

    let place: Place
    /// Nil: foreign.
    let origin: DeadLetter.Origin?
    let foreign: Foreign?
    /// Nil: waits for no other, and no other for it.
    let chain: Chain?
    /// Nil: a class that this version doesn't know.
    let errorClass: DeadLetter.Cause.Class?
    /// Names, several with commas.
    let stage: String?
    let reason: String
    let attempts: Int
    let redrives: Int
    /// It was discarded, and parked again: the next redrive only gives it its turn.
    let isDiscarded: Bool
    /// Where the record stood when it died, which is not where it stood first when it was redriven.
    let standing: Int64
    let firstFailure: UTCTime?
    /// Short hash of the key that is the same everywhere; nil: no key.
    let keyTag: String?
    /// The key's text, when it is to be shown.
    let key: String?
    /// Of key and value.
    let byteCount: Int
    /// Whether the filter lets it through.
    let matches: Bool

    /// Bytes of a key that are kept for showing.
    private static let keyLimit = 256

    /// - Parameters:
    ///   - lane: what the worker orders the record by when it orders by key; nil when it has nothing to order it by.
    ///   - texts: where equal texts are kept once.
    init(
        at place: Place,
        headers: [Header],
        key: [UInt8]?,
        lane: UInt64?,
        byteCount: Int,
        scope: LetterScope,
        texts: inout SharedTexts
    ) {
        self.place = place
        self.byteCount = byteCount
        keyTag = key.map(Self.tag)
        self.key = scope.keepsKeys ? key.map { String(decoding: $0.prefix(Self.keyLimit), as: UTF8.self) } : nil
        let origin = DeadLetter.Origin(headers)
        let group = headers.text(DeadLetter.HeaderName.group)
        foreign =
            if let origin {
                if let group, group != scope.group {
                    .otherGroup
                } else {
                    scope.isInput(origin.source.topic) ? nil : .otherTopic
                }
            } else {
                .unmarked
            }
        self.origin =
            foreign == nil
            ? origin.map {
                DeadLetter.Origin(
                    source: TopicPartition(topic: texts.shared($0.source.topic), partition: $0.source.partition),
                    offset: $0.offset,
                    timestamp: $0.timestamp
                )
            } : nil
        errorClass = headers.text(DeadLetter.HeaderName.errorClass).flatMap { DeadLetter.Cause.Class(rawValue: $0) }
        chain = self.origin.flatMap { [errorClass] in
            // What could not be decoded has no effect that others could overtake.
            guard errorClass != .decode, errorClass != .oversize, let lane = scope.lane(lane) else { return nil }
            return Chain(source: $0.source, lane: lane)
        }
        stage = headers.text(DeadLetter.HeaderName.stage).map { texts.shared($0) }
        let words = headers.text(DeadLetter.HeaderName.message) ?? ""
        reason = texts.shared(words)
        attempts = Int(headers.text(DeadLetter.HeaderName.attempts).flatMap { Int32($0) } ?? 0)
        redrives = DeadLetter.redrives(headers)
        isDiscarded = DeadLetter.isDiscarded(headers)
        standing = DeadLetter.standing(headers) ?? -1
        firstFailure = headers.text(DeadLetter.HeaderName.firstFailure).flatMap { UTCTime(iso8601: $0) }
        matches = scope.filter.matches(
            origin: self.origin,
            errorClass: errorClass,
            stage: stage,
            reason: words,
            firstFailure: firstFailure,
            key: key
        )
    }

    /// Keys are personal data: enough to tell them apart, and to find one that is known.
    static func tag(_ key: [UInt8]) -> String {
        SHA256.hash(data: key).prefix(6).map { $0 < 16 ? "0" + String($0, radix: 16) : String($0, radix: 16) }.joined()
    }
}

/// Whose letters are looked at, and how the worker orders them.
struct LetterScope {
    /// The consumer group whose letters these are.
    let group: String
    let ordering: WorkerSettings.Ordering
    /// Whether a topic is one that the worker reads.
    let isInput: (String) -> Bool
    let filter: LetterFilter
    let keepsKeys: Bool

    /// What the worker parks records by: their key, unless nothing is ordered.
    func lane(_ key: UInt64?) -> UInt64? {
        ordering == .none ? nil : key
    }
}

/// Keeps equal texts once: reasons are few, letters are many.
struct SharedTexts: Sendable {
    /// Different texts that are kept.
    private static let limit = 10_000
    static let beyondLimit = "… (too many different texts to keep)"

    private var texts: Set<String> = []

    mutating func shared(_ text: String) -> String {
        if let index = texts.firstIndex(of: text) { return texts[index] }
        guard texts.count < Self.limit else { return Self.beyondLimit }
        texts.insert(text)
        return text
    }
}
