internal import Synchronization

/// Wakes one waiting task. Rings may come from any thread, also from librdkafka's; rings while nobody waits are
/// remembered as one.
package final class Doorbell: Sendable {
    private enum State {
        case silent
        case rung
        case waiting(CheckedContinuation<Void, Never>)
    }

    private let state = Mutex(State.silent)

    package init() {}

    /// Never blocks for long and calls nothing of librdkafka, so it may run under librdkafka's locks.
    package func ring() {
        let waiter = state.withLock { state -> CheckedContinuation<Void, Never>? in
            switch state {
            case .silent, .rung:
                state = .rung
                return nil
            case .waiting(let continuation):
                state = .silent
                return continuation
            }
        }
        waiter?.resume()
    }

    /// Returns at once when it rang since the last wait. Does not end by cancellation of the task: ring to end it.
    /// There is one waiter; should a second one come, the first is let go.
    package func wait() async {
        await withCheckedContinuation { continuation in
            let resumed = state.withLock { state -> CheckedContinuation<Void, Never>? in
                switch state {
                case .silent:
                    state = .waiting(continuation)
                    return nil
                case .rung:
                    state = .silent
                    return continuation
                case .waiting(let earlier):
                    state = .waiting(continuation)
                    return earlier
                }
            }
            resumed?.resume()
        }
    }
}
