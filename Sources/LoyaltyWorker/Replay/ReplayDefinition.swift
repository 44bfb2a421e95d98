import Foundation
import Kafka

/// What a job is, for all its processes and for good: what was asked for, and the offsets that this came to.
///
/// Kept in the commits of a group without members, one for each partition: the offset is where the range begins, the
/// metadata `lwr1:END:DIGEST`, and in the first partition also `:COUNT:NAME=VALUE&…`.
struct ReplayDefinition: Sendable, Equatable {
    /// Commits that are no whole definition.
    struct Broken: Error, Equatable {}

    private static let prefix = "lwr1"

    let words: [ReplayRequest.Word]
    let ranges: [TopicPartition: Range<Int64>]

    init(words: [ReplayRequest.Word], ranges: [TopicPartition: Range<Int64>]) {
        self.words = words
        self.ranges = ranges
    }

    /// Offsets of all ranges together.
    var total: Int64 { ranges.values.reduce(0) { $0 + ($1.upperBound - $1.lowerBound) } }

    var partitions: [TopicPartition] {
        ranges.keys.sorted { ($0.topic, $0.partition) < ($1.topic, $1.partition) }
    }

    /// The same for the same definition.
    var digest: String {
        let lines = partitions.map { "\($0) \(ranges[$0].map { "\($0.lowerBound) \($0.upperBound)" } ?? "")" }
        return Digest.short(of: ([Self.query(words)] + lines).joined(separator: "\n"))
    }

    /// What to commit.
    ///
    /// - Returns: nil when the words don't fit into a commit's metadata.
    func commits(limit: Int = 4096) -> [CommittedOffset]? {
        let digest = digest
        var commits: [CommittedOffset] = []
        for partition in partitions {
            guard let range = ranges[partition] else { continue }
            var metadata = "\(Self.prefix):\(range.upperBound):\(digest)"
            if commits.isEmpty { metadata += ":\(ranges.count):\(Self.query(words))" }
            guard metadata.utf8.count <= limit else { return nil }
            commits.append(CommittedOffset(partition: partition, offset: range.lowerBound, metadata: metadata))
        }
        return commits
    }

    /// Reads what was committed; nil when nothing was.
    static func read(_ commits: [CommittedOffset]) throws(Broken) -> ReplayDefinition? {
        var ranges: [TopicPartition: Range<Int64>] = [:]
        var words: [ReplayRequest.Word]?
        var digest: Substring?
        var count = 0
        for commit in commits {
            guard let start = commit.offset else { continue }
            let parts = commit.metadata.split(separator: ":", maxSplits: 4, omittingEmptySubsequences: false)
            guard parts.count == 3 || parts.count == 5, parts[0] == prefix, let end = Int64(parts[1]), start <= end,
                digest == nil || digest == parts[2]
            else { throw Broken() }
            digest = parts[2]
            ranges[commit.partition] = start..<end
            if parts.count == 5 {
                guard words == nil, let number = Int(parts[3]) else { throw Broken() }
                count = number
                words = Self.words(of: parts[4])
            }
        }
        guard !ranges.isEmpty else { return nil }
        guard let words, count == ranges.count else { throw Broken() }
        let definition = ReplayDefinition(words: words, ranges: ranges)
        guard let digest, definition.digest == digest else { throw Broken() }
        return definition
    }

    /// In what a request differs from this, for people; empty: in nothing.
    func differences(from request: [ReplayRequest.Word]) -> [String] {
        let here = Dictionary(request.map { ($0.name, $0.value) }) { first, _ in first }
        let there = Dictionary(words.map { ($0.name, $0.value) }) { first, _ in first }
        let names = (words + request).map(\.name)
        var seen: Set<String> = []
        return names.compactMap { name in
            guard seen.insert(name).inserted, here[name] != there[name] else { return nil }
            let shown = [there[name], here[name]].map { value in
                guard let value, !value.isEmpty else { return "nothing" }
                return value.oneLine(upTo: 100)
            }
            return "\(name) is \(shown[0]) there and \(shown[1]) here"
        }
    }

    private static func query(_ words: [ReplayRequest.Word]) -> String {
        words.map { escaped($0.name) + "=" + escaped($0.value) }.joined(separator: "&")
    }

    private static func words(of query: Substring) -> [ReplayRequest.Word]? {
        var words: [ReplayRequest.Word] = []
        for pair in query.split(separator: "&") {
            let parts = pair.split(separator: "=", omittingEmptySubsequences: false).map { $0.removingPercentEncoding }
            guard parts.count == 2, let name = parts[0], let value = parts[1] else { return nil }
            words.append(ReplayRequest.Word(name: name, value: value))
        }
        return words
    }

    /// Commit metadata is printable ASCII.
    private static func escaped(_ text: String) -> String {
        var text = text[...].utf8
        var escaped = ""
        while let byte = text.popFirst() {
            switch byte {
            case 0x30...0x39, 0x41...0x5A, 0x61...0x7A, 0x2B...0x2F, 0x3A, 0x5F:
                escaped.append(Character(Unicode.Scalar(byte)))
            default: escaped += (byte < 16 ? "%0" : "%") + String(byte, radix: 16, uppercase: true)
            }
        }
        return escaped
    }
}

/// How processes that start at the same instant come to one definition, although the last write wins and nobody can
/// lock.
///
/// Who finds nothing writes its own; everybody takes what it has seen unchanged for `patience`. When all writes land
/// within `patience` of the reading that led to them, no write comes after the first one plus `patience`, and so what
/// was seen over that time is the last.
struct DefinitionElection<Definition: Equatable & Sendable>: Sendable {
    enum Step: Equatable, Sendable {
        case read
        case write(Definition)
        case wait
        case settled(Definition)
    }

    private let candidate: Definition
    private var seen: Definition?

    init(candidate: Definition) {
        self.candidate = candidate
    }

    /// What to do after having read.
    mutating func found(_ definition: Definition?) -> Step {
        guard let definition else {
            seen = candidate
            return .write(candidate)
        }
        if definition == seen { return .settled(definition) }
        seen = definition
        return .wait
    }
}
