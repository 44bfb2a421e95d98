/// Decides when fetchers must be told that their queues have room again.
struct FetchReminder {
    /// As often as a newer librdkafka looks by itself.
    static let interval: Duration = .milliseconds(10)

    private var isOwed = false
    private var last: Duration = .zero - interval

    /// To be asked in each turn.
    mutating func isDue(pulled: Int, at now: Duration) -> Bool {
        if pulled > 0 { isOwed = true }
        guard isOwed, now - last >= Self.interval else { return false }
        isOwed = false
        last = now
        return true
    }
}
