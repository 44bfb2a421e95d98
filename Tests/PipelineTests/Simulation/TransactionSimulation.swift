import Kafka

@testable import Pipeline

/// A group of members whose results are in transactions, with a broker that refuses offsets of old generations and keeps the offsets of
/// a transaction back until it has ended. What readers of what is committed see must be every effect, once, in order.
struct TransactionSimulation {
    struct Violation: Error, CustomStringConvertible {
        let description: String
    }

    /// Deliberate mistakes of the shell or the broker, to see that they are found.
    enum Defect: CaseIterable {
        case none
        case gateIgnored
        case zombiesAccepted
        case offsetsReadTooEarly
        case abortForgotten
    }

    private final class Item: Work {
        let record: Record

        init(_ record: Record) {
            self.record = record
        }
    }

    private struct Entry {
        let offset: Int64
        let key: UInt8
        let stages: StageSet
        let isBad: Bool
    }

    struct Effect: Hashable {
        let source: TopicPartition
        let offset: Int64
        /// -1: the dead letter.
        let stage: Int
    }

    private struct End {
        let offsets: [CommittedOffset]?
        let effects: [Effect]
        let generation: Int
        var isSent = false
    }

    private struct Member {
        let id: Int
        var machine: WorkerMachine
        /// What it was a member of when it took its partitions up.
        var generation = -1
        var position: [TopicPartition: Int] = [:]
        var running: [Assignment.Action] = []
        var mails: [(ticket: Ticket, failure: String?)] = []
        var transaction: [Effect] = []
        var end: End?
        var resolves: [(generation: UInt64, partitions: [TopicPartition])] = []
        var owesAnswer = false
        var isIn = false
    }

    private let partitions = (0..<3).map { TopicPartition(topic: "t", partition: $0) }
    private let defect: Defect
    private let settings: WorkerSettings
    private var random: SplitMix64
    private var now: Duration = .zero
    private var isCalm = false
    private var logs: [TopicPartition: [Entry]] = [:]
    private var committed: [TopicPartition: CommittedOffset] = [:]
    private var seen: [Effect: Int] = [:]
    private var lastOfKey: [[Int]: Int64] = [:]
    private var members: [Member] = []
    private var nextID = 0
    private var generation = 0
    private var isRebalancing = true
    private(set) var aborts = 0
    private(set) var commits = 0

    init(seed: UInt64, defect: Defect = .none) {
        self.defect = defect
        random = SplitMix64(seed: seed)
        var settings = WorkerSettings(group: "g")
        settings.isTransactional = true
        settings.commitInterval = .milliseconds(100)
        settings.drainTimeout = .seconds(2)
        settings.inFlight = Int.random(in: 1...12, using: &random)
        settings.metadataLimit = Bool.random(using: &random) ? 60 : OffsetMap.limit
        settings.retry = RetryPolicy(maxAttempts: 3, initialDelay: .milliseconds(20), maxDelay: .milliseconds(200))
        settings.breaker.cooldown = .milliseconds(100)
        self.settings = settings
        for partition in partitions {
            var offset: Int64 = 0
            logs[partition] = (0..<Int.random(in: 5...40, using: &random))
                .map { _ in
                    offset += Int64.random(in: 1...3, using: &random)
                    return Entry(
                        offset: offset,
                        key: UInt8.random(in: 0..<5, using: &random),
                        stages: StageSet(rawValue: UInt8.random(in: 0...3, using: &random)),
                        isBad: Int.random(in: 0..<12, using: &random) == 0
                    )
                }
        }
        for _ in 0..<Int.random(in: 1...3, using: &random) { join() }
    }

    mutating func run() throws(Violation) {
        for _ in 0..<1500 { try step() }
        isCalm = true
        for _ in 0..<60_000 where !isDone { try step() }
        guard isDone else { throw Violation(description: "stands still: \(committed)") }
        for (source, entries) in logs {
            for entry in entries {
                var wanted: [Int] = entry.isBad ? [-1] : []
                if !entry.isBad { entry.stages.forEachIndex { wanted.append($0) } }
                for stage in wanted {
                    let count = seen[Effect(source: source, offset: entry.offset, stage: stage)] ?? 0
                    if count != 1 { throw Violation(description: "\(source)/\(entry.offset) \(stage): \(count) times") }
                }
            }
        }
    }

    private var isDone: Bool {
        logs.allSatisfy { source, entries in (committed[source]?.offset ?? 0) > entries.last?.offset ?? 0 }
    }

    private mutating func join() {
        let machine = WorkerMachine(settings: settings, stages: ["a", "b"], seed: random.next())
        members.append(Member(id: nextID, machine: machine))
        nextID += 1
        isRebalancing = true
    }

