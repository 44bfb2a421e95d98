/// Keeps a failing sink from being asked, and from costing healthy records their attempts.
///
/// Time is passed in as a `Duration` since any fixed moment.
package struct CircuitBreaker: Sendable, Equatable {
    package struct Policy: Sendable, Equatable {
        /// Consecutive failures that open the breaker.
        package var failures: Int
        /// How long an open breaker waits before it lets one probe through.
        package var cooldown: Duration

        package init(failures: Int = 20, cooldown: Duration = .seconds(10)) {
            self.failures = failures
            self.cooldown = cooldown
        }
    }

    package enum State: Sendable, Equatable {
        /// Work passes. Becomes `open` after `Policy.failures` consecutive failures.
        case closed
        /// Nothing passes. Becomes `halfOpen` when the time has come.
        case open(until: Duration)
        /// One probe is on its way. Becomes `closed` when it succeeds, `open` again when it fails.
        case halfOpen
        /// Nothing passes any more in this process: the sink said that it is gone.
        case halted
    }

    package let policy: Policy
    package private(set) var state: State = .closed
    private var failuresInARow = 0

    package init(policy: Policy = Policy()) {
        self.policy = policy
    }

    /// Whether one more piece of work may start now; in the open state the first to ask after the cooldown is the probe.
    package mutating func admits(at now: Duration) -> Bool {
        switch state {
        case .closed: return true
        case .halfOpen, .halted: return false
        case .open(let until):
            guard now >= until else { return false }
            state = .halfOpen
            return true
        }
    }

    /// The sink answered, whatever it thought of the record.
    package mutating func succeeded() {
        failuresInARow = 0
        if state != .halted { state = .closed }
    }

    /// The sink failed. Returns whether the breaker is open now.
    @discardableResult
    package mutating func failed(at now: Duration, waitAtLeast: Duration? = nil) -> Bool {
        failuresInARow += 1
        switch state {
        case .halted: return true
        case .halfOpen: break
        case .closed, .open:
            guard failuresInARow >= policy.failures else { return state != .closed }
        }
        state = .open(until: now + max(policy.cooldown, waitAtLeast ?? .zero))
        return true
    }

    /// Opens it without having counted to the limit: nothing has succeeded for as long as a record was tried in vain.
    package mutating func trip(at now: Duration) {
        if state != .halted { state = .open(until: now + policy.cooldown) }
    }

    package mutating func halt() {
        state = .halted
    }
}
