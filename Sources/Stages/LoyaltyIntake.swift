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

    package func receive(_ record: Record) -> Reception<LoyaltyWork> {
        if let count = record.valueCount, count > payloadLimit {
            counts.count(rejection: "oversize")
            return .reject(
                DeadLetter.Cause(.oversize, "the value has \(count) bytes, limits.payload allows \(payloadLimit)")
            )
        }
        switch decoder.decode(record.bytes, count: record.valueCount, attributes: attributes(of: record)) {
        case .accept(let event):
            let lane = record.keyHash ?? event.customerHash
            let route = event.route.intersection(active)
            guard !route.isEmpty else { return .accept(lane: lane, stages: [], work: nil) }
            let stages = StageSet(rawValue: route.rawValue)
            return .accept(lane: lane, stages: stages, work: LoyaltyWork(record: record, event: event))
        case .ignore(.tombstone):
            counts.countTombstone()
            return .ignore
        case .ignore(.otherType(let name)):
            counts.count(otherType: name)
            return .ignore
        case .reject(let rejection):
            counts.count(rejection: rejection.reason)
            return .reject(DeadLetter.Cause(.decode, rejection.description))
        }
    }

    private func attributes(of record: Record) -> CloudEventAttributes? {
        guard !record.headers.isEmpty else { return nil }
        return CloudEventAttributes(headers: record.headers.lazy.map { (name: $0.name, value: $0.value) })
    }
}
