import Kafka

@testable import Pipeline

/// Fetching, running, burying, redriving.
extension Simulation {
    mutating func fetch() {
        guard let index = pick({ !$0.position.isEmpty }),
            let source = members[index].position.keys.sorted(by: { $0.partition < $1.partition })
                .randomElement(using: &random),
            let slot = members[index].machine.slot(of: source), let entries = log[source],
            var position = members[index].position[source]
        else { return }
        let wanted = Int.random(in: 1...5, using: &random)
        let room = defect == .roomIgnored ? wanted : min(members[index].machine.room(in: slot), wanted)
        for _ in 0..<max(0, room) {
            guard position < entries.count else {
                // Markers may stand behind the last record.
                members[index].machine.reach((entries.last?.offset ?? -1) + 1 + markers, in: slot)
                break
            }
            let entry = entries[position]
            position += 1
            admit(entry, of: source, to: index, slot)
        }
        members[index].position[source] = position
    }

    private mutating func admit(_ entry: Entry, of source: TopicPartition, to index: Int, _ slot: Int) {
        trace.note(
            now,
            "member \(members[index].id) fetches \(source)/\(entry.offset), key \(entry.key), \(entry.kind)"
        )
        let (record, reception) = received(entry, of: source)
        members[index].machine.admit(record, in: slot, reception, at: now)
    }

    func received(_ entry: Entry, of source: TopicPartition) -> (Record, Reception) {
        let record = Record(
            source: source,
            offset: entry.offset,
            key: [UInt8(entry.key)],
            value: [1, 2, 3],
            headers: entry.redriven?.headers(of: source) ?? []
        )
        let reception: Reception
        switch entry.kind {
        case .ignore: reception = .ignore
        case .reject: reception = .reject(DeadLetter.Cause(.decode, "bad"), record)
        case .accept:
            reception = .accept(
                lane: defect == .lanesIgnored ? UInt64(entry.offset) : record.keyHash ?? 0,
                stages: entry.stages,
                work: Item(record, original: entry.original)
            )
        }
        return (record, reception)
    }

    mutating func finishRun() throws(Violation) {
        guard let index = pick({ !$0.runs.isEmpty }),
            let number = members[index].runs.indices.randomElement(using: &random)
        else { return }
        let run = members[index].runs.remove(at: number)
        let outcome = try attempt(run.work, run.stage)
        trace.note(
            now,
            "member \(members[index].id) ends stage \(run.stage) of \(run.work.source)/\(run.work.offset): \(outcome)"
        )
        members[index].machine.completed(run.ticket, outcome, microseconds: 10, at: now)
    }

    /// What a stage's sink and the journal make of a record.
    mutating func attempt(_ work: Item, _ stage: Int, isReplay: Bool = false) throws(Violation) -> StageOutcome {
        if sinkDown[stage] { return .unavailable(reason: "down") }
        if let place = place(work.source, work.offset) {
            if stage == 0, log[work.source]?[place].isRefused == true {
                log[work.source]?[place].isRefused = false
                return .reject(reason: "refused")
            }
            if let left = log[work.source]?[place].failures[stage], left > 0 {
                if left != .max { log[work.source]?[place].failures[stage] -= 1 }
                // A sink that fails only records that always fail, and no others come, can't be told from one that is down: the
                // breaker stays open. In the end the sink says what it thinks of them.
                return left == .max && calm ? .reject(reason: "never") : .retry(reason: "fails")
            }
        }
        let effect = Effect(source: work.source, offset: work.original, stage: stage)
        if hasJournal, journal.contains(effect) { return .done(.suppressed) }
        try perform(effect, isReplay: isReplay)
        if defect != .journalForgets { journal.insert(effect) }
        return .done(.performed)
    }

