import DequeModule
import Kafka

/// What becomes of records that are dead, of those behind them, and of those that fail for too long.
extension Assignment {
    /// A dead letter was acknowledged by the broker, or could not be written: then it is tried again for as long as it takes.
    package mutating func deadLettered(_ ticket: Ticket, failure: String?, at now: Duration, _ actions: inout [Action])
    {
        defer { flush(at: now, &actions) }
        guard let delivery = settle(ticket) else { return }
        if let failure {
            delivery.failed(failure, at: now)
            delivery.deadLetterFailures += 1
            schedule(ticket, delivery, failures: delivery.deadLetterFailures, after: nil, at: now)
        } else {
            counts.deadLetters &+= 1
            bar(delivery, in: ticket.slot)
            remove(delivery, in: ticket.slot, at: now, &actions)
        }
    }

    /// Notes what a dead letter means for those behind it.
    private mutating func bar(_ delivery: Delivery, in slot: Int) {
        guard let key = delivery.key, let cause = delivery.cause else { return }
        switch cause.errorClass {
        case .stage:
            let isGivenUp = slots[slot].partition?.barred.died(key, at: delivery.record.offset, delivery.redriven)
            if isGivenUp == true { counts.barsGivenUp &+= 1 }
        case .parked:
            counts.parked &+= 1
            slots[slot].partition?.barred.parked(key, at: delivery.record.offset, delivery.redriven)
        case .decode, .oversize:
            // It never had an effect, so that none can come before it.
            if let redriven = delivery.redriven { slots[slot].partition?.barred.passed(key, redriven) }
        }
    }

    /// Records that fail may take up to half of a partition's share of the memory, with those that wait behind them. Beyond that
    /// the oldest that has had half of its attempts becomes a dead letter, so that the others of the partition go on. One whose
    /// sink fails everybody does not: then nothing could go on anyway.
    mutating func relieve(_ slot: Int, at now: Duration, _ actions: inout [Action]) {
        guard settings.ordering != .partition, let oldest = excess(in: slot) else { return }
        let reason = "given up to make room: too much waits behind it; it failed with: \(oldest.lastFailure ?? "")"
        oldest.retrying.forEachIndex { giveUp(oldest, $0, reason) }
        oldest.retrying = []
        counts.relieved &+= 1
        proceed(oldest, in: slot, at: now, &actions)
    }

    /// The record to give up, when too much waits for records that fail.
    private func excess(in slot: Int) -> Delivery? {
        guard let partition = slots[slot].partition, partition.retrying > 0, !partition.isDraining,
            partition.bufferedBytes > share / 2
        else { return nil }
        var waitingBytes = 0
        var oldest: Delivery?
        for delivery in partition.deliveries.values where delivery.waitingForRetry > 0 && delivery.running == 0 {
            waitingBytes += delivery.cost
            if let lane = delivery.lane {
                for sequence in partition.lanes.waiting(in: lane) {
                    waitingBytes += partition.deliveries[sequence]?.cost ?? 0
                }
            }
            guard isToBlame(delivery), delivery.sequence < oldest?.sequence ?? .max else { continue }
            oldest = delivery
        }
        return waitingBytes > share / 2 ? oldest : nil
    }

    /// Whether a waiting record fails again and again although the sinks it waits for serve others.
    private func isToBlame(_ delivery: Delivery) -> Bool {
        guard !delivery.retrying.isEmpty else { return false }
        var isToBlame = true
        delivery.retrying.forEachIndex { stage in
            let isClosed = breakers[stage].state == .closed
            let hasTried = delivery.attempts[stage] * 2 >= settings.retry.maxAttempts
            if !isClosed || !hasTried || !isHealthy(stage, since: delivery.firstFailure) { isToBlame = false }
        }
        return isToBlame
    }

    /// A stage will never succeed: the record becomes a dead letter as soon as its other stages have ended.
    func giveUp(_ delivery: Delivery, _ stage: Int, _ reason: String) {
        delivery.remaining.remove(StageSet(index: stage))
        let attempts = delivery.attempts[stage]
        guard let earlier = delivery.cause else {
            delivery.cause = DeadLetter.Cause(.stage, reason, stage: stageNames[stage], attempts: attempts)
            return
        }
        delivery.cause = DeadLetter.Cause(
            .stage,
            earlier.message + "; " + reason,
            stage: [earlier.stage, stageNames[stage]].compactMap(\.self).joined(separator: ","),
            attempts: max(earlier.attempts, attempts)
        )
    }
}
