internal import Foundation

/// An instant, in milliseconds since 1970-01-01T00:00:00Z.
package struct UTCTime: Hashable, Comparable, Sendable {
    package let milliseconds: Int64

    package init(milliseconds: Int64) {
        self.milliseconds = milliseconds
    }

    /// The system's clock.
    package static func now() -> UTCTime {
        UTCTime(milliseconds: Int64((Date().timeIntervalSince1970 * 1000).rounded(.down)))
    }

    /// Whole seconds, rounded down.
    package var seconds: Int64 {
        milliseconds / 1000 - (milliseconds % 1000 < 0 ? 1 : 0)
    }

    package static func < (one: UTCTime, other: UTCTime) -> Bool {
        one.milliseconds < other.milliseconds
    }

    /// How long after `other` this is; negative when before.
    package func since(_ other: UTCTime) -> Duration {
        .milliseconds(milliseconds) - .milliseconds(other.milliseconds)
    }

    /// Nil outside the years 0001 to 9999 and for dates that don't exist.
    init?(year: Int, month: Int, day: Int, hour: Int, minute: Int, second: Int, millisecond: Int = 0) {
        guard (1...9999).contains(year), (1...12).contains(month), (0...23).contains(hour), (0...59).contains(minute),
            (0...60).contains(second), (0...999).contains(millisecond),
            day >= 1, day <= Self.daysOf(month: month, year: year)
        else { return nil }
        let minutes = (Self.dayNumber(year: year, month: month, day: day) * 24 + hour) * 60 + minute
        milliseconds = Int64((minutes * 60 + second) * 1000 + millisecond)
    }

    /// Such as `2026-11-23T14:48:25.123Z`.
    package var iso8601: String {
        // Outside these years the form has no place for the number.
        let clamped = min(max(milliseconds, -62_135_596_800_000), 253_402_300_799_999)
        let day = clamped >= 0 ? clamped / 86_400_000 : (clamped - 86_399_999) / 86_400_000
        let time = Int(clamped - day * 86_400_000)
        let date = Self.date(ofDay: Int(day))
        var text = Self.digits(date.year, 4) + "-" + Self.digits(date.month, 2) + "-" + Self.digits(date.day, 2)
        text += "T" + Self.digits(time / 3_600_000, 2) + ":" + Self.digits(time / 60_000 % 60, 2)
        text += ":" + Self.digits(time / 1000 % 60, 2) + "." + Self.digits(time % 1000, 3) + "Z"
        return text
    }

    private static func digits(_ number: Int, _ width: Int) -> String {
        let text = String(number)
        return String(repeating: "0", count: max(0, width - text.count)) + text
    }

    private static func daysOf(month: Int, year: Int) -> Int {
        switch month {
        case 2: year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) ? 29 : 28
        case 4, 6, 9, 11: 30
        default: 31
        }
    }

    /// Days since 1970-01-01 in the Gregorian calendar (H. Hinnant, "chrono-compatible low-level date algorithms").
    private static func dayNumber(year: Int, month: Int, day: Int) -> Int {
        let shifted = month <= 2 ? year - 1 : year
        let era = shifted / 400
        let yearOfEra = shifted - era * 400
        let dayOfYear = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1
        let dayOfEra = yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear
        return era * 146_097 + dayOfEra - 719_468
    }

    private static func date(ofDay number: Int) -> (year: Int, month: Int, day: Int) {
        let shifted = number + 719_468
        let era = shifted / 146_097
        let dayOfEra = shifted - era * 146_097
        let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let shiftedMonth = (5 * dayOfYear + 2) / 153
        let month = shiftedMonth < 10 ? shiftedMonth + 3 : shiftedMonth - 9
        let year = yearOfEra + era * 400 + (month <= 2 ? 1 : 0)
        return (year, month, dayOfYear - (153 * shiftedMonth + 2) / 5 + 1)
    }
}
