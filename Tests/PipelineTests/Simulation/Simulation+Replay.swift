import Kafka

@testable import Pipeline

/// A replay of a range of the log, in a group of its own, with the journal of live work: one process at a time, which is moved
/// about, stopped and killed as live members are.
extension Simulation {
    struct Job {
        let settings: WorkerSettings
        let mayNotify: Bool
        let ranges: [TopicPartition: Range<Int64>]
        var member: Member
        var committed: [TopicPartition: (offset: Int64, metadata: String)] = [:]
        /// Offsets of records that can't be replayed.
        var listed: [TopicPartition: Set<Int64>] = [:]
        /// Notifications that were not sent, because nobody asked for them by name.
        var suppressed: Set<Effect> = []

        var isFinished: Bool {
            member.runs.isEmpty && member.burials.isEmpty
                && ranges.allSatisfy { $1.isEmpty || committed[$0]?.offset == $1.upperBound }
        }
    }

    mutating func startJob() {
        var ranges: [TopicPartition: Range<Int64>] = [:]
        for source in partitions {
            let start = Int64.random(in: 0...endOfLog(source), using: &random)
            ranges[source] = start..<Int64.random(in: start...endOfLog(source), using: &random)
        }
        var settings = settings
        settings.group = "job"
        settings.isCooperative = false
        settings.ranges = ranges
        let mayNotify = Bool.random(using: &random)
        settings.mode = .replay(mayNotify: mayNotify)
        trace.note(now, "a replay begins: \(ranges), may notify: \(mayNotify)")
        job = Job(settings: settings, mayNotify: mayNotify, ranges: ranges, member: jobMember(settings))
    }

    private mutating func jobMember(_ settings: WorkerSettings) -> Member {
        nextMember += 1
        return Member(
            id: nextMember,
            machine: WorkerMachine(settings: settings, stages: ["a", "b"], seed: random.next())
        )
    }

    mutating func stepJob() throws(Violation) {
        switch Int.random(in: 0..<20, using: &random) {
        case 0..<3: if defect != .clockStandsStill { job?.member.machine.advance(at: now) }
        case 3..<7: fetchForJob()
        case 7..<13: try finishJobRun()
        case 13: finishListing()
        case 14..<16: try answerJobCommit()
        case 16: answerJobResolve()
        case 17 where !calm: moveJob()
        case 18 where !calm: try crashJob()
        default:
            guard job?.member.held.isEmpty == true, job?.member.owesAnswer == nil, job?.member.isLeaving == false
            else { break }
            job?.member.held = Set(partitions)
            job?.member.machine.assigned(partitions, at: now)
        }
        try obeyJob()
    }

    private mutating func fetchForJob() {
        let open = job?.member.position.keys.sorted { $0.partition < $1.partition } ?? []
        guard let source = open.randomElement(using: &random), let slot = job?.member.machine.slot(of: source),
            let entries = log[source], var position = job?.member.position[source]
        else { return }
        let room = min(job?.member.machine.room(in: slot) ?? 0, Int.random(in: 1...5, using: &random))
        for _ in 0..<max(0, room) {
            guard position < entries.count else {
                let end = endOfLog(source)
                job?.member.machine.reach(end, in: slot)
                break
            }
            let entry = entries[position]
            position += 1
            guard defect == .rangeIgnored || job?.member.machine.admits(entry.offset, in: slot) == true else {
                continue
            }
            let (record, reception) = received(entry, of: source)
            trace.note(now, "the replay fetches \(source)/\(entry.offset), key \(entry.key), \(entry.kind)")
            job?.member.machine.admit(record, in: slot, reception, at: now)
        }
        job?.member.position[source] = position
    }

    private mutating func finishJobRun() throws(Violation) {
        guard let mode = job?.settings.mode, let number = job?.member.runs.indices.randomElement(using: &random),
            let run = job?.member.runs.remove(at: number)
        else { return }
        let context = StageContext(attempt: 1, mode: mode)
        let outcome: StageOutcome
        if run.stage == 0, context.notificationPermit == nil, defect != .permitIgnored {
            job?.suppressed.insert(Effect(source: run.work.source, offset: run.work.original, stage: run.stage))
            outcome = .done(.suppressed)
        } else {
            outcome = try attempt(run.work, run.stage, isReplay: true)
        }
        trace.note(now, "the replay ends stage \(run.stage) of \(run.work.source)/\(run.work.offset): \(outcome)")
        job?.member.machine.completed(run.ticket, outcome, microseconds: 10, at: now)
    }

    private mutating func finishListing() {
        guard let number = job?.member.burials.indices.randomElement(using: &random),
            let burial = job?.member.burials.remove(at: number)
        else { return }
        job?.listed[burial.record.source, default: []].insert(burial.record.offset)
        job?.member.machine.buried(burial.ticket, failure: nil, at: now)
    }

    private mutating func answerJobResolve() {
        guard let committed = job?.committed, job?.member.resolves.isEmpty == false,
            let (generation, sources) = job?.member.resolves.removeFirst()
        else { return }
        let starts = sources.map { source in
            let last = committed[source]
            return WorkerMachine.Start(
                committed: CommittedOffset(partition: source, offset: last?.offset, metadata: last?.metadata ?? ""),
                end: endOfLog(source),
                beginning: 0
            )
        }
        job?.member.machine.resolved(generation: generation, starts, at: now)
    }

