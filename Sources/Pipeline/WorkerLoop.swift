import Kafka
import Logging

/// The loop of a worker: feeds its machine with what happens and carries out what comes out. Owned by one task.
struct WorkerLoop {
    private struct OpenQueue {
        let queue: PartitionQueue
        let slot: Int
    }

    private let worker: Worker
    private let intake: any Intake
    private let start = ContinuousClock.now
    /// Wall clock at `start`, for the times that people read.
    private let startedAt = WallClock.now

    private var machine: WorkerMachine
    private var queues: [OpenQueue] = []
    private var nextQueue = 0
    private var mails: [Worker.Mail] = []
    private var failure: WorkerError?
    private var hasReachedEnd = false
    private var closeDeadline: Duration?
    private var lastStatus: Duration = .seconds(-1)
    private var standstill = Standstill()
    private var reminder = FetchReminder()
    private var lastProgress: Duration = .zero
    private var lastWarning: (text: String, at: Duration)?
    private var firstRecordAt: Duration?
    /// As what the present assignment was taken up, for transactions.
    private var member: GroupMember?
    private var lastOutcomeAt: Duration?

    init(of worker: Worker, intake: any Intake) {
        self.worker = worker
        self.intake = intake
        machine = WorkerMachine(
            settings: worker.settings,
            stages: worker.stages.map(\.name),
            seed: .random(in: 0 ... .max)
        )
    }

    private var now: Duration { start.duration(to: .now) }

    /// Turns until the group was left.
    mutating func run(in group: inout DiscardingTaskGroup) async -> WorkerError? {
        while true {
            let isBusy = turn(in: &group)
            if isFinished { break }
            if isBusy { await Task.yield() } else { await worker.doorbell.wait() }
        }
        return failure
    }

    /// One turn; true when there may be more to do at once.
    private mutating func turn(in group: inout DiscardingTaskGroup) -> Bool {
        let now = now
        let isFenced = standstill.isFenced(at: now)
        if !isFenced {
            takeMails(at: now)
            obey(at: now, in: &group)
        }
        while let event = worker.consumer.nextEvent() {
            answer(event, at: now)
            obey(at: now, in: &group)
        }
        guard !isFenced else { return false }
        let pulled = pull(at: now)
        if reminder.isDue(pulled: pulled, at: now) { worker.consumer.wakeFetchers() }
        machine.advance(at: now)
        stopAtEnd(at: now)
        obey(at: now, in: &group)
        let isBusy = pulled > 0 || !machine.actions.isEmpty && machine.isHandingOut
        perform(in: &group)
        if isBusy { lastProgress = now }
        if now - lastStatus >= WorkerTiming.statusInterval {
            lastStatus = now
            worker.publish(status())
            if let error = worker.publisher.fatalError { fail(.consumerFailed("the producer: \(error)"), at: now) }
        }
        return isBusy
    }

    private var isFinished: Bool {
        if worker.consumer.isClosed { return true }
        guard let closeDeadline else { return false }
        return now >= closeDeadline
    }

    // MARK: What has happened

    private mutating func takeMails(at now: Duration) {
        worker.mailbox.take(into: &mails)
        for mail in mails {
            switch mail {
            case .completed(let ticket, let outcome, let microseconds):
                log(outcome, of: ticket)
                lastOutcomeAt = now
                machine.completed(ticket, outcome, microseconds: microseconds, at: now)
            case .buried(let ticket, let failure):
                machine.buried(ticket, failure: failure, at: now)
            case .resolved(let generation, .success(let resolution)):
                if generation == machine.membership.generation { member = resolution.member }
                machine.resolved(generation: generation, resolution.starts, at: now)
            case .resolved(let generation, .failure(let error)):
                machine.resolveFailed(generation: generation, error.description)
            case .transacted(.success(let end)):
                if end == .committed { lastProgress = now }
                machine.transacted(end, at: now)
            case .transacted(.failure(let error)):
                fail(.transactionFailed(error.description), at: now)
                machine.giveUp(at: now)
            case .stop:
                if !machine.membership.isStopping { worker.logger.info("stopping: drain, commit, leave the group") }
                machine.stop(at: now)
            }
        }
    }

