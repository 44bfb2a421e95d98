import DequeModule
import HeapModule
import Kafka

extension Assignment {
    /// Takes a record that was pulled for a slot.
    package mutating func admit(
        _ arrival: Arrival,
        in slot: Int,
        _ reception: Reception,
        at now: Duration,
        _ actions: inout [Action]
    ) {
        if let frontier = slots[slot].partition?.ledger.frontier, arrival.offset < frontier {
            // The log was cut or made anew, and the consumer began again: what comes now was never seen.
            add(slots[slot].source, start: nil, end: slots[slot].partition?.end, at: now)
            counts.restarts &+= 1
        }
        guard var status = slots[slot].partition?.restored.status(at: arrival.offset),
            let sequence = slots[slot].partition?.ledger.track(arrival.offset, status: status)
        else { return }
        counts.received &+= 1
        slots[slot].partition?.tracked &+= 1
        guard !status.isFinished else {
            counts.resumed &+= 1
            finish(sequence, in: slot, receivedAt: now, at: now)
            return
        }

        var stages: StageSet = []
        var key = arrival.key
        var work: (any Work)?
        var record: Record?
        var cause: DeadLetter.Cause?
        switch reception {
        case .ignore:
            counts.ignored &+= 1
            status = .finished
        case .reject(let reason, let rejected):
            counts.rejected &+= 1
            record = rejected
            cause = reason
        case .settled(let lane):
            counts.accepted &+= 1
            key = lane
            status = .finished
        case .accept(let lane, let wanted, let item):
            counts.accepted &+= 1
            stages = wanted.subtracting(status.doneStages)
            key = lane
            work = item
            record = item.record
            if stages.isEmpty { status = .finished }
        }
        // What is finished at once has no effect that could come before another one's.
        guard !status.isFinished, let record else {
            if let key, let redriven = arrival.redriven { slots[slot].partition?.barred.passed(key, redriven) }
            finish(sequence, in: slot, receivedAt: now, at: now)
            return
        }

        let redriven = DeadLetter.redriven(record.headers, in: record.source, at: record.offset)
        let isDiscarded = redriven?.isDiscarded == true
        let delivery = Delivery(
            record: record,
            sequence: sequence,
            lane: lane(key),
            key: settings.ordering == .none || settings.mode.isReplay ? nil : key,
            redriven: redriven,
            work: work,
            stages: isDiscarded ? [] : stages,
            stageCount: stageNames.count,
            cause: isDiscarded ? nil : cause,
            receivedAt: now,
            cost: record.bytes.count + Self.overhead
        )
        slots[slot].partition?.deliveries[sequence] = delivery
        slots[slot].partition?.bufferedBytes += delivery.cost
        bufferedBytes += delivery.cost
        if let lane = delivery.lane, slots[slot].partition?.lanes.enter(lane, sequence) == false { return }
        if begin(delivery, in: slot, at: now, &actions) { remove(delivery, in: slot, at: now, &actions) }
    }

    /// The consumer reports the end of a partition: nothing is left below `position`.
    package mutating func reach(_ position: Int64, in slot: Int) {
        let position = slots[slot].partition?.bounded(position) ?? position
        if slots[slot].partition?.ledger.reach(position) == true { slots[slot].partition?.isDirty = true }
    }

    /// A stage has ended, `microseconds` after it was started.
    package mutating func complete(
        _ ticket: Ticket,
        _ outcome: StageOutcome,
        microseconds: Int64 = 0,
        at now: Duration,
        _ actions: inout [Action]
    ) {
        guard let stage = ticket.stage, breakers.indices.contains(stage) else { return }
        counts.processing.record(microseconds: microseconds)
        defer { flush(at: now, &actions) }
        let isOpen = note(outcome, stage, at: now)
        guard let delivery = settle(ticket) else { return }
        switch outcome {
        case .done:
            delivery.remaining.remove(StageSet(index: stage))
            slots[ticket.slot].partition?.ledger.mark(ticket.sequence, done: StageSet(index: stage))
            slots[ticket.slot].partition?.isDirty = true
        case .retry(let reason, let after):
            delivery.failed(reason, at: now)
            if isOpen {
                held[stage].append(ticket)
                break
            }
            delivery.attempts[stage] += 1
            if delivery.attempts[stage] >= settings.retry.maxAttempts {
                if isHealthy(stage, since: delivery.firstFailure) {
                    giveUp(delivery, stage, reason)
                } else {
                    breakers[stage].trip(at: now)
                    tell(stage, reason)
                    held[stage].append(ticket)
                }
            } else {
                schedule(ticket, delivery, failures: delivery.attempts[stage], after: after, at: now)
            }
        case .unavailable(let reason, let after):
            delivery.failed(reason, at: now)
            if isOpen {
                held[stage].append(ticket)
            } else {
                schedule(ticket, delivery, failures: delivery.attempts[stage] + 1, after: after, at: now)
            }
        case .reject(let reason):
            delivery.failed(reason, at: now)
            delivery.attempts[stage] += 1
            giveUp(delivery, stage, reason)
        case .halt(let reason):
            delivery.failed(reason, at: now)
            held[stage].append(ticket)
        }
        proceed(delivery, in: ticket.slot, at: now, &actions)
    }