    private mutating func step() throws(Violation) {
        now += .milliseconds(Int.random(in: 0...15, using: &random))
        guard let index = members.indices.randomElement(using: &random) else { return join() }
        switch Int.random(in: 0..<100, using: &random) {
        case 0..<30: fetch(index)
        case 30..<60: act(index)
        case 60..<80: mail(index)
        case 80..<88: try endTransaction(index)
        case 88..<93: resolve(index)
        case 93..<96: group(index)
        case 96 where !isCalm:
            if Int.random(in: 0..<8, using: &random) == 0 { return try crash(index) }
        case 97 where !isCalm: isRebalancing = isRebalancing || Int.random(in: 0..<6, using: &random) == 0
        case 98 where !isCalm: now += .seconds(Int.random(in: 0...3, using: &random))
        default: break
        }
        try turn(index)
    }

    private mutating func turn(_ index: Int) throws(Violation) {
        members[index].machine.advance(at: now)
        while !members[index].machine.orders.isEmpty {
            let orders = members[index].machine.orders
            members[index].machine.orders = []
            for order in orders { try obey(order, index) }
        }
        guard members[index].machine.isHandingOut || defect == .gateIgnored else { return }
        members[index].machine.handOutActions()
        members[index].running += members[index].machine.actions
        members[index].machine.actions = []
    }

    private mutating func obey(_ order: WorkerMachine.Order, _ index: Int) throws(Violation) {
        switch order {
        case .resolve(let generation, let partitions): members[index].resolves.append((generation, partitions))
        case .assign(let starts):
            for start in starts {
                var from: Int64 = 0
                if case .offset(let offset) = start.position { from = offset }
                let entries = logs[start.partition] ?? []
                members[index].position[start.partition] =
                    entries.firstIndex { $0.offset >= from } ?? entries.count
            }
        case .release(let sources): for source in sources { members[index].position[source] = nil }
        case .unassign: members[index].owesAnswer = false
        case .commitTransaction(let offsets): try startEnd(offsets, index)
        case .abortTransaction: try startEnd(nil, index)
        case .commit: throw Violation(description: "a commit outside of a transaction")
        case .close, .warn, .tell, .discarded: break
        }
    }

    private mutating func startEnd(_ offsets: [CommittedOffset]?, _ index: Int) throws(Violation) {
        guard members[index].end == nil else { throw Violation(description: "two ends of a transaction at once") }
        let isCommit = offsets != nil || defect == .abortForgotten
        members[index].end = End(
            offsets: isCommit ? offsets ?? [] : nil,
            effects: members[index].transaction,
            generation: members[index].generation
        )
        members[index].transaction = []
    }

    /// Two steps: the coordinator of the group takes the offsets, or refuses those of an old member; then all of it counts, or nothing.
    private mutating func endTransaction(_ index: Int) throws(Violation) {
        guard let end = members[index].end else { return }
        if let offsets = end.offsets, !end.isSent {
            if offsets.isEmpty || end.generation == generation || defect == .zombiesAccepted {
                members[index].end?.isSent = true
                return
            }
        } else if end.offsets != nil, isCalm || Int.random(in: 0..<10, using: &random) > 0 {
            members[index].end = nil
            commits += 1
            try apply(end)
            return members[index].machine.transacted(.committed, at: now)
        }
        members[index].end = nil
        aborts += 1
        members[index].machine.transacted(.aborted(end.offsets == nil ? nil : "refused"), at: now)
    }

    private mutating func apply(_ end: End) throws(Violation) {
        for offset in end.offsets ?? [] {
            if (committed[offset.partition]?.offset ?? 0) > offset.offset ?? 0 {
                throw Violation(description: "\(offset.partition) goes back to \(offset.offset ?? 0)")
            }
            committed[offset.partition] = offset
        }
        for effect in end.effects {
            seen[effect, default: 0] += 1
            if seen[effect] ?? 0 > 1 { throw Violation(description: "\(effect) is seen twice") }
            guard effect.stage >= 0, let entry = logs[effect.source]?.first(where: { $0.offset == effect.offset })
            else { continue }
            let place = [Int(effect.source.partition), Int(entry.key), effect.stage]
            if let last = lastOfKey[place], last > effect.offset {
                throw Violation(description: "\(effect) is seen after \(last)")
            }
            lastOfKey[place] = effect.offset
        }
    }

    private mutating func crash(_ index: Int) throws(Violation) {
        let member = members.remove(at: index)
        isRebalancing = true
        if let end = member.end, end.isSent, Bool.random(using: &random) { try apply(end) }
        join()
    }

