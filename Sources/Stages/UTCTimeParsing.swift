extension UTCTime {
    /// Reads `2026-11-23T14:48:25Z`, with or without a fraction, with `Z`, an offset such as `+01:00`, or neither (then
    /// UTC is meant).
    package init?(iso8601 text: String) {
        var scanner = DigitScanner(text)
        guard let year = scanner.number(4), scanner.skip("-"), let month = scanner.number(2), scanner.skip("-"),
            let day = scanner.number(2), scanner.skip("T") || scanner.skip("t") || scanner.skip(" "),
            let hour = scanner.number(2), scanner.skip(":"), let minute = scanner.number(2)
        else { return nil }
        var second = 0
        var millisecond = 0
        if scanner.skip(":") {
            guard let value = scanner.number(2) else { return nil }
            second = value
            if scanner.skip(".") || scanner.skip(",") {
                guard let fraction = scanner.fraction() else { return nil }
                millisecond = fraction
            }
        }
        guard let offset = scanner.zoneMinutes(), scanner.isAtEnd,
            let local = UTCTime(
                year: year,
                month: month,
                day: day,
                hour: hour,
                minute: minute,
                second: second,
                millisecond: millisecond
            )
        else { return nil }
        self.init(milliseconds: local.milliseconds - Int64(offset) * 60_000)
    }

    /// Reads the three forms of a date in HTTP (RFC 9110, 5.6.7). `now` tells the century of a year of two digits.
    package init?(httpDate text: String, now: UTCTime) {
        let words = text.split(whereSeparator: { $0 == " " || $0 == "," || $0 == "-" }).map(String.init)
        let parts: (day: String, month: String, year: String, time: String)
        if words.count == 6, words[5] == "GMT" {
            parts = (words[1], words[2], words[3], words[4])
        } else if words.count == 5 {
            parts = (words[2], words[1], words[4], words[3])
        } else {
            return nil
        }
        let months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]
        let clock = parts.time.split(separator: ":", omittingEmptySubsequences: false).map { Self.natural($0) }
        guard let month = months.firstIndex(of: parts.month), let day = Self.natural(parts.day),
            var year = Self.natural(parts.year), clock.count == 3,
            let hour = clock[0], let minute = clock[1], let second = clock[2]
        else { return nil }
        if parts.year.utf8.count == 2 {
            // RFC 9110: what seems to be more than 50 years ahead was in the last century.
            let thisYear = Int(now.iso8601.prefix(4)) ?? 2000
            year += thisYear / 100 * 100
            if year > thisYear + 50 { year -= 100 }
        }
        self.init(year: year, month: month + 1, day: day, hour: hour, minute: minute, second: second)
    }

    private static func natural(_ text: some StringProtocol) -> Int? {
        guard !text.isEmpty, text.utf8.count <= 4, text.utf8.allSatisfy({ (0x30...0x39).contains($0) }) else {
            return nil
        }
        return Int(text)
    }
}

/// Reads numbers of fixed width.
private struct DigitScanner {
    private var rest: Substring.UTF8View

    init(_ text: String) {
        rest = Substring(text).utf8
    }

    var isAtEnd: Bool { rest.isEmpty }

    mutating func skip(_ character: Unicode.Scalar) -> Bool {
        guard rest.first == UInt8(ascii: character) else { return false }
        rest = rest.dropFirst()
        return true
    }

    mutating func number(_ width: Int) -> Int? {
        var number = 0
        for _ in 0..<width {
            guard let digit = digit() else { return nil }
            number = number * 10 + digit
        }
        return number
    }

    /// One or more digits behind the point, as milliseconds, rounded down.
    mutating func fraction() -> Int? {
        guard var milliseconds = digit().map({ $0 * 100 }) else { return nil }
        var weight = 10
        while let digit = digit() {
            milliseconds += digit * weight
            weight /= 10
        }
        return milliseconds
    }

    /// Minutes east of Greenwich.
    mutating func zoneMinutes() -> Int? {
        if isAtEnd || skip("Z") || skip("z") { return 0 }
        let sign: Int
        if skip("+") {
            sign = 1
        } else if skip("-") {
            sign = -1
        } else {
            return nil
        }
        guard let hours = number(2) else { return nil }
        _ = skip(":")
        let minutes = isAtEnd ? 0 : number(2)
        guard let minutes, hours <= 23, minutes <= 59 else { return nil }
        return sign * (hours * 60 + minutes)
    }

    private mutating func digit() -> Int? {
        guard let byte = rest.first, (0x30...0x39).contains(byte) else { return nil }
        rest = rest.dropFirst()
        return Int(byte) - 0x30
    }
}