    mutating func perform(_ effect: Effect, isReplay: Bool = false) throws(Violation) {
        performed[effect, default: 0] += 1
        if performed[effect] ?? 0 > 1 { repeats += 1 }
        // A replay keeps the order inside of its range only, and parks nothing.
        guard !isReplay else {
            guard effect.stage != 0 || job?.mayNotify == true else {
                throw Violation(description: "\(effect.source)/\(effect.offset): a replay notified without leave")
            }
            return
        }
        guard performed[effect] == 1, let entry = entry(effect.source, effect.offset) else { return }
        // Given up: it has no place in the order any more, should an operator begin again from before.
        guard discarded[effect.source]?.contains(effect.offset) != true else { return }
        let place = [UInt64(effect.source.partition), entry.key, UInt64(effect.stage)]
        if let last = lastFirst[place], last > effect.offset {
            throw Violation(
                description: "key \(entry.key) of \(effect.source): \(effect.offset) took effect after \(last)"
            )
        }
        lastFirst[place] = effect.offset
        for (offset, key) in letters[effect.source] ?? [:] where key == entry.key && offset < effect.offset {
            guard let dead = self.entry(effect.source, offset), !isPerformed(dead, of: effect.source),
                discarded[effect.source]?.contains(offset) != true
            else { continue }
            throw Violation(
                description:
                    "key \(key) of \(effect.source): \(effect.offset) took effect, but \(offset) is a dead letter"
            )
        }
    }

    mutating func finishBurial() {
        guard let index = pick({ !$0.burials.isEmpty }),
            let number = members[index].burials.indices.randomElement(using: &random)
        else { return }
        let burial = members[index].burials.remove(at: number)
        let fails = !calm && Int.random(in: 0..<4, using: &random) == 0
        let source = burial.record.source
        trace.note(
            now,
            "member \(members[index].id) buries \(source)/\(burial.record.offset), \(burial.cause.errorClass): \(!fails)"
        )
        if !fails, let entry = entry(source, burial.record.offset) {
            buried[source, default: []].insert(entry.offset)
            if burial.cause.errorClass != .decode {
                letters[source, default: [:]][entry.original] = entry.key
                if entry.isDiscarded {
                    discardedLetters[source, default: []].insert(entry.original)
                } else {
                    discardedLetters[source]?.remove(entry.original)
                }
                let known = latestLetters[source]?[entry.key] ?? -1
                latestLetters[source, default: [:]][entry.key] = max(known, entry.offset)
            }
        }
        members[index].machine.buried(burial.ticket, failure: fails ? "no" : nil, at: now)
    }

    /// An operator brings the letters of one key back, in order, and sometimes is interrupted.
    mutating func redrive() {
        guard let source = partitions.randomElement(using: &random), let waiting = letters[source],
            let key = Set(waiting.values).sorted().randomElement(using: &random)
        else { return }
        // What was sent before must have been taken, or it may be parked again behind the back of this redrive.
        let isTaken = lastRedriven[source] ?? -1 < committed[source]?.offset ?? 0
        guard isTaken || (!calm && Bool.random(using: &random)) else { return }
        var chain = waiting.filter { $0.value == key }.keys.sorted()
        if !calm, Int.random(in: 0..<4, using: &random) == 0 {
            chain = Array(chain.prefix(Int.random(in: 1...chain.count, using: &random)))
        }
        trace.note(now, "redrive of \(source): key \(key), \(chain) at \(endOfLog(source))")
        let known = latestLetters[source]?[key] ?? -1
        let overtakes = defect == .discardsOvertake && chain.count > 1
        if overtakes { chain = chain.suffix(1) }
        for original in chain {
            letters[source]?[original] = nil
            guard let first = entry(source, original) else { continue }
            let isDiscarded =
                discardedLetters[source]?.contains(original) == true || overtakes
                || (!calm && Int.random(in: 0..<4, using: &random) == 0)
            if isDiscarded { discarded[source, default: []].insert(original) }
            // Without a journal nobody knows which of its stages are done, or will be, at its first place.
            if !hasJournal, !isDiscarded { first.stages.forEachIndex { _ in repeatsAllowed += 1 } }
            let drawn = Self.entry(at: endOfLog(source), keys: keys, refusals: refusals, using: &random)
            let entry = Entry(
                offset: drawn.offset,
                key: key,
                kind: .accept,
                stages: first.stages,
                failures: calm ? [0, 0] : drawn.failures,
                isRefused: !calm && drawn.isRefused,
                redriven: Redriven(original: original, known: known, isDiscarded: isDiscarded)
            )
            log[source]?.append(entry)
            lastRedriven[source] = entry.offset
            guard !calm, overtakes || Int.random(in: 0..<3, using: &random) == 0 else { continue }
            var next = Self.entry(at: endOfLog(source), keys: keys, refusals: refusals, using: &random)
            if overtakes { next.key = key }
            log[source]?.append(next)
        }
    }

    func endOfLog(_ source: TopicPartition) -> Int64 {
        (log[source]?.last?.offset ?? -1) + 1 + markers
    }
}
