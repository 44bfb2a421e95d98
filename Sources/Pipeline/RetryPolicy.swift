/// When a failed stage is tried again: exponential backoff with full jitter.
package struct RetryPolicy: Sendable, Equatable {
    /// Attempts at one stage of one record, the first included; then it is a dead letter.
    package var maxAttempts: Int
    package var initialDelay: Duration
    package var maxDelay: Duration

    package init(maxAttempts: Int = 8, initialDelay: Duration = .milliseconds(200), maxDelay: Duration = .seconds(60)) {
        self.maxAttempts = maxAttempts
        self.initialDelay = initialDelay
        self.maxDelay = maxDelay
    }

    /// The wait after `failures` failures in a row (1 or more): a random share of the exponential bound, so that many records that
    /// failed together do not come back together.
    package func delay(afterFailures failures: Int, using random: inout some RandomNumberGenerator) -> Duration {
        let exponent = min(max(failures, 1) - 1, 40)
        let bound = min(initialDelay * Double(1 << exponent), maxDelay)
        return bound * Double.random(in: 0...1, using: &random)
    }
}