    /// Lets time pass: due retries, breakers that may be probed.
    package mutating func tick(at now: Duration, _ actions: inout [Action]) {
        while let next = retries.min, next.due <= now {
            retries.removeMin()
            guard let delivery = delivery(next.ticket) else { continue }
            delivery.waitingForRetry -= 1
            delivery.nextAttempt = nil
            slots[next.ticket.slot].partition?.retrying -= 1
            if let stage = next.ticket.stage {
                delivery.retrying.remove(StageSet(index: stage))
                // It was given up meanwhile.
                guard delivery.remaining.contains(StageSet(index: stage)) else { continue }
            }
            guard slots[next.ticket.slot].partition?.isDraining == false else { continue }
            if let stage = next.ticket.stage { counts.stages[stage].retries &+= 1 }
            launch(next.ticket, delivery, at: now, &actions)
        }
        if !retries.isEmpty, now >= nextRelief {
            nextRelief = now + Self.reliefInterval
            for slot in slots.indices { relieve(slot, at: now, &actions) }
        }
        flush(at: now, &actions)
    }

    private func lane(_ key: UInt64?) -> UInt64? {
        switch settings.ordering {
        case .key: key
        case .partition: 0
        case .none: nil
        }
    }

    private func delivery(_ ticket: Ticket) -> Delivery? {
        guard let partition = slots[ticket.slot].partition, partition.generation == ticket.generation else {
            return nil
        }
        return partition.deliveries[ticket.sequence]
    }

    /// Books an action as ended; nil when its partition has been given up meanwhile.
    mutating func settle(_ ticket: Ticket) -> Delivery? {
        guard let delivery = delivery(ticket) else {
            slots[ticket.slot].orphans = max(0, slots[ticket.slot].orphans - 1)
            return nil
        }
        delivery.running -= 1
        slots[ticket.slot].partition?.running -= 1
        if delivery.running == 0 { inFlight -= 1 }
        return delivery
    }

    /// Counts an outcome and tells the breaker; returns whether it is open now.
    private mutating func note(_ outcome: StageOutcome, _ stage: Int, at now: Duration) -> Bool {
        let before = breakers[stage].state
        switch outcome {
        case .done(let completion):
            switch completion {
            case .performed: counts.stages[stage].performed &+= 1
            case .repeated: counts.stages[stage].repeated &+= 1
            case .suppressed: counts.stages[stage].suppressed &+= 1
            }
            if completion != .suppressed { lastSuccess[stage] = now }
        case .reject:
            counts.stages[stage].rejected &+= 1
        case .retry(let reason, let after), .unavailable(let reason, let after):
            counts.stages[stage].failed &+= 1
            let isOpen = breakers[stage].failed(at: now, waitAtLeast: after)
            if isOpen, before == .closed { tell(stage, reason) }
            return isOpen
        case .halt(let reason):
            counts.stages[stage].failed &+= 1
            breakers[stage].halt()
            if before != .halted { tell(stage, reason) }
            return true
        }
        breakers[stage].succeeded()
        if before != .closed, breakers[stage].state == .closed { tell(stage, "it answers again") }
        return false
    }

    /// Whether the sink has served others since: then it is the record that fails, and not the sink.
    func isHealthy(_ stage: Int, since firstFailure: Duration?) -> Bool {
        guard let firstFailure, let success = lastSuccess[stage] else { return false }
        return success > firstFailure
    }

    private mutating func tell(_ stage: Int, _ reason: String) {
        breakerNews.append(BreakerNews(stage: stageNames[stage], state: breakers[stage].state, reason: reason))
    }

    /// Starts the stages of a record whose turn it is, or its burial; true when nothing is to be done.
    private mutating func begin(
        _ delivery: Delivery,
        in slot: Int,
        at now: Duration,
        _ actions: inout [Action]
    ) -> Bool {
        guard let generation = slots[slot].partition?.generation else { return false }
        let sequence = delivery.sequence
        if delivery.cause == nil, let key = delivery.key,
            slots[slot].partition?.barred.bars(key, delivery.redriven) == true
        {
            delivery.cause = DeadLetter.Cause(.parked, "waits behind a dead letter of its key: redrive them together")
        }
        if delivery.cause == nil, let redriven = delivery.redriven, redriven.isDiscarded {
            if let key = delivery.key { slots[slot].partition?.barred.passed(key, redriven) }
            counts.discarded &+= 1
            let (source, offset) = (delivery.record.source, delivery.record.offset)
            discards.append(Discard(source: source, offset: offset, original: redriven.original))
            return true
        }
        if delivery.cause == nil {
            delivery.remaining.forEachIndex { stage in
                let ticket = Ticket(slot: slot, generation: generation, sequence: sequence, stage: stage)
                launch(ticket, delivery, at: now, &actions)
            }
        } else {
            // One after the other, so that a redrive never sees a letter of the key and not the one before it.
            delivery.remaining = []
            let ticket = Ticket(slot: slot, generation: generation, sequence: sequence, stage: nil)
            launch(ticket, delivery, at: now, &actions)
        }
        return false
    }

