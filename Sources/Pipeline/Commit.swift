package import Kafka

/// At most one commit on its way, each with a deadline of our own.
package struct Commit: Sendable {
    /// After this long an unanswered commit counts as failed; its late answer is ignored.
    package static let timeout: Duration = .seconds(15)

    private struct Pending: Sendable {
        let token: UInt64
        let batch: [CommittedOffset]
        let deadline: Duration
    }

    private let interval: Duration
    private var pending: Pending?
    private var lastToken: UInt64 = 0
    private var lastStart: Duration = .zero

    package init(interval: Duration) {
        self.interval = interval
    }

    package var isOnItsWay: Bool { pending != nil }

    /// Whether a periodic commit may start.
    package func isDue(at now: Duration) -> Bool {
        pending == nil && now - lastStart >= interval
    }

    /// Registers a commit and gives the token to send it with.
    package mutating func begin(_ batch: [CommittedOffset], at now: Duration) -> UInt64 {
        lastToken += 1
        lastStart = now
        pending = Pending(token: lastToken, batch: batch, deadline: now + Self.timeout)
        return lastToken
    }

    /// Nothing was there to commit: the next look is an interval away.
    package mutating func skip(at now: Duration) {
        lastStart = now
    }

    /// The broker answered; nil when nobody waits for this answer any more.
    package mutating func answered(_ token: UInt64) -> [CommittedOffset]? {
        guard let batch = pending, batch.token == token else { return nil }
        pending = nil
        return batch.batch
    }

    /// The batch whose deadline has passed, given up now.
    package mutating func expired(at now: Duration) -> [CommittedOffset]? {
        guard let late = pending, now >= late.deadline else { return nil }
        pending = nil
        return late.batch
    }
}
