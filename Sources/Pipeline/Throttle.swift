internal import Synchronization

/// Allows so many records a second on average, and a quarter of a second's worth at once.
package struct TokenBucket: Sendable {
    private static let burst = 0.25

    /// Records a second; nil: no limit.
    package var rate: Double?
    private var tokens = 0.0
    private var filledAt: Duration?

    package init(rate: Double?) {
        self.rate = rate
    }

    /// How many records may be taken now.
    package mutating func allowance(at now: Duration) -> Int {
        guard let rate else {
            filledAt = nil
            return .max
        }
        let elapsed = Double((now - (filledAt ?? now)).microseconds) / 1_000_000
        filledAt = now
        tokens = min(tokens + max(elapsed, 0) * rate, max(rate * Self.burst, 1))
        return max(Int(tokens), 0)
    }

    package mutating func spend(_ count: Int) {
        if rate != nil { tokens -= Double(count) }
    }
}

/// Holds a worker to a rate that others may change while it works.
package final class Throttle: Sendable {
    private let bucket: Mutex<TokenBucket>

    /// - Parameter rate: records a second; nil: no limit.
    package init(rate: Double?) {
        bucket = Mutex(TokenBucket(rate: rate))
    }

    package var rate: Double? {
        get { bucket.withLock { $0.rate } }
        set { bucket.withLock { $0.rate = newValue } }
    }

    /// - Parameter now: on any clock that never goes back, always the same one.
    package func allowance(at now: Duration) -> Int { bucket.withLock { $0.allowance(at: now) } }

    package func spend(_ count: Int) { bucket.withLock { $0.spend(count) } }
}