    private mutating func answerJobCommit() throws(Violation) {
        guard job?.member.commits.isEmpty == false, let (token, batch) = job?.member.commits.removeFirst() else {
            return
        }
        let dice = calm ? 9 : Int.random(in: 0..<10, using: &random)
        if dice == 0 { return }
        guard dice > 1 else {
            job?.member.machine.commitAnswered(token, [], failure: "refused", at: now)
            return
        }
        for offset in batch { try applyJob(offset) }
        if dice == 2 { return }
        job?.member.machine.commitAnswered(token, batch, failure: nil, at: now)
    }

    private mutating func applyJob(_ offset: CommittedOffset) throws(Violation) {
        guard let job, let position = offset.offset, let range = job.ranges[offset.partition] else { return }
        trace.note(now, "the replay commits \(offset.partition): \(position) \(offset.metadata)")
        guard range.lowerBound...range.upperBound ~= position, !range.isEmpty else {
            throw Violation(description: "\(offset.partition): the replay of \(range) commits \(position)")
        }
        if defect == .replayCommitsForAll { committed[offset.partition] = (position, offset.metadata) }
        self.job?.committed[offset.partition] = (position, offset.metadata)
        let entries = (log[offset.partition] ?? []).filter { range.contains($0.offset) }
        try check(offset, entries) { entry, stage in
            if entry.kind == .ignore || entry.isDiscarded { return true }
            if job.listed[offset.partition]?.contains(entry.offset) == true { return true }
            let effect = Effect(source: offset.partition, offset: entry.original, stage: stage)
            return entry.kind == .accept && (performed[effect] != nil || job.suppressed.contains(effect))
        }
    }

    /// Its group takes everything back, or it is told to stop.
    private mutating func moveJob() {
        guard let job, !job.member.held.isEmpty, job.member.owesAnswer == nil, !job.member.isLeaving else { return }
        switch Int.random(in: 0..<3, using: &random) {
        case 0:
            trace.note(now, "the replay is stopped")
            self.job?.member.isLeaving = true
            self.job?.member.machine.stop(at: now)
        case let dice:
            trace.note(now, "the replay's partitions are taken back")
            self.job?.member.owesAnswer = now
            self.job?.member.machine.revoked(partitions, lost: dice == 1, at: now)
        }
    }

    private mutating func crashJob() throws(Violation) {
        guard let job, Int.random(in: 0..<4, using: &random) == 0 else { return }
        trace.note(now, "the replay crashes")
        for run in job.member.runs where job.mayNotify || run.stage != 0 {
            try arriveUnheard(run.work, run.stage, isReplay: true)
        }
        let member = jobMember(job.settings)
        self.job?.member = member
    }

    private mutating func obeyJob() throws(Violation) {
        while let orders = job?.member.machine.orders, !orders.isEmpty {
            job?.member.machine.orders = []
            for order in orders { try obeyJob(order) }
        }
        for action in job?.member.machine.actions ?? [] {
            switch action {
            case .perform(let ticket, let stage, _, let work):
                guard let work = work as? Item, job?.ranges[work.source]?.contains(work.offset) == true else {
                    throw Violation(description: "the replay does what is outside of its range: \(ticket)")
                }
                job?.member.runs.append((ticket, stage, work))
            case .bury(let ticket, let record, let cause, _):
                job?.member.burials.append(Burial(ticket: ticket, record: record, cause: cause))
            }
        }
        job?.member.machine.actions = []
    }

    private mutating func obeyJob(_ order: WorkerMachine.Order) throws(Violation) {
        switch order {
        case .resolve(let generation, let sources): job?.member.resolves.append((generation, sources))
        case .assign(let starts):
            for start in starts {
                guard case .offset(let from) = start.position else { continue }
                job?.member.position[start.partition] =
                    log[start.partition]?.firstIndex { $0.offset >= from } ?? log[start.partition]?.count ?? 0
            }
        case .release(let sources):
            for source in sources { job?.member.position[source] = nil }
        case .unassign:
            job?.member.held = []
            job?.member.position = [:]
            job?.member.owesAnswer = nil
        case .commit(let token, let batch):
            guard let held = job?.member.held, batch.allSatisfy({ held.contains($0.partition) }) else {
                throw Violation(description: "the replay commits what is not its own: \(batch)")
            }
            job?.member.commits.append((token, batch))
        case .close:
            guard let settings = job?.settings else { return }
            let member = jobMember(settings)
            job?.member = member
        case .warn(let text): trace.note(now, "the replay warns: \(text)")
        case .tell, .discarded: break
        case .commitTransaction, .abortTransaction:
            throw Violation(description: "the replay has no transactions")
        }
    }

    func checkJobEnd() throws(Violation) {
        guard let job else { return }
        for (source, range) in job.ranges where range.isEmpty {
            guard let last = job.committed[source] else { continue }
            throw Violation(description: "\(source): the replay of nothing commits \(last)")
        }
        let assignment = job.member.machine.assignment
        guard assignment.counts.lost == 0, assignment.inFlight == 0, assignment.bufferedBytes == 0 else {
            throw Violation(description: "the replay is over, and \(job.member.summary)")
        }
    }
}
