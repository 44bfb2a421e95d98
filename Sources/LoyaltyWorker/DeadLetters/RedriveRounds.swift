import Kafka
import Pipeline

/// The work of one redrive: batch by batch, then again for what was parked meanwhile.
struct RedriveRounds {
    let run: RedriveRun
    let office: DeadLetterOffice
    let publishing: RedrivePublishing
    var report = RedriveReport()

    private var earlier = RedrivePlan.Earlier()
    private var stuck: Set<Int> = []
    /// Partitions that letters went back to.
    private var sources: Set<TopicPartition> = []
    private var progress = ProgressLine()

    init(run: RedriveRun, office: DeadLetterOffice, publishing: RedrivePublishing) {
        self.run = run
        self.office = office
        self.publishing = publishing
    }

    /// Publishes the plan, and then, unless it was asked not to, what was parked behind it meanwhile.
    mutating func work(_ plan: RedrivePlan) async throws(CommandFailure) {
        defer { progress.end() }
        // From here on an earlier run that still works knows that it is not alone.
        var room = try await office.save()
        var plan = plan
        while true {
            earlier.known = office.index.letters.count
            try await publish(plan, room: &room)
            guard run.follows, !isStopped, !earlier.chains.isEmpty, report.rounds < RedriveRun.maxRounds else { return }
            report.isUnsettled = await !run.settle(sources, publishing.pace)
            guard !isStopped else { return }
            report.rounds += 1
            try await office.look()
            report.read = office.index.letters.count
            plan = RedrivePlan(office.index, limit: run.maxRedrives, stuck: stuck, after: earlier)
            report.count(plan)
            guard !plan.order.isEmpty else { return }
        }
    }

    private var isStopped: Bool { publishing.pace.isStopped }

    private mutating func publish(_ plan: RedrivePlan, room: inout Int) async throws(CommandFailure) {
        var left = plan.order[...]
        var stuckChains: Set<Letter.Chain> = []
        while !left.isEmpty, !isStopped {
            let batch = run.batch(of: left, office.index, room: room)
            guard !batch.isEmpty else {
                throw .failed(
                    "what was redriven lies too scattered among letters that stay for more to be recorded; redrive the"
                        + " oldest letters first, or leave the filter out"
                )
            }
            left = left.dropFirst(batch.count)
            let numbers = batch.filter { office.index.letters[$0].chain.map { !stuckChains.contains($0) } ?? true }
            let outcome = try await publish(numbers)
            for failure in outcome.failures {
                stuck.insert(failure.number)
                if let chain = office.index.letters[failure.number].chain { stuckChains.insert(chain) }
            }
            note(outcome.published)
            guard try await office.isAlone() else {
                throw .failed("another redrive of these letters has begun; this one leaves the rest to it")
            }
            room = try await office.save()
            try judge(outcome.failures)
            let (done, all, rounds) = (report.redriven, report.matched, report.rounds)
            let what = run.isDiscarding ? "discarded" : "redriven"
            progress.show("dead-letters: \(done) of \(all) \(what)" + (rounds > 1 ? ", round \(rounds)" : ""))
        }
    }

    private func publish(_ numbers: [Int]) async throws(CommandFailure) -> RedrivePublishing.Outcome {
        let records = try await office.records(of: numbers)
        var items: [RedrivePublishing.Item] = []
        var gone: [RedrivePublishing.Failure] = []
        var brokenChains: Set<Letter.Chain> = []
        for number in numbers {
            let chain = office.index.letters[number].chain
            if let chain, brokenChains.contains(chain) { continue }
            guard let record = records[number] else {
                let words = "\(office.place(of: number)) is no longer in its topic"
                gone.append(.init(number: number, error: KafkaError(.offsetOutOfRange, words, isRetriable: false)))
                if let chain { brokenChains.insert(chain) }
                continue
            }
            let known = office.index.latestStanding(with: number)
            items.append(RedrivePublishing.Item(number: number, chain: chain, record: record, known: known))
        }
        var outcome = await publishing.publish(items)
        outcome.failures += gone
        return outcome
    }

    private mutating func note(_ published: [Int]) {
        office.finish(published)
        report.redriven += published.count
        for number in published {
            let letter = office.index.letters[number]
            report.reasons[LetterGroup(letter), default: 0] += 1
            if run.isDiscarding { Terminal.printError("discarded: \(office.description(of: number))") }
            if let chain = letter.chain {
                if earlier.chains.insert(chain).inserted { report.keys += 1 }
            } else {
                report.keys += 1
            }
            guard let origin = letter.origin else { continue }
            earlier.records.insert(origin)
            sources.insert(origin.source)
        }
    }

    /// A letter that its topic does not take is left behind; a broker that does not answer ends the run.
    private mutating func judge(_ failures: [RedrivePublishing.Failure]) throws(CommandFailure) {
        guard let first = failures.first else { return }
        report.failed += failures.count
        report.firstFailure = report.firstFailure ?? "\(office.place(of: first.number)): \(first.error)"
        guard let lasting = failures.first(where: { $0.error.isRetriable || $0.error.isFatal }) else { return }
        throw .unreachable(
            "the brokers don't take the letters any more: \(lasting.error); what they took is recorded, the same command"
                + " goes on from there"
        )
    }
}