    /// A rebalance: everybody gives up, then the partitions are shared out anew. Who does not answer is thrown out.
    private mutating func group(_ index: Int) {
        guard isRebalancing else { return }
        if members[index].isIn {
            let isLost = !isCalm && Int.random(in: 0..<4, using: &random) == 0
            members[index].isIn = false
            members[index].owesAnswer = true
            members[index].machine.revoked(partitions.filter { owner[$0] == members[index].id }, lost: isLost, at: now)
            return
        }
        let isPatient = isCalm || Int.random(in: 0..<20, using: &random) > 0
        guard !members.contains(where: { ($0.isIn || $0.owesAnswer) && isPatient }) else { return }
        generation += 1
        isRebalancing = false
        owner = [:]
        let ids = members.map(\.id).filter { id in
            !late.contains(id) && members.contains { $0.id == id && !$0.isIn && !$0.owesAnswer }
        }
        .shuffled(using: &random)
        guard !ids.isEmpty else { return isRebalancing = true }
        for (number, source) in partitions.enumerated() { owner[source] = ids[number % ids.count] }
        for index in members.indices {
            let id = members[index].id
            if ids.contains(id) {
                members[index].isIn = true
                members[index].machine.assigned(partitions.filter { owner[$0] == id }, at: now)
            } else {
                // It learns so late that others work on its partitions already, and joins again.
                members[index].isIn = false
                members[index].owesAnswer = true
                late.insert(id)
                isRebalancing = true
            }
        }
    }

    private var owner: [TopicPartition: Int] = [:]
    private var late: Set<Int> = []

    /// Asks for the starts; offsets in a transaction that has not ended hold the answer back.
    private mutating func resolve(_ index: Int) {
        if late.remove(members[index].id) != nil {
            members[index].machine.revoked(Array(members[index].position.keys), lost: true, at: now)
            members[index].owesAnswer = false
            return
        }
        guard let (asked, wanted) = members[index].resolves.first else { return }
        let unstable = members.contains { member in
            member.end?.isSent == true && member.end?.offsets?.contains { wanted.contains($0.partition) } == true
        }
        guard !unstable || defect == .offsetsReadTooEarly else { return }
        members[index].resolves.removeFirst()
        if asked == members[index].machine.membership.generation { members[index].generation = generation }
        let starts = wanted.map { source in
            WorkerMachine.Start(
                committed: committed[source] ?? CommittedOffset(partition: source, offset: nil),
                end: (logs[source]?.last?.offset ?? 0) + 1
            )
        }
        members[index].machine.resolved(generation: asked, starts, at: now)
    }

    private mutating func fetch(_ index: Int) {
        guard
            let source = members[index].position.keys.sorted(by: { $0.partition < $1.partition })
                .randomElement(using: &random),
            let slot = members[index].machine.slot(of: source), let entries = logs[source],
            var position = members[index].position[source]
        else { return }
        let room = max(0, members[index].machine.room(in: slot))
        for _ in 0..<min(room, Int.random(in: 1...6, using: &random)) {
            guard position < entries.count else { break }
            let entry = entries[position]
            position += 1
            let record = Record(source: source, offset: entry.offset, key: [entry.key], value: [1], headers: [])
            let reception: Reception =
                entry.isBad
                ? .reject(DeadLetter.Cause(.decode, "bad"), record)
                : .accept(lane: record.keyHash ?? 0, stages: entry.stages, work: Item(record))
            members[index].machine.admit(record, in: slot, reception, at: now)
        }
        members[index].position[source] = position
    }

    /// Publishes what an action has to; the mail about it comes later.
    private mutating func act(_ index: Int) {
        guard let number = members[index].running.indices.randomElement(using: &random) else { return }
        let action = members[index].running.remove(at: number)
        let isFailing = !isCalm && Int.random(in: 0..<60, using: &random) == 0
        let effect: Effect
        let ticket: Ticket
        switch action {
        case .perform(let mine, let stage, _, let work):
            ticket = mine
            effect = Effect(source: work.record.source, offset: work.record.offset, stage: stage)
        case .bury(let mine, let record, _, _):
            ticket = mine
            effect = Effect(source: record.source, offset: record.offset, stage: -1)
        }
        // Whether a publish that failed has left something behind is not known.
        if !isFailing || Bool.random(using: &random) { members[index].transaction.append(effect) }
        members[index].mails.append((ticket, isFailing ? "fails" : nil))
    }

    private mutating func mail(_ index: Int) {
        guard !members[index].mails.isEmpty else { return }
        let (ticket, failure) = members[index].mails.removeFirst()
        if ticket.stage == nil {
            members[index].machine.buried(ticket, failure: failure, at: now)
        } else {
            let outcome = failure.map { StageOutcome.unavailable(reason: $0) } ?? .done(.performed)
            members[index].machine.completed(ticket, outcome, microseconds: 1, at: now)
        }
    }
}
