/// Reads amounts as people write them in settings.
enum Quantity {
    /// `200ms`, `15s`, `1.5s`, `5m`, `1h`, `2d`; the unit is required, so that nobody takes seconds for milliseconds.
    static func duration(_ text: String) -> Duration? {
        guard let (number, unit) = split(text), let nanoseconds = nanosecondsPerUnit[unit] else { return nil }
        let total = (number * nanoseconds).rounded()
        guard total <= 1e18 else { return nil }
        return .nanoseconds(Int64(total))
    }

    /// `64MiB`, `1 MiB`, `500kB`, `1024`: bytes without a unit; upper and lower case alike.
    static func size(_ text: String) -> Int? {
        guard let (number, unit) = split(text), let bytes = bytesPerUnit[unit.lowercased()] else { return nil }
        let total = (number * bytes).rounded()
        guard total <= 1e15 else { return nil }
        return Int(total)
    }

    /// The shortest way to write a duration that `duration` reads.
    static func text(_ duration: Duration) -> String {
        let (seconds, attoseconds) = duration.components
        guard attoseconds == 0 else {
            let milliseconds = Double(seconds) * 1000 + Double(attoseconds) / 1e15
            return milliseconds == milliseconds.rounded() ? "\(Int64(milliseconds))ms" : "\(milliseconds)ms"
        }
        if seconds > 0, seconds.isMultiple(of: 3600) { return "\(seconds / 3600)h" }
        if seconds > 0, seconds.isMultiple(of: 60) { return "\(seconds / 60)m" }
        return "\(seconds)s"
    }

    /// The shortest exact way to write a size that `size` reads.
    static func text(bytes: Int) -> String {
        for (unit, factor) in [("GiB", 1 << 30), ("MiB", 1 << 20), ("KiB", 1 << 10)]
        where bytes >= factor && bytes.isMultiple(of: factor) {
            return "\(bytes / factor) \(unit)"
        }
        return "\(bytes) B"
    }

    private static let nanosecondsPerUnit: [String: Double] = [
        "us": 1e3, "ms": 1e6, "s": 1e9, "m": 60e9, "h": 3600e9, "d": 86400e9,
    ]

    private static let bytesPerUnit: [String: Double] = [
        "": 1, "b": 1, "kb": 1e3, "mb": 1e6, "gb": 1e9, "kib": 1024, "mib": 1_048_576, "gib": 1_073_741_824,
    ]

    private static func split(_ text: String) -> (number: Double, unit: String)? {
        let digits = text.prefix { ($0.isASCII && $0.isNumber) || $0 == "." }
        let unit = text.dropFirst(digits.count).drop { $0 == " " }
        guard digits.first?.isNumber == true, let number = Double(digits), number.isFinite else { return nil }
        return (number, String(unit))
    }
}
