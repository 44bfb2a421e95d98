import Kafka

@testable import Pipeline

/// The group, its members and its commits.
extension Simulation {
    mutating func addMember() {
        guard members.count(where: { !$0.isGone }) < 3 else { return }
        nextMember += 1
        members.append(
            Member(id: nextMember, machine: WorkerMachine(settings: settings, stages: ["a", "b"], seed: random.next()))
        )
        trace.note(now, "member \(nextMember) joins")
        rebalance()
    }

    /// The group takes everything back; `regroup` deals it out when all have answered.
    mutating func rebalance() {
        guard !isRebalancing else { return }
        isRebalancing = true
        rebalances += 1
        trace.note(now, "rebalance")
        for index in members.indices where !members[index].isGone && members[index].owesAnswer == nil {
            let mine = partitions.filter { owner[$0] == members[index].id }
            guard !mine.isEmpty else { continue }
            members[index].owesAnswer = now
            members[index].machine.revoked(mine, lost: false, at: now)
        }
    }

    mutating func regroup() {
        for index in members.indices where !members[index].isGone {
            // The rebalance timeout: who does not answer is thrown out and learns it as a loss.
            guard let since = members[index].owesAnswer, now - since > .seconds(30) else { continue }
            expel(index)
        }
        guard isRebalancing, !members.contains(where: { !$0.isGone && $0.owesAnswer != nil }) else { return }
        let present = members.indices.filter { !members[$0].isGone && !members[$0].isLeaving }
        isRebalancing = false
        guard !present.isEmpty else { return }
        var dealt: [Int: [TopicPartition]] = [:]
        for source in partitions {
            guard let index = present.randomElement(using: &random) else { continue }
            owner[source] = members[index].id
            dealt[index, default: []].append(source)
        }
        for index in present {
            trace.note(now, "member \(members[index].id) is assigned \((dealt[index] ?? []).map(\.description))")
            members[index].machine.assigned(dealt[index] ?? [], at: now)
        }
    }

    private mutating func expel(_ index: Int) {
        let mine = partitions.filter { owner[$0] == members[index].id }
        trace.note(now, "member \(members[index].id) loses \(mine.map(\.description))")
        for source in mine { owner[source] = nil }
        members[index].owesAnswer = nil
        members[index].held = []
        members[index].position = [:]
        // Without a journal, what it is doing is not known to the next owner.
        if !hasJournal { repeatsAllowed += members[index].runs.count }
        guard defect != .lossUnheard else { return }
        members[index].machine.revoked(mine, lost: true, at: now)
    }

    mutating func lose() {
        guard let index = pick({ !$0.isLeaving && !$0.held.isEmpty }) else { return }
        expel(index)
        rebalance()
    }

    mutating func crash() throws(Violation) {
        guard let index = pick({ _ in true }) else { return }
        trace.note(now, "member \(members[index].id) crashes")
        // Calls on their way may have arrived without anybody knowing.
        for run in members[index].runs { try arriveUnheard(run.work, run.stage) }
        remove(index)
    }

    /// A call of a process that was killed has perhaps arrived, and no journal knows.
    mutating func arriveUnheard(_ work: Item, _ stage: Int, isReplay: Bool = false) throws(Violation) {
        guard Bool.random(using: &random), !sinkDown[stage] else { return }
        let effect = Effect(source: work.source, offset: work.original, stage: stage)
        guard !journal.contains(effect), entry(work.source, work.offset)?.failures[stage] == 0 else { return }
        repeatsAllowed += 1
        try perform(effect, isReplay: isReplay)
    }

    private mutating func remove(_ index: Int) {
        for source in partitions where owner[source] == members[index].id { owner[source] = nil }
        members[index].isGone = true
        members[index].owesAnswer = nil
        rebalance()
    }

    mutating func leave() {
        guard let index = pick({ !$0.isLeaving }) else { return }
        trace.note(now, "member \(members[index].id) is stopped")
        members[index].machine.stop(at: now)
        members[index].isLeaving = true
    }

