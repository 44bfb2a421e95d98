import Kafka

/// Results and offsets in one transaction.
///
/// A transaction that was aborted is a crash without the process ending: everything since the last commit is forgotten, and read
/// again from there.
extension WorkerMachine {
    /// Whether `actions` may be carried out now.
    package var isHandingOut: Bool { transaction?.isOpen ?? true }

    /// The shell carries out `actions` now.
    package mutating func handOutActions() {
        transaction?.handOut(actions.count)
    }

    mutating func advanceTransaction(at now: Duration) {
        let isLeaving = membership.committingLast != nil
        if !isLeaving { lastCommitToken = nil }
        if isLeaving ? lastCommitToken == nil : membership.isSettled && commit.isDue(at: now) { transaction?.shut() }
        switch transaction?.next() {
        case .compose: compose(isLeaving: isLeaving, at: now)
        case .abort: orders.append(.abortTransaction)
        case nil: break
        }
        resolveHeld(at: now)
    }

    /// The transaction was ended, and the next one has begun.
    package mutating func transacted(_ end: TransactionEnd, at now: Duration) {
        let token = transactionToken
        transactionToken = nil
        switch end {
        case .committed:
            transaction?.committed()
            if let token { commitAnswered(token, [], failure: nil, at: now) }
        case .aborted(let reason):
            let damage = transaction?.aborted()
            if let token, let batch = commit.answered(token) { assignment.committed(batch, failed: true) }
            lastCommitToken = nil
            let text = reason ?? damage ?? "the worker gave it up"
            lastCommitError = "a transaction was aborted: \(text)"
            orders.append(.warn("a transaction was aborted, what was in it is read and done again: \(text)"))
            if let aborts = transaction?.aborts, aborts > 1 {
                beginAgainAt = now + assignment.backoff(afterFailures: aborts - 1)
            }
            follow(membership.beginAgain(at: now))
        }
        resolveHeld(at: now)
    }

    /// After `stop`, when there will be no transaction any more: leaves without draining.
    package mutating func giveUp(at now: Duration) {
        follow(membership.beginAgain(at: now))
    }

    private mutating func compose(isLeaving: Bool, at now: Duration) {
        // Of all partitions: none may have a result in this transaction and its offset in another one.
        let batch = assignment.commitBatch()
        if assignment.isIncomplete(batch) {
            assignment.withdraw(batch)
            transaction?.reopen()
            commit.skip(at: now)
            // Else it will fit when more of it is finished; meanwhile nothing more of the partition is read.
            if isLeaving { transaction?.damaged("there is no room for what is finished in the metadata of a commit") }
        } else if batch.isEmpty {
            transaction?.reopen()
            commit.skip(at: now)
            if isLeaving { follow(membership.committedLast(at: now)) }
        } else {
            let token = commit.begin(batch, at: now)
            transactionToken = token
            if isLeaving { lastCommitToken = token }
            transaction?.commit()
            orders.append(.commitTransaction(batch))
        }
    }

    /// Partitions were given up. What they had waiting must not be carried out any more, and what they have in the transaction is not
    /// theirs to commit.
    mutating func forgetHeldActions() {
        var stale: [Ticket] = []
        actions.removeAll { action in
            let ticket =
                switch action {
                case .perform(let ticket, _, _, _), .bury(let ticket, _, _, _): ticket
                }
            guard assignment.isStale(ticket) else { return false }
            stale.append(ticket)
            return true
        }
        for ticket in stale { _ = assignment.settle(ticket) }
        transaction?.damaged("its partitions were lost, or could not be drained in time")
    }

    private mutating func resolveHeld(at now: Duration) {
        guard let held = heldResolve, case .resolve(let generation, let partitions) = held, now >= beginAgainAt,
            transaction?.isUntouched == true
        else { return }
        heldResolve = nil
        if generation == membership.generation { orders.append(.resolve(generation: generation, partitions)) }
    }
}

extension StageOutcome {
    /// Why the stage has not come to an end; nil when it has.
    var failure: String? {
        switch self {
        case .done, .reject: nil
        case .retry(let reason, _), .unavailable(let reason, _), .halt(let reason): reason
        }
    }
}

extension Assignment {
    mutating func backoff(afterFailures failures: Int) -> Duration {
        settings.retry.delay(afterFailures: failures, using: &random)
    }
}