    /// Starts an action when there is room and the sink's breaker lets it pass; else it waits.
    private mutating func launch(
        _ ticket: Ticket,
        _ delivery: Delivery,
        at now: Duration,
        _ actions: inout [Action]
    ) {
        if delivery.running == 0, inFlight >= settings.inFlight {
            ready.append(ticket)
        } else if let stage = ticket.stage, !breakers[stage].admits(at: now) {
            held[stage].append(ticket)
        } else {
            start(ticket, delivery, &actions)
        }
    }

    private mutating func start(_ ticket: Ticket, _ delivery: Delivery, _ actions: inout [Action]) {
        if let stage = ticket.stage, let work = delivery.work {
            actions.append(.perform(ticket, stage: stage, attempt: delivery.attempts[stage] + 1, work))
        } else if let cause = delivery.cause {
            let firstFailure = delivery.firstFailure ?? delivery.receivedAt
            actions.append(.bury(ticket, delivery.record, cause, firstFailure: firstFailure))
        } else {
            return
        }
        if delivery.running == 0 { inFlight += 1 }
        delivery.running += 1
        slots[ticket.slot].partition?.running += 1
    }

    /// Starts what waited for its sink or for room, as far as both allow.
    mutating func flush(at now: Duration, _ actions: inout [Action]) {
        for stage in held.indices {
            while inFlight < settings.inFlight, let ticket = held[stage].first {
                let delivery = delivery(ticket)
                guard delivery == nil || breakers[stage].admits(at: now) else { break }
                held[stage].removeFirst()
                if let delivery { start(ticket, delivery, &actions) }
            }
        }
        var left = ready.count
        while left > 0, inFlight < settings.inFlight, let ticket = ready.popFirst() {
            left -= 1
            if let delivery = delivery(ticket) { launch(ticket, delivery, at: now, &actions) }
        }
    }

    /// After an action: the record is finished, dead, or still has something to come.
    mutating func proceed(_ delivery: Delivery, in slot: Int, at now: Duration, _ actions: inout [Action]) {
        // Not the partition itself: a copy of it in hand would make `remove` copy all that it holds.
        guard delivery.remaining.isEmpty, delivery.running == 0, let generation = slots[slot].partition?.generation
        else { return }
        if delivery.cause == nil {
            if let key = delivery.key, let redriven = delivery.redriven {
                slots[slot].partition?.barred.passed(key, redriven)
            }
            remove(delivery, in: slot, at: now, &actions)
        } else {
            let ticket = Ticket(
                slot: slot,
                generation: generation,
                sequence: delivery.sequence,
                stage: nil
            )
            launch(ticket, delivery, at: now, &actions)
        }
    }

    mutating func schedule(
        _ ticket: Ticket,
        _ delivery: Delivery,
        failures: Int,
        after: Duration?,
        at now: Duration
    ) {
        guard slots[ticket.slot].partition?.isDraining == false else { return }
        let backoff = settings.retry.delay(afterFailures: failures, using: &random)
        let due = now + max(backoff, min(after ?? .zero, settings.retry.maxDelay))
        delivery.waitingForRetry += 1
        if let stage = ticket.stage { delivery.retrying.insert(StageSet(index: stage)) }
        delivery.nextAttempt = due
        slots[ticket.slot].partition?.retrying += 1
        retries.insert(Retry(due: due, ticket: ticket))
    }

    /// A record is finished: its key's next may start.
    mutating func remove(_ delivery: Delivery, in slot: Int, at now: Duration, _ actions: inout [Action]) {
        // Not by recursion: any number of discarded ones may wait behind each other.
        var ended: Delivery? = delivery
        while let delivery = ended {
            slots[slot].partition?.deliveries[delivery.sequence] = nil
            slots[slot].partition?.retrying -= delivery.waitingForRetry
            slots[slot].partition?.bufferedBytes -= delivery.cost
            bufferedBytes -= delivery.cost
            finish(delivery.sequence, in: slot, receivedAt: delivery.receivedAt, at: now)
            guard let lane = delivery.lane, let next = slots[slot].partition?.lanes.leave(lane),
                let waiting = slots[slot].partition?.deliveries[next]
            else { return }
            ended = begin(waiting, in: slot, at: now, &actions) ? waiting : nil
        }
    }

    private mutating func finish(_ sequence: UInt64, in slot: Int, receivedAt: Duration, at now: Duration) {
        slots[slot].partition?.ledger.finish(sequence)
        slots[slot].partition?.finished &+= 1
        slots[slot].partition?.isDirty = true
        slots[slot].partition?.lastProgress = now
        counts.finished &+= 1
        counts.latency.record(microseconds: (now - receivedAt).microseconds)
    }
}