    /// An operator begins a partition again from its start, while nobody owns it.
    mutating func reset() {
        guard hasJournal, let source = partitions.first(where: { owner[$0] == nil && committed[$0] != nil }) else {
            return
        }
        trace.note(now, "\(source) is reset to its start")
        committed[source] = nil
    }

    mutating func answerResolve() {
        guard let index = pick({ !$0.resolves.isEmpty }) else { return }
        let (generation, sources) = members[index].resolves.removeFirst()
        if !calm, Int.random(in: 0..<6, using: &random) == 0 {
            members[index].machine.resolveFailed(generation: generation, "no coordinator")
            return
        }
        let starts = sources.map { source in
            let last = committed[source]
            if !hasJournal { repeatsAllowed += unknownEffects(of: source) }
            return WorkerMachine.Start(
                committed: CommittedOffset(partition: source, offset: last?.offset, metadata: last?.metadata ?? ""),
                end: (log[source]?.last?.offset).map { $0 + 1 + markers } ?? 0
            )
        }
        members[index].machine.resolved(generation: generation, starts, at: now)
    }

    /// Effects of records that the last commit does not know to be done: a new owner may bring them about once more.
    private func unknownEffects(of source: TopicPartition) -> Int {
        let last = committed[source]
        let frontier = last?.offset ?? 0
        let map = try? OffsetMap(metadata: last?.metadata ?? "", frontier: frontier)
        var count = 0
        for entry in log[source] ?? []
        where entry.offset >= frontier && entry.kind == .accept && !entry.isDiscarded {
            let status = map?.status(at: entry.offset) ?? .untouched
            guard !status.isFinished, defect != .mapForgotten || entry.offset < frontier + 3 else { continue }
            entry.stages.subtracting(status.doneStages).forEachIndex { stage in
                if performed[Effect(source: source, offset: entry.original, stage: stage)] != nil { count += 1 }
            }
        }
        // What is still running for an earlier owner, or for this one before, will not be known either.
        for member in members { count += member.runs.count { $0.work.source == source } }
        return count
    }

    mutating func answerCommit() throws(Violation) {
        guard let index = pick({ !$0.commits.isEmpty }) else { return }
        let (token, batch) = members[index].commits.removeFirst()
        let dice = calm ? 9 : Int.random(in: 0..<10, using: &random)
        let isOwner = batch.allSatisfy { owner[$0.partition] == members[index].id }
        if dice == 0 { return }
        if dice == 1 || !isOwner || (isRebalancing && dice < 4) {
            members[index].machine.commitAnswered(token, [], failure: "refused", at: now)
            return
        }
        for offset in batch { try apply(offset) }
        if dice == 2 { return }
        members[index].machine.commitAnswered(token, batch, failure: nil, at: now)
    }

    private mutating func apply(_ offset: CommittedOffset) throws(Violation) {
        guard let position = offset.offset else { return }
        trace.note(now, "\(offset.partition): commit \(position) \(offset.metadata)")
        committed[offset.partition] = (position, stored(offset.metadata, frontier: position))
        try check(offset, log[offset.partition] ?? []) { entry, stage in
            if entry.kind == .ignore || entry.isDiscarded { return true }
            if buried[offset.partition]?.contains(entry.offset) == true { return true }
            let effect = Effect(source: offset.partition, offset: entry.original, stage: stage)
            return entry.kind == .accept && performed[effect] != nil
        }
    }