    private func log(_ outcome: StageOutcome, of ticket: Ticket) {
        let reason: String
        switch outcome {
        case .done: return
        case .retry(let text, _), .unavailable(let text, _), .reject(let text), .halt(let text): reason = text
        }
        guard let stage = ticket.stage else { return }
        worker.logger.debug("stage failed", metadata: ["stage": "\(worker.stages[stage].name)", "reason": "\(reason)"])
    }

    private mutating func answer(_ event: ConsumerEvent, at now: Duration) {
        switch event {
        case .assigned(let partitions):
            worker.logger.info("assigned", metadata: ["partitions": "\(partitions.listed)"])
            machine.assigned(partitions, at: now)
        case .revoked(let partitions, let lost):
            worker.logger.info("revoked", metadata: ["partitions": "\(partitions.listed)", "lost": "\(lost)"])
            machine.revoked(partitions, lost: lost, at: now)
        case .committed(let token, let results, let error):
            if error == nil { lastProgress = now }
            machine.commitAnswered(token, results, failure: error?.description, at: now)
        case .failure(let error) where error.isFatal:
            fail(.consumerFailed(error.description), at: now)
        case .failure(let error):
            warn("Kafka: \(error)", at: now)
        case .statistics:
            break
        }
    }

    private mutating func pull(at now: Duration) -> Int {
        guard !queues.isEmpty else { return 0 }
        var pulled = 0
        let allowance = worker.throttle?.allowance(at: now) ?? .max
        nextQueue = (nextQueue + 1) % queues.count
        for turn in queues.indices {
            let open = queues[(nextQueue + turn) % queues.count]
            let room = min(machine.room(in: open.slot), WorkerTiming.pullLimit, allowance - pulled)
            guard room > 0 else { continue }
            let source = open.queue.partition
            pulled += open.queue.receive(upTo: room) { message in
                if let error = message.error {
                    if error.code == .partitionEOF {
                        machine.reach(message.offset, in: open.slot)
                    } else {
                        warn("\(source): \(error)", at: now)
                    }
                } else if machine.admits(message.offset, in: open.slot) {
                    let redriven =
                        machine.isBarring(open.slot)
                        ? DeadLetter.redriven(message.headers, in: source, at: message.offset) : nil
                    machine.admit(
                        Assignment.Arrival(offset: message.offset, key: message.keyHash, redriven: redriven),
                        in: open.slot,
                        intake.receive(message, of: source),
                        at: now
                    )
                }
            }
        }
        worker.throttle?.spend(pulled)
        if pulled > 0, firstRecordAt == nil { firstRecordAt = now }
        return pulled
    }

    // MARK: What is to be done

    private mutating func obey(at now: Duration, in group: inout DiscardingTaskGroup) {
        while !machine.orders.isEmpty {
            let orders = machine.orders
            machine.orders = []
            for order in orders {
                do throws(KafkaError) {
                    try obey(order, at: now, in: &group)
                } catch {
                    warn("Kafka: \(error)", at: now)
                    if error.isFatal { fail(.consumerFailed(error.description), at: now) }
                }
            }
        }
    }

