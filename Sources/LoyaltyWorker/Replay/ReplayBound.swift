import Kafka
import Stages

/// One end of a replay's range, as people write it.
enum ReplayBound: Sendable, Equatable {
    case earliest
    case latest
    case time(UTCTime)
    /// So long before now.
    case ago(Duration)

    static let allowed =
        "earliest, latest, a time such as 2026-11-23T14:00:00Z, or a duration back from now such as -36h"

    init?(_ text: String) {
        switch text {
        case "earliest": self = .earliest
        case "latest": self = .latest
        case "now": self = .ago(.zero)
        default:
            if text.hasPrefix("-"), let duration = Quantity.duration(String(text.dropFirst())) {
                self = .ago(duration)
            } else if let time = UTCTime(iso8601: text) {
                self = .time(time)
            } else {
                return nil
            }
        }
    }

    /// Nil for the ends of the log.
    func time(at now: UTCTime) -> UTCTime? {
        switch self {
        case .earliest, .latest: nil
        case .time(let time): time
        case .ago(let duration):
            UTCTime(milliseconds: now.milliseconds - Int64((duration.inSeconds * 1000).rounded()))
        }
    }
}

/// Numbers of partitions, and offsets in them, as people write them.
enum PartitionList {
    /// `0,3-5`
    static func numbers(_ text: String) -> [Int32]? {
        var numbers: Set<Int32> = []
        for part in text.split(separator: ",", omittingEmptySubsequences: false) {
            let ends = part.split(separator: "-", omittingEmptySubsequences: false).map { natural($0) }
            guard let first = ends.first ?? nil, let last = ends.last ?? nil, ends.count <= 2, first <= last,
                last - first < 100_000
            else { return nil }
            for number in first...last { numbers.insert(number) }
        }
        return numbers.sorted()
    }

    /// `0:100,3:7`
    static func offsets(_ text: String) -> [Int32: Int64]? {
        var offsets: [Int32: Int64] = [:]
        for part in text.split(separator: ",", omittingEmptySubsequences: false) {
            let pair = part.split(separator: ":", omittingEmptySubsequences: false)
            guard pair.count == 2, let partition = natural(pair[0]), let offset = Int64(pair[1]), offset >= 0,
                offset < .max, offsets.updateValue(offset, forKey: partition) == nil
            else { return nil }
        }
        return offsets
    }

    private static func natural(_ text: some StringProtocol) -> Int32? {
        Int32(text.trimmed).flatMap { $0 >= 0 && $0 < .max ? $0 : nil }
    }
}
