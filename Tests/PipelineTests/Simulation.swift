import Kafka

@testable import Pipeline

/// A seeded world around the pure core: a broker with partitions, a group with members that come, stall, crash and leave, sinks that
/// fail, a journal. After every step the invariants are checked; a seed reproduces everything.
struct Simulation {
    final class Item: Sendable {
        let source: TopicPartition
        let offset: Int64
        init(_ source: TopicPartition, _ offset: Int64) {
            self.source = source
            self.offset = offset
        }
    }

    struct Effect: Hashable {
        let source: TopicPartition
        let offset: Int64
        let stage: Int
    }

    /// One record of the log and how it behaves.
    struct Entry {
        enum Kind { case ignore, reject, accept }
        let offset: Int64
        let key: UInt64
        let kind: Kind
        let stages: StageSet
        /// Failures before each stage succeeds; `.max`: always.
        var failures: [Int]
    }

    struct Member {
        let id: Int
        var machine: WorkerMachine<Item>
        let born: Duration
        var held: Set<TopicPartition> = []
        var position: [TopicPartition: Int] = [:]
        var runs: [(ticket: Ticket, stage: Int, work: Item)] = []
        var burials: [(ticket: Ticket, record: Record)] = []
        var commits: [(token: UInt64, batch: [CommittedOffset])] = []
        var resolves: [(generation: UInt64, partitions: [TopicPartition])] = []
        /// The group waits for this member's unassign since then.
        var owesAnswer: Duration?
        var isLeaving = false
        var isGone = false

        var summary: String {
            """
            member \(id) holds \(held.map(\.description).sorted()), \(machine.membership.phase), runs \(runs.count), \
            burials \(burials.count), commits \(commits.count), resolves \(resolves.count), \
            owes \(owesAnswer != nil), leaving \(isLeaving), \
            slots \(machine.assignment.slots.map { "\($0.source) owned \($0.partition != nil) orphans \($0.orphans)" }), \
            \(machine.assignment.breakers.map { "\($0.state)" }), in flight \(machine.assignment.inFlight), \
            buffered \(machine.assignment.bufferedBytes) of \(machine.assignment.settings.bufferedBytes), \
            positions \(position)
            """
        }
    }

    struct Violation: Error, CustomStringConvertible {
        let description: String
    }

    /// A deliberate defect of the shell or the world, to prove that the checks bite: one for each invariant that a history can break.
    enum Defect: CaseIterable {
        case none
        /// Commits one record too far.
        case commitBeyondFrontier
        /// The worker is not told that its partitions went to others, and goes on committing them.
        case lossUnheard
        /// Two records of one key run at once.
        case lanesIgnored
        /// Effects are not remembered.
        case journalForgets
        /// Time never passes for the worker: no retry, no probe, no deadline.
        case clockStandsStill
        /// Records are pulled without asking for room.
        case roomIgnored
    }

    var random: SplitMix64
    let defect: Defect
    var now: Duration = .zero
    var log: [TopicPartition: [Entry]] = [:]
    var committed: [TopicPartition: (offset: Int64, metadata: String)] = [:]
    var owner: [TopicPartition: Int] = [:]
    var members: [Member] = []
    var performed: [Effect: Int] = [:]
    var journal: Set<Effect> = []
    var buried: Set<Effect> = []
    var lastFirst: [[UInt64]: Int64] = [:]
    var isRebalancing = false
    var nextMember = 0
    var repeats = 0
    var repeatsAllowed = 0
    var sinkDown: [Bool] = [false, false]
    var calm = false
    let markers: Int64
    let settings: WorkerSettings
    let partitions: [TopicPartition]

    init(seed: UInt64, defect: Defect = .none) {
        random = SplitMix64(seed: seed)
        self.defect = defect
        var settings = WorkerSettings(group: "sim")
        settings.inFlight = Int.random(in: 1...12, using: &random)
        settings.bufferedBytes = Int.random(in: 2000...40_000, using: &random)
        settings.retry = RetryPolicy(maxAttempts: 3, initialDelay: .milliseconds(50), maxDelay: .seconds(1))
        settings.breaker = CircuitBreaker.Policy(failures: 4, cooldown: .milliseconds(500))
        settings.drainTimeout = .seconds(2)
        settings.commitInterval = .milliseconds(200)
        settings.isCooperative = Int.random(in: 0..<3, using: &random) == 0
        self.settings = settings
        markers = Int64.random(in: 0...2, using: &random)
        partitions = (0..<Int32.random(in: 1...4, using: &random)).map { TopicPartition(topic: "t", partition: $0) }
        for source in partitions {
            var offset: Int64 = Int64.random(in: 0...3, using: &random)
            var entries: [Entry] = []
            for _ in 0..<Int.random(in: 0...30, using: &random) {
                let dice = Int.random(in: 0..<20, using: &random)
                let failures = (0..<2).map { _ in
                    let dice = Int.random(in: 0..<25, using: &random)
                    return dice == 0 ? Int.max : dice < 5 ? dice / 2 : 0
                }
                entries.append(
                    Entry(
                        offset: offset,
                        key: UInt64.random(in: 0..<5, using: &random),
                        kind: dice == 0 ? .reject : dice < 4 ? .ignore : .accept,
                        stages: dice < 10 ? StageSet(index: 0) : [StageSet(index: 0), StageSet(index: 1)],
                        failures: failures
                    )
                )
                offset += Int.random(in: 0..<6, using: &random) == 0 ? Int64.random(in: 2...9, using: &random) : 1
            }
            log[source] = entries
        }
    }

