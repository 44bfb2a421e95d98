import Kafka
import LoyaltyEvents

/// What was asked for, before any broker was looked at.
struct ReplayRequest: Sendable, Equatable {
    /// One line of the request, for comparing it with that of another process.
    struct Word: Sendable, Equatable {
        let name: String
        let value: String
    }

    var topics: [String]
    var from: ReplayBound?
    var to: ReplayBound?
    var fromOffsets: [Int32: Int64] = [:]
    var toOffsets: [Int32: Int64] = [:]
    /// Nil: all, or those that offsets are given for.
    var partitions: [Int32]?
    var filter = ReplayFilter.none
    var stages: Route = .publication
    var mayNotify = false
    /// How the ends were written: relative times mean the same job however late a second process comes.
    var texts: (from: String?, to: String?) = (nil, nil)

    /// Whether a partition is asked for at all.
    func wants(_ partition: Int32) -> Bool {
        if let partitions { return partitions.contains(partition) }
        guard !fromOffsets.isEmpty || !toOffsets.isEmpty else { return true }
        return fromOffsets[partition] != nil || toOffsets[partition] != nil
    }

    /// Everything that makes this job another one when it differs.
    var words: [Word] {
        func list(_ offsets: [Int32: Int64]) -> String {
            offsets.sorted { $0.key < $1.key }.map { "\($0.key):\($0.value)" }.joined(separator: ",")
        }
        return [
            Word(name: "topic", value: topics.joined(separator: ",")),
            Word(name: "from", value: texts.from ?? "earliest"),
            Word(name: "to", value: texts.to ?? "latest"),
            Word(name: "from-offsets", value: list(fromOffsets)),
            Word(name: "to-offsets", value: list(toOffsets)),
            Word(name: "partitions", value: (partitions ?? []).map(String.init).joined(separator: ",")),
            Word(name: "filter", value: filter.text),
            Word(name: "stages", value: stages.names.joined(separator: ",")),
            Word(name: "notify", value: mayNotify ? "yes" : "no"),
            Word(name: "version", value: Version.current),
        ]
    }

    static func == (one: ReplayRequest, other: ReplayRequest) -> Bool { one.words == other.words }
}

/// The name of a job, and of the groups that keep its state.
struct ReplayJobName: Sendable, Equatable, CustomStringConvertible {
    let description: String
    /// Made up for this process, so that nobody else has it.
    let isUnique: Bool

    static let allowed = "up to 100 letters, digits, '.', '_' and '-', not ending in .definition"

    init?(_ text: String) {
        let isLegal = text.utf8.allSatisfy { byte in
            switch byte {
            case 0x30...0x39, 0x41...0x5A, 0x61...0x7A, UInt8(ascii: "."), UInt8(ascii: "_"), UInt8(ascii: "-"): true
            default: false
            }
        }
        // The group of such a job would be the one that keeps another job's definition.
        guard isLegal, (1...100).contains(text.utf8.count), !text.hasSuffix(".definition") else { return nil }
        description = text
        isUnique = false
    }

    init(at time: String, random: UInt16) {
        let digits = String(random, radix: 16)
        description =
            time.prefix(19).filter { $0 != "-" && $0 != ":" } + "-" + String(repeating: "0", count: 4 - digits.count)
            + digits
        isUnique = true
    }

    /// The members of the job, and what they have finished.
    func group(of live: String) -> String { "\(live).replay.\(description)" }

    /// Has no members ever; its commits are the job's definition.
    func definitionGroup(of live: String) -> String { group(of: live) + ".definition" }
}
