internal import Kafka
internal import LoyaltyEvents
internal import Pipeline
internal import Synchronization

/// How one try to bring an effect about ended.
enum Delivery: Sendable {
    /// It is there. `.suppressed`: it must not be, and is to be recorded as done all the same.
    case made(Completion)
    /// It is not there, or nobody knows (`mayHaveHappened`).
    case failed(StageOutcome, mayHaveHappened: Bool = false)
}

/// The effects of one stage in one scope: sees to it that each is brought about once, as far as that can be known.
final class EffectLedger: Sendable {
    /// What this process knows of an effect that the journal doesn't.
    private enum Doubt {
        /// An earlier try got no answer: it may have been brought about.
        case unanswered
        /// It was brought about, but could not be recorded.
        case unrecorded(Completion)
    }

    private enum Turn {
        case own
        case alreadyDone
    }

    private let scope: String
    private let stage: String
    private let journal: Journal?
    /// Effects being worked on in this process, with those who wait for the result.
    private let turns = Mutex<[EffectKey: [CheckedContinuation<Turn, Never>]]>([:])
    private let doubts = Mutex<[EffectKey: Doubt]>([:])
    private let doubtLimit: Int

    /// - Parameters:
    ///   - journal: nil: nothing is remembered, and every delivery is brought about.
    ///   - doubtLimit: unanswered tries that are remembered. Those of records that moved to another member are never
    ///     settled here; beyond this number new ones are dropped, which costs an exact count at worst.
    init(scope: String, stage: String, journal: Journal?, doubtLimit: Int = 100_000) {
        self.doubtLimit = doubtLimit
        self.scope = scope
        self.stage = stage
        self.journal = journal
    }

    /// Brings an effect about unless it was before, and records it before returning.
    ///
    /// A second delivery of an effect under way in this process waits: it finds the effect done, or takes over when the
    /// first one failed.
    ///
    /// - Parameter known: the completion to report when the effect was there already.
    func once(
        _ key: EffectKey,
        for record: Record,
        attempt: Int,
        known: Completion,
        bringAbout: () async -> Delivery
    ) async -> StageOutcome {
        guard let journal else {
            switch await bringAbout() {
            case .made(let completion): return .done(settled(completion, key))
            case .failed(let outcome, let mayHaveHappened):
                if mayHaveHappened { remember(.unanswered, of: key) }
                return outcome
            }
        }
        guard await enter(key) == .own else { return .done(known) }
        let outcome = await attemptOnce(
            key,
            for: record,
            attempt: attempt,
            known: known,
            journal: journal,
            bringAbout: bringAbout
        )
        if case .done = outcome {
            leave(key, isDone: true)
        } else {
            leave(key, isDone: false)
        }
        return outcome
    }

    private func attemptOnce(
        _ key: EffectKey,
        for record: Record,
        attempt: Int,
        known: Completion,
        journal: Journal,
        bringAbout: () async -> Delivery
    ) async -> StageOutcome {
        let id = EffectID(scope: scope, stage: stage, key: key)
        do throws(JournalError) {
            let completion: Completion
            if case .unrecorded(let earlier) = doubts.withLock({ $0[key] }) {
                completion = earlier
            } else {
                if try await journal.isDone(id) { return .done(known) }
                switch await bringAbout() {
                case .made(let made): completion = settled(made, key)
                case .failed(let outcome, let mayHaveHappened):
                    if mayHaveHappened { remember(.unanswered, of: key) }
                    return outcome
                }
                // Until the journal has it: a retry must not do it again.
                remember(.unrecorded(completion), of: key)
            }
            try await journal.record(
                EffectRow(id: id, source: record.source, offset: record.offset, attempts: attempt)
            )
            doubts.withLock { _ = $0.removeValue(forKey: key) }
            return .done(completion)
        } catch {
            return .unavailable(reason: error.description)
        }
    }

    /// Takes an earlier try that got no answer into account.
    private func settled(_ completion: Completion, _ key: EffectKey) -> Completion {
        let doubt = doubts.withLock { $0.removeValue(forKey: key) }
        guard case .unanswered = doubt, completion == .performed else { return completion }
        return .repeated
    }

    private func remember(_ doubt: Doubt, of key: EffectKey) {
        doubts.withLock { doubts in
            switch doubt {
            case .unanswered:
                if doubts.count < doubtLimit || doubts[key] != nil { doubts[key] = doubt }
            case .unrecorded:
                // Never dropped, or a retry would bring the effect about again. There are no more of them than events
                // that are in flight or held back for the journal.
                doubts[key] = doubt
            }
        }
    }

    private func enter(_ key: EffectKey) async -> Turn {
        let isFree = turns.withLock { turns in
            guard turns[key] == nil else { return false }
            turns[key] = []
            return true
        }
        if isFree { return .own }
        return await withCheckedContinuation { continuation in
            let isFreeNow = turns.withLock { turns in
                guard turns[key] == nil else {
                    turns[key]?.append(continuation)
                    return false
                }
                turns[key] = []
                return true
            }
            if isFreeNow { continuation.resume(returning: .own) }
        }
    }

    private func leave(_ key: EffectKey, isDone: Bool) {
        let resumed = turns.withLock { turns -> [CheckedContinuation<Turn, Never>] in
            guard var waiting = turns[key], !waiting.isEmpty else {
                turns[key] = nil
                return []
            }
            guard !isDone else {
                turns[key] = nil
                return waiting
            }
            let next = waiting.removeFirst()
            turns[key] = waiting
            return [next]
        }
        for continuation in resumed {
            continuation.resume(returning: isDone ? .alreadyDone : .own)
        }
    }
}