    // MARK: Running

    mutating func run(steps: Int) throws {
        addMember()
        for _ in 0..<steps { try step() }
        calm = true
        sinkDown = [false, false]
        for _ in 0..<20_000 {
            if isFinished { break }
            if members.allSatisfy({ $0.isGone || $0.isLeaving }) { addMember() }
            try step()
        }
        guard isFinished else {
            throw Violation(
                description:
                    "stuck: \(unfinished.prefix(3)); owners \(owner), rebalancing \(isRebalancing), committed \(committed); \(members.filter { !$0.isGone }.map(\.summary))"
            )
        }
        try checkEnd()
    }

    private mutating func step() throws {
        let dice = Int.random(in: 0..<100, using: &random)
        switch dice {
        case 0..<20: passTime()
        case 20..<40: try fetch()
        case 40..<72: try finishRun()
        case 72..<80: try finishBurial()
        case 80..<88: try answerCommit()
        case 88..<92: answerResolve()
        case 92..<94 where !calm: rebalance()
        case 94 where !calm: addMember()
        case 95 where !calm: try crash()
        case 96 where !calm: leave()
        case 97 where !calm: try lose()
        case 98 where !calm: sinkDown[Int.random(in: 0..<2, using: &random)].toggle()
        default: regroup()
        }
        for index in members.indices where !members[index].isGone { try obey(index) }
        try check()
    }

    private mutating func passTime() {
        now += .milliseconds(Int.random(in: 1...(calm ? 400 : 120), using: &random))
        guard defect != .clockStandsStill else { return }
        for index in members.indices where !members[index].isGone { members[index].machine.advance(at: now) }
    }

    private mutating func pick(_ isWanted: (Member) -> Bool) -> Int? {
        var chosen: Int?
        var seen = 0
        for index in members.indices where !members[index].isGone && isWanted(members[index]) {
            seen += 1
            if Int.random(in: 0..<seen, using: &random) == 0 { chosen = index }
        }
        return chosen
    }

