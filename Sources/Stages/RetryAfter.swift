/// The header `retry-after`.
enum RetryAfter {
    /// How long to wait; nil when the header can't be read. Dates in the past mean no wait.
    ///
    /// - Parameter limit: no receiver can hold an event longer than this.
    static func duration(_ text: String, now: UTCTime, limit: Duration) -> Duration? {
        let text = text.drop(while: { $0 == " " || $0 == "\t" })
        let digits = text.prefix(while: { $0.isASCII && $0.isWholeNumber })
        if !digits.isEmpty {
            guard text.dropFirst(digits.count).allSatisfy({ $0 == " " || $0 == "\t" }) else { return nil }
            guard digits.utf8.count <= 9, let seconds = Int64(digits) else { return limit }
            return min(.seconds(seconds), limit)
        }
        guard let date = UTCTime(httpDate: String(text), now: now) else { return nil }
        return min(max(date.since(now), .zero), limit)
    }
}
