import Stages

/// Writes moments as the events spell them.
enum Moment {
    /// The first moment that generated events speak of, in milliseconds since 1970: 2025-06-01T00:00:00Z.
    static let start: Int64 = 1_748_736_000_000

    private static let day: Int64 = 86_400_000
    private static let firstDay = start - 600 * day
    /// `2025-06-01T` and its like, because making them is the slow part.
    private static let dates = (0..<1200).map { number in
        Array(UTCTime(milliseconds: firstDay + Int64(number) * day).iso8601.utf8.prefix(11))
    }

    /// Appends an ISO 8601 moment with milliseconds, for example `2025-06-01T00:00:00.000Z`.
    static func append(milliseconds: Int64, to bytes: inout [UInt8]) {
        let number = Int((milliseconds - firstDay) / day)
        guard milliseconds >= firstDay, dates.indices.contains(number) else {
            bytes.append(contentsOf: UTCTime(milliseconds: milliseconds).iso8601.utf8)
            return
        }
        bytes.append(contentsOf: dates[number])
        let rest = (milliseconds - firstDay) % day
        append(rest / 3_600_000, separator: ":", to: &bytes)
        append(rest / 60_000 % 60, separator: ":", to: &bytes)
        append(rest / 1000 % 60, separator: ".", to: &bytes)
        bytes.append(digit(rest / 100))
        append(rest % 100, separator: "Z", to: &bytes)
    }

    private static func append(_ value: Int64, separator: Unicode.Scalar, to bytes: inout [UInt8]) {
        bytes.append(digit(value / 10))
        bytes.append(digit(value))
        bytes.append(UInt8(ascii: separator))
    }

    private static func digit(_ value: Int64) -> UInt8 {
        UInt8(truncatingIfNeeded: value % 10) + UInt8(ascii: "0")
    }
}
