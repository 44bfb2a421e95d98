/// Where the one transaction stands that all of a worker's results go into: who may act in it, and when it may end.
///
/// A commit must hold the results and the offsets of the same records. So nothing new is handed out while it is prepared, and it is
/// composed only when everything handed out has ended and was booked.
package struct TransactionCycle: Sendable {
    package enum Step: Sendable, Equatable {
        /// Nothing runs and nothing new is handed out: compose the commit, then call `commit` or `reopen`.
        case compose
        /// End it without a trace, then call `aborted`.
        case abort
    }

    private enum State: Sendable, Equatable {
        /// Actions may be handed out.
        case open
        /// Waits for those on their way.
        case shut
        case committing
        case aborting
    }

    private var state: State = .open
    /// Actions handed out that have not ended.
    private var outstanding = 0
    /// Why it can't be committed.
    private var damage: String?
    /// Something was handed out since the transaction began.
    private var isDirty = false
    /// How many transactions were aborted since one was committed.
    package private(set) var aborts = 0

    package init() {}

    /// Whether actions may be handed out.
    package var isOpen: Bool { state == .open && damage == nil }

    /// Nothing was done in it yet: the last one was ended, one way or the other.
    package var isUntouched: Bool { isOpen && !isDirty }

    /// Actions are on their way to stages and dead letters.
    package mutating func handOut(_ count: Int) {
        guard count > 0 else { return }
        outstanding += count
        isDirty = true
    }

    /// An action has ended and was booked.
    ///
    /// - Parameter failure: why its result may or may not be in the transaction; nil: it is certain.
    package mutating func ended(failure: String?) {
        outstanding = max(0, outstanding - 1)
        if let failure { damaged(failure) }
    }

    /// A commit is due.
    package mutating func shut() {
        if state == .open { state = .shut }
    }

    /// Something in it must not be seen by anybody, or nobody knows. Too late once its end is on its way: then it is whole, and the
    /// broker decides.
    package mutating func damaged(_ reason: String) {
        guard isDirty, state == .open || state == .shut else { return }
        if damage == nil { damage = reason }
    }

    /// What is to be done now.
    package mutating func next() -> Step? {
        guard outstanding == 0, state == .open || state == .shut else { return nil }
        guard damage == nil else {
            state = .aborting
            return .abort
        }
        return state == .shut ? .compose : nil
    }

    /// There is nothing to commit, or not yet.
    package mutating func reopen() {
        if state == .shut { state = .open }
    }

    /// The commit is on its way.
    package mutating func commit() {
        state = .committing
    }

    /// The next transaction has begun.
    package mutating func committed() {
        state = .open
        isDirty = false
        damage = nil
        aborts = 0
    }

    /// The next transaction has begun, and of this one nothing will be seen. Returns why.
    package mutating func aborted() -> String? {
        defer { damage = nil }
        state = .open
        isDirty = false
        aborts += 1
        return damage
    }
}

/// How a transaction ended; the next one has begun.
package enum TransactionEnd: Sendable, Equatable {
    case committed
    /// Why; nil when the worker wanted it so.
    case aborted(String?)
}