    private mutating func fetch() throws {
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
            let record = Record(source: source, offset: entry.offset, key: [UInt8(entry.key)], value: [1, 2, 3])
            let reception: Reception<Item>
            switch entry.kind {
            case .ignore: reception = .ignore
            case .reject: reception = .reject(DeadLetter.Cause(.decode, "bad"))
            case .accept:
                reception = .accept(
                    lane: defect == .lanesIgnored ? UInt64(entry.offset) : record.keyHash ?? 0,
                    stages: entry.stages,
                    work: Item(source, entry.offset)
                )
            }
            members[index].machine.admit(record, in: slot, reception, at: now)
        }
        members[index].position[source] = position
    }

    private mutating func finishRun() throws {
        guard let index = pick({ !$0.runs.isEmpty }),
            let number = members[index].runs.indices.randomElement(using: &random)
        else { return }
        let run = members[index].runs.remove(at: number)
        let effect = Effect(source: run.work.source, offset: run.work.offset, stage: run.stage)
        let outcome: StageOutcome
        if sinkDown[run.stage] {
            outcome = .unavailable(reason: "down")
        } else if let place = place(effect.source, effect.offset),
            let left = log[effect.source]?[place].failures[run.stage], left > 0
        {
            if left != .max { log[effect.source]?[place].failures[run.stage] -= 1 }
            // A sink that fails only records that always fail, and no others come, can't be told from one that is down: the breaker
            // stays open. In the end the sink says what it thinks of them.
            outcome = left == .max && calm ? .reject(reason: "never") : .retry(reason: "fails")
        } else if journal.contains(effect) {
            outcome = .done(.suppressed)
        } else {
            try perform(effect)
            if defect != .journalForgets { journal.insert(effect) }
            outcome = .done(.performed)
        }
        members[index].machine.completed(run.ticket, outcome, microseconds: 10, at: now)
    }

    private mutating func perform(_ effect: Effect) throws {
        performed[effect, default: 0] += 1
        if performed[effect] ?? 0 > 1 { repeats += 1 }
        guard performed[effect] == 1, let entry = entry(effect.source, effect.offset) else { return }
        let place = [UInt64(effect.source.partition), entry.key, UInt64(effect.stage)]
        if let last = lastFirst[place], last > effect.offset {
            throw Violation(
                description: "key \(entry.key) of \(effect.source): \(effect.offset) took effect after \(last)"
            )
        }
        lastFirst[place] = effect.offset
    }

    private mutating func finishBurial() throws {
        guard let index = pick({ !$0.burials.isEmpty }),
            let number = members[index].burials.indices.randomElement(using: &random)
        else { return }
        let burial = members[index].burials.remove(at: number)
        let fails = !calm && Int.random(in: 0..<4, using: &random) == 0
        if !fails { buried.insert(Effect(source: burial.record.source, offset: burial.record.offset, stage: -1)) }
        members[index].machine.buried(burial.ticket, failure: fails ? "no" : nil, at: now)
    }

    private mutating func answerCommit() throws {
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

    private mutating func apply(_ offset: CommittedOffset) throws {
        guard let position = offset.offset else { return }
        committed[offset.partition] = (position, offset.metadata)
        for entry in log[offset.partition] ?? [] where entry.offset < position {
            guard isSettled(entry, of: offset.partition) else {
                throw Violation(
                    description: "\(offset.partition): commit \(position) but \(entry.offset) is not finished"
                )
            }
        }
        let map = try OffsetMap(metadata: offset.metadata, frontier: position)
        for entry in log[offset.partition] ?? [] where entry.offset >= position {
            let status = map.status(at: entry.offset)
            if status.isFinished, !isSettled(entry, of: offset.partition) {
                throw Violation(
                    description: "\(offset.partition): the map says \(entry.offset) is finished, but it is not"
                )
            }
            var isDone = true
            status.doneStages.forEachIndex { stage in
                if performed[Effect(source: offset.partition, offset: entry.offset, stage: stage)] == nil {
                    isDone = false
                }
            }
            if !status.isFinished, !isDone {
                throw Violation(
                    description: "\(offset.partition): the map says a stage of \(entry.offset) is done, but it is not"
                )
            }
        }
    }

    private mutating func answerResolve() {
        guard let index = pick({ !$0.resolves.isEmpty }) else { return }
        let (generation, partitions) = members[index].resolves.removeFirst()
        if !calm, Int.random(in: 0..<6, using: &random) == 0 {
            members[index].machine.resolveFailed(generation: generation, "no coordinator")
            return
        }
        let starts = partitions.map { source in
            let last = committed[source]
            return WorkerMachine<Item>.Start(
                committed: CommittedOffset(partition: source, offset: last?.offset, metadata: last?.metadata ?? ""),
                end: (log[source]?.last?.offset).map { $0 + 1 + markers } ?? 0
            )
        }
        members[index].machine.resolved(generation: generation, starts, at: now)
    }

    // MARK: The group

    private mutating func addMember() {
        guard members.count(where: { !$0.isGone }) < 3 else { return }
        nextMember += 1
        members.append(
            Member(
                id: nextMember,
                machine: WorkerMachine(settings: settings, stages: ["a", "b"], seed: random.next()),
                born: now
            )
        )
        rebalance()
    }

    /// The group takes everything back; `regroup` deals it out when all have answered.
    private mutating func rebalance() {
        guard !isRebalancing else { return }
        isRebalancing = true
        for index in members.indices where !members[index].isGone && members[index].owesAnswer == nil {
            let mine = partitions.filter { owner[$0] == members[index].id }
            guard !mine.isEmpty else { continue }
            members[index].owesAnswer = now
            members[index].machine.revoked(mine, lost: false, at: now)
        }
    }

    private mutating func regroup() {
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
        for index in present { members[index].machine.assigned(dealt[index] ?? [], at: now) }
    }

    private mutating func expel(_ index: Int) {
        let mine = partitions.filter { owner[$0] == members[index].id }
        for source in mine { owner[source] = nil }
        members[index].owesAnswer = nil
        members[index].held = []
        members[index].position = [:]
        guard defect != .lossUnheard else { return }
        members[index].machine.revoked(mine, lost: true, at: now)
    }

    private mutating func lose() throws {
        guard let index = pick({ !$0.isLeaving && !$0.held.isEmpty }) else { return }
        expel(index)
        rebalance()
    }

    private mutating func crash() throws {
        guard let index = pick({ _ in true }) else { return }
        // Calls on their way may have arrived without anybody knowing.
        for run in members[index].runs where Bool.random(using: &random) && !sinkDown[run.stage] {
            let effect = Effect(source: run.work.source, offset: run.work.offset, stage: run.stage)
            guard !journal.contains(effect), entry(effect.source, effect.offset)?.failures[run.stage] == 0 else {
                continue
            }
            repeatsAllowed += 1
            try perform(effect)
        }
        remove(index)
    }

    private mutating func remove(_ index: Int) {
        for source in partitions where owner[source] == members[index].id { owner[source] = nil }
        members[index].isGone = true
        members[index].owesAnswer = nil
        rebalance()
    }

    private mutating func leave() {
        guard let index = pick({ !$0.isLeaving }) else { return }
        members[index].machine.stop(at: now)
        members[index].isLeaving = true
    }

    /// Carries out what a machine has ordered, as the shell would.
    private mutating func obey(_ index: Int) throws {
        while !members[index].machine.orders.isEmpty {
            let orders = members[index].machine.orders
            members[index].machine.orders = []
            for order in orders {
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
                        throw Violation(
                            description: "member \(members[index].id) commits \(offset.partition), not its own"
                        )
                    }
                    members[index].commits.append((token, batch))
                case .close: remove(index)
                case .warn, .tell: break
                }
            }
        }
        for action in members[index].machine.actions {
            switch action {
            case .perform(let ticket, let stage, _, let work):
                try checkAlone(index, work, stage)
                members[index].runs.append((ticket, stage, work))
            case .bury(let ticket, let record, _, _): members[index].burials.append((ticket, record))
            }
        }
        members[index].machine.actions = []
    }

    // MARK: Invariants

    private func place(_ source: TopicPartition, _ offset: Int64) -> Int? {
        guard let entries = log[source] else { return nil }
        var low = 0
        var high = entries.count
        while low < high {
            let middle = (low + high) / 2
            if entries[middle].offset < offset { low = middle + 1 } else { high = middle }
        }
        return low < entries.count && entries[low].offset == offset ? low : nil
    }

    private func entry(_ source: TopicPartition, _ offset: Int64) -> Entry? {
        place(source, offset).flatMap { log[source]?[$0] }
    }

    private func isSettled(_ entry: Entry, of source: TopicPartition) -> Bool {
        if entry.kind == .ignore || buried.contains(Effect(source: source, offset: entry.offset, stage: -1)) {
            return true
        }
        guard entry.kind == .accept else { return false }
        var isDone = true
        entry.stages.forEachIndex { stage in
            if performed[Effect(source: source, offset: entry.offset, stage: stage)] == nil { isDone = false }
        }
        return isDone
    }

    /// Inside one process no two records of a key run at once.
    private func checkAlone(_ index: Int, _ work: Item, _ stage: Int) throws {
        let key = entry(work.source, work.offset)?.key
        for run in members[index].runs where run.work.source == work.source && run.work.offset != work.offset {
            if entry(run.work.source, run.work.offset)?.key == key {
                throw Violation(
                    description: "\(work.source): \(run.work.offset) and \(work.offset) of one key run at once"
                )
            }
        }
    }

    private func check() throws {
        for member in members where !member.isGone {
            let assignment = member.machine.assignment
            guard assignment.inFlight <= settings.inFlight, assignment.inFlight >= 0 else {
                throw Violation(description: "\(assignment.inFlight) records in flight, \(settings.inFlight) allowed")
            }
            // One pull may go over the limit by what it pulled.
            guard assignment.bufferedBytes <= settings.bufferedBytes + 5 * 1024, assignment.bufferedBytes >= 0 else {
                throw Violation(
                    description: "\(assignment.bufferedBytes) bytes buffered, \(settings.bufferedBytes) allowed"
                )
            }
        }
        guard repeats <= repeatsAllowed else {
            throw Violation(
                description: "\(repeats) repeated effects, at most \(repeatsAllowed) calls were in flight at crashes"
            )
        }
    }

    private var unfinished: [String] {
        partitions.flatMap { source in
            (log[source] ?? []).filter { $0.offset >= committed[source]?.offset ?? 0 }.map { "\(source)/\($0.offset)" }
        }
    }

    private var isFinished: Bool {
        partitions.allSatisfy { source in
            guard let last = log[source]?.last else { return true }
            return last.offset < committed[source]?.offset ?? 0
        } && members.allSatisfy { $0.isGone || ($0.runs.isEmpty && $0.burials.isEmpty) }
    }

    private func checkEnd() throws {
        for source in partitions {
            for entry in log[source] ?? [] where !isSettled(entry, of: source) {
                throw Violation(description: "\(source)/\(entry.offset) was committed and never finished")
            }
        }
        for member in members where member.machine.assignment.counts.lost > 0 {
            throw Violation(description: "member \(member.id) counts \(member.machine.assignment.counts.lost) lost")
        }
        for member in members where !member.isGone {
            let assignment = member.machine.assignment
            guard assignment.inFlight == 0, assignment.bufferedBytes == 0 else {
                throw Violation(
                    description:
                        "idle, but \(assignment.inFlight) in flight and \(assignment.bufferedBytes) bytes buffered"
                )
            }
        }
    }
}