    /// A commit says of these records that they are finished, or stages of them done.
    ///
    /// - Parameter isDone: whether it is so, of one stage.
    func check(_ offset: CommittedOffset, _ entries: [Entry], isDone: (Entry, Int) -> Bool) throws(Violation) {
        guard let position = offset.offset else { return }
        func isFinished(_ entry: Entry) -> Bool {
            var isFinished = true
            entry.stages.forEachIndex { if !isDone(entry, $0) { isFinished = false } }
            return isFinished
        }
        for entry in entries where entry.offset < position && !isFinished(entry) {
            throw Violation(
                description: "\(offset.partition): commit \(position) but \(entry.offset) is not finished"
            )
        }
        guard let map = try? OffsetMap(metadata: offset.metadata, frontier: position) else {
            throw Violation(description: "\(offset.partition): unreadable metadata \(offset.metadata)")
        }
        for entry in entries where entry.offset >= position {
            let status = map.status(at: entry.offset)
            if status.isFinished, !isFinished(entry) {
                throw Violation(
                    description: "\(offset.partition): the map says \(entry.offset) is finished, but it is not"
                )
            }
            var areDone = true
            status.doneStages.forEachIndex { if !isDone(entry, $0) { areDone = false } }
            if !status.isFinished, !areDone {
                throw Violation(
                    description: "\(offset.partition): the map says a stage of \(entry.offset) is done, but it is not"
                )
            }
        }
    }

    /// What the broker keeps of the metadata.
    private func stored(_ metadata: String, frontier: Int64) -> String {
        switch defect {
        case .mapForgotten: return ""
        case .barsForgotten:
            guard var map = try? OffsetMap(metadata: metadata, frontier: frontier) else { return metadata }
            map.barred = BarredKeys()
            return map.encoded().metadata
        default: return metadata
        }
    }

    /// Carries out what a machine has ordered, as the shell would.
    mutating func obey(_ index: Int) throws(Violation) {
        while !members[index].machine.orders.isEmpty {
            let orders = members[index].machine.orders
            members[index].machine.orders = []
            for order in orders { try obey(order, index) }
        }
        for action in members[index].machine.actions {
            switch action {
            case .perform(let ticket, let stage, _, let work):
                guard let work = work as? Item else { throw Violation(description: "work of another kind") }
                guard entry(work.source, work.offset)?.isDiscarded == false else {
                    throw Violation(description: "\(work.source)/\(work.offset) was discarded, and a stage runs")
                }
                try checkAlone(index, work, stage)
                members[index].runs.append((ticket, stage, work))
            case .bury(let ticket, let record, let cause, _):
                members[index].burials.append(Burial(ticket: ticket, record: record, cause: cause))
            }
        }
        members[index].machine.actions = []
    }

    private mutating func obey(_ order: WorkerMachine.Order, _ index: Int) throws(Violation) {
        switch order {
        case .resolve(let generation, let sources): members[index].resolves.append((generation, sources))
        case .assign(let starts):
            for start in starts {
                members[index].held.insert(start.partition)
                var from: Int64 = 0
                if case .offset(let offset) = start.position { from = offset }
                members[index].position[start.partition] =
                    log[start.partition]?.firstIndex { $0.offset >= from } ?? log[start.partition]?.count ?? 0
            }
        case .release(let sources):
            for source in sources { members[index].position[source] = nil }
        case .unassign(let sources):
            for source in settings.isCooperative ? sources : partitions {
                members[index].held.remove(source)
                members[index].position[source] = nil
                if owner[source] == members[index].id, members[index].owesAnswer != nil { owner[source] = nil }
            }
            members[index].owesAnswer = nil
        case .commit(let token, var batch):
            if defect == .commitBeyondFrontier {
                batch = batch.map { CommittedOffset(partition: $0.partition, offset: ($0.offset ?? 0) + 1) }
            }
            for offset in batch where !members[index].held.contains(offset.partition) {
                throw Violation(description: "member \(members[index].id) commits \(offset.partition), not its own")
            }
            members[index].commits.append((token, batch))
        case .commitTransaction, .abortTransaction: throw Violation(description: "a transaction that nobody asked for")
        case .close: remove(index)
        case .warn(let text): trace.note(now, "member \(members[index].id) warns: \(text)")
        case .discarded(let discard): trace.note(now, "member \(members[index].id) discards \(discard)")
        case .tell: break
        }
    }
}