    private mutating func obey(
        _ order: WorkerMachine.Order,
        at now: Duration,
        in group: inout DiscardingTaskGroup
    ) throws(KafkaError) {
        switch order {
        case .resolve(let generation, let partitions):
            resolve(partitions, generation, in: &group)
        case .assign(let positions):
            for position in positions {
                guard let slot = machine.slot(of: position.partition) else { continue }
                queues.append(OpenQueue(queue: try worker.consumer.open(position.partition), slot: slot))
            }
            if worker.settings.isCooperative {
                try worker.consumer.incrementalAssign(positions)
            } else {
                try worker.consumer.assign(positions)
            }
        case .unassign(let partitions):
            if worker.settings.isCooperative {
                try worker.consumer.incrementalUnassign(partitions)
            } else {
                try worker.consumer.unassign()
            }
        case .release(let partitions):
            for open in queues where partitions.contains(open.queue.partition) { open.queue.close() }
            queues.removeAll { partitions.contains($0.queue.partition) }
        case .commit(let token, let batch):
            do throws(KafkaError) {
                try worker.consumer.commit(batch, token: token)
            } catch {
                machine.commitAnswered(token, [], failure: error.description, at: now)
            }
        case .commitTransaction(let batch):
            let worker = worker
            guard let transactions = worker.transactions, let member else {
                return fail(.transactionFailed("offsets of nobody"), at: now)
            }
            group.addTask(name: "commit") {
                worker.mailbox.post(await worker.commit(batch, of: member, in: transactions))
            }
        case .abortTransaction:
            let worker = worker
            guard let transactions = worker.transactions else { break }
            group.addTask(name: "abort") { worker.mailbox.post(await worker.abort(transactions)) }
        case .close:
            closeDeadline = now + WorkerTiming.closeTimeout
            try worker.consumer.startClose()
        case .warn(let text):
            warn(text, at: now)
        case .tell(let news):
            tell(news)
        case .discarded(let discard):
            worker.logger.warning(
                "discarded: a dead letter was given up for good, no stage of it runs",
                metadata: [
                    "partition": "\(discard.source)", "offset": "\(discard.offset)", "original": "\(discard.original)",
                ]
            )
        }
    }

    private func resolve(_ partitions: [TopicPartition], _ generation: UInt64, in group: inout DiscardingTaskGroup) {
        let worker = worker
        group.addTask(name: "resolve") {
            do throws(KafkaError) {
                let resolution = try await worker.resolution(of: partitions)
                worker.mailbox.post(.resolved(generation: generation, .success(resolution)))
            } catch {
                // A broker that refuses at once must not be asked in a tight loop.
                guard (try? await Task.sleep(for: .milliseconds(500))) != nil else { return }
                worker.mailbox.post(.resolved(generation: generation, .failure(error)))
            }
        }
    }

    private mutating func perform(in group: inout DiscardingTaskGroup) {
        let worker = worker
        let mode = worker.settings.mode
        guard machine.isHandingOut else { return }
        machine.handOutActions()
        for action in machine.actions {
            switch action {
            case .perform(let ticket, let stage, let attempt, let work):
                group.addTask {
                    let start = ContinuousClock.now
                    let context = StageContext(attempt: attempt, mode: mode)
                    let outcome = await worker.stages[stage].perform(erased: work, in: context)
                    let elapsed = start.duration(to: .now).microseconds
                    worker.mailbox.post(.completed(ticket, outcome, microseconds: elapsed))
                }
            case .bury(let ticket, let record, let cause, let firstFailure):
                let letter = DeadLetter(record: record, cause: cause, firstFailure: startedAt.text(after: firstFailure))
                group.addTask(name: "bury") { await worker.bury(letter, ticket) }
            }
        }
        machine.actions.removeAll(keepingCapacity: true)
    }

    private mutating func stopAtEnd(at now: Duration) {
        let settings = worker.settings
        guard settings.untilEnd || settings.ranges != nil, !machine.membership.isStopping else { return }
        if settings.untilEnd, machine.hasReachedEnd {
            hasReachedEnd = true
            worker.logger.info("everything present at the start is finished")
            machine.stop(at: now)
        } else if machine.assignment.isHalted {
            let stages = machine.assignment.haltedStages.joined(separator: ", ")
            fail(.halted(stages: stages), at: now)
        } else if !machine.membership.hasJoined, now > settings.joinTimeout {
            fail(.notJoined(after: settings.joinTimeout, lastError: lastWarning?.text), at: now)
        }
    }

    private func tell(_ news: Assignment.BreakerNews) {
        switch news.state {
        case .closed:
            worker.logger.info("\(news.stage): \(news.reason), its work goes on")
        case .open, .halfOpen:
            worker.logger.warning(
                "\(news.stage): the sink fails, its work waits and is tried again from time to time: \(news.reason)"
            )
        case .halted:
            worker.logger.error(
                "\(news.stage): the sink wants no more, its work waits uncommitted; mend it, then restart: \(news.reason)"
            )
        }
    }

    private mutating func fail(_ error: WorkerError, at now: Duration) {
        guard failure == nil else { return }
        failure = error
        worker.logger.error("\(error)")
        machine.stop(at: now)
        // librdkafka has nothing left to close after a fatal error, and may not answer.
        if closeDeadline == nil { closeDeadline = now + worker.settings.drainTimeout + WorkerTiming.closeTimeout }
    }

