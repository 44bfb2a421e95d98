package import Kafka
package import LoyaltyEvents
package import Pipeline

/// Turns records into work: checks the size, decodes, and leaves out stages that have no sink.
///
/// One worker task owns it (the decoder reuses its buffers). It runs for every record of the topic, so it allocates
/// nothing of its own but the work itself.
package final class LoyaltyIntake: Intake {
    private let decoder = EventDecoder()
    private let payloadLimit: Int
    private let active: Route
    private let counts: IntakeCounts

    /// - Parameters:
    ///   - payloadLimit: bytes; a larger value is refused unread.
    ///   - active: the stages that have a sink.
    ///   - counts: where records that go no further are counted.
    package init(payloadLimit: Int, active: Route, counts: IntakeCounts) {
        self.payloadLimit = payloadLimit
        self.active = active
        self.counts = counts
    }

    package func receive(_ message: borrowing Message, of source: TopicPartition) -> Reception {
        if let cause = oversize(message.valueCount) { return .reject(cause, message.record(of: source)) }
        let decoded = decoder.decode(message.value, attributes: attributes(of: message.headers))
        return switch read(decoded, key: message.keyHash) {
        case .ignored: .ignore
        case .rejected(let cause): .reject(cause, message.record(of: source))
        case .settled(let lane): .settled(lane: lane)
        case .event(let lane, let stages, let event):
            .accept(lane: lane, stages: stages, work: LoyaltyWork(record: message.record(of: source), event: event))
        }
    }

    /// The same for a record that was copied before: for tools and tests.
    package func receive(_ record: Record) -> Reception {
        if let cause = oversize(record.valueCount) { return .reject(cause, record) }
        let attributes = attributes(of: record.headers)
        let decoded = decoder.decode(record.bytes, count: record.valueCount, attributes: attributes)
        return switch read(decoded, key: record.keyHash) {
        case .ignored: .ignore
        case .rejected(let cause): .reject(cause, record)
        case .settled(let lane): .settled(lane: lane)
        case .event(let lane, let stages, let event):
            .accept(lane: lane, stages: stages, work: LoyaltyWork(record: record, event: event))
        }
    }

    private enum Reading {
        case ignored
        case rejected(DeadLetter.Cause)
        /// Accepted, and no stage of it has a sink.
        case settled(lane: UInt64)
        case event(lane: UInt64, StageSet, LoyaltyEvent)
    }

    private func oversize(_ count: Int?) -> DeadLetter.Cause? {
        guard let count, count > payloadLimit else { return nil }
        counts.count(rejection: "oversize")
        return DeadLetter.Cause(.oversize, "the value has \(count) bytes, limits.payload allows \(payloadLimit)")
    }

    private func read(_ decoded: Decoded, key: UInt64?) -> Reading {
        switch decoded {
        case .accept(let event):
            let lane = key ?? event.customerHash
            let route = event.route.intersection(active)
            guard !route.isEmpty else { return .settled(lane: lane) }
            return .event(lane: lane, StageSet(rawValue: route.rawValue), event)
        case .ignore(.tombstone):
            counts.countTombstone()
            return .ignored
        case .ignore(.otherType(let name)):
            counts.count(otherType: name)
            return .ignored
        case .reject(let rejection):
            counts.count(rejection: rejection.reason)
            return .rejected(DeadLetter.Cause(.decode, rejection.description))
        }
    }

    private func attributes(of headers: [Header]) -> CloudEventAttributes? {
        guard !headers.isEmpty else { return nil }
        return CloudEventAttributes(headers: headers.lazy.map { (name: $0.name, value: $0.value) })
    }
}