    /// Logs a warning, but the same one not more than once in ten seconds.
    private mutating func warn(_ text: String, at now: Duration) {
        if let last = lastWarning, last.text == text, now - last.at < .seconds(10) { return }
        lastWarning = (text, now)
        worker.logger.warning("\(text)")
    }

    // MARK: What is seen from outside

    func status() -> WorkerStatus {
        var status = machine.assignment.status(at: now)
        status.phase = isFinished ? .stopped : machine.membership.phase
        status.assignments = machine.membership.generation
        status.lastCommitError = machine.lastCommitError
        status.sinceProgress = now - lastProgress
        return status
    }

    /// Something may be in a transaction that will not be committed.
    var hasOpenTransaction: Bool { machine.transaction?.isUntouched == false }

    func report() -> WorkerReport {
        func seconds(to end: Duration?) -> Double {
            let time = firstRecordAt.map { (end ?? now) - $0 } ?? .zero
            return Double(time.microseconds) / 1_000_000
        }
        return WorkerReport(
            counts: machine.assignment.counts,
            seconds: seconds(to: machine.lastCommitAt),
            handlingSeconds: seconds(to: lastOutcomeAt ?? firstRecordAt),
            hasReachedEnd: hasReachedEnd
        )
    }
}

extension Worker {
    /// What has to be known before partitions are taken up. With transactions, the last one of an earlier process must have ended: it may
    /// move what is committed.
    fileprivate func resolution(of partitions: [TopicPartition]) async throws(KafkaError) -> Resolution {
        var member: GroupMember?
        if let transactions {
            try await transactions.open(timeout: WorkerTiming.answerTimeout)
            if !partitions.isEmpty { member = try await consumer.member(timeout: WorkerTiming.answerTimeout) }
        }
        return Resolution(starts: try await starts(of: partitions), member: member)
    }

    /// Where partitions begin for this group, and where they end now.
    fileprivate func starts(of partitions: [TopicPartition]) async throws(KafkaError) -> [WorkerMachine.Start] {
        guard !partitions.isEmpty else { return [] }
        var starts: [WorkerMachine.Start] = []
        for committed in try await consumer.committed(partitions, timeout: WorkerTiming.answerTimeout) {
            if let error = committed.error { throw error }
            let watermarks = try await consumer.watermarks(committed.partition, timeout: WorkerTiming.answerTimeout)
            starts.append(.init(committed: committed, end: watermarks.high, beginning: watermarks.low))
        }
        return starts
    }

    fileprivate func bury(_ letter: DeadLetter, _ ticket: Ticket) async {
        let record = letter.record
        logger.warning(
            "dead letter",
            metadata: [
                "partition": "\(record.source)", "offset": "\(record.offset)",
                "class": "\(letter.cause.errorClass.rawValue)", "reason": "\(letter.cause.message)",
            ]
        )
        if let listing {
            listing(letter)
            return mailbox.post(.buried(ticket, failure: nil))
        }
        do throws(KafkaError) {
            let topic = settings.deadLetterTopic(for: record.source.topic)
            // In a transaction there is no second try: a record that is refused spoils all of it.
            var outgoing = letter.outgoing(to: topic, group: settings.group, keepsTimestamp: transactions == nil)
            do throws(KafkaError) {
                try await publisher.publish(outgoing)
            } catch  where error.code == .invalidTimestamp && transactions == nil {
                // The topic refuses so old or so new a time; it is in a header too.
                outgoing = letter.outgoing(to: topic, group: settings.group, keepsTimestamp: false)
                try await publisher.publish(outgoing)
            }
            mailbox.post(.buried(ticket, failure: nil))
        } catch {
            mailbox.post(.buried(ticket, failure: error.description))
        }
    }
}

extension [TopicPartition] {
    /// For people: at most a dozen by name.
    fileprivate var listed: String {
        let names = prefix(12).map(\.description).joined(separator: " ")
        return count > 12 ? "\(names) and \(count - 12) more" : names
    }
}
