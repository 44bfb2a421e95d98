internal import Crypto

/// What identifies an accrual: the trigger, the rule and the card. Nothing that changes between two deliveries of the
/// same accrual is part of it.
package struct AccrualKey: Hashable, Sendable {
    /// What stands in for missing parts.
    package enum Fallback: String, Sendable {
        /// The id of this event in its envelope.
        case envelopeEventID = "envelope_event_id"
        /// `source` and `id` of the CloudEvent that carried it.
        case cloudEventID = "cloudevent_id"
        /// A digest of the core.
        case digest
    }

    /// `event.id`, `earning_rule.id`, and `voucher.id` or else `balance.related_object.id`; nil where the event has
    /// none, or an empty one.
    package let parts: [String?]
    /// Nil when all three parts are there.
    package let fallback: Fallback?
    /// The values of the fallback.
    let fallbackValues: [[UInt8]]
}

extension LoyaltyEvent {
    /// What identifies the accrual behind this delivery.
    package var accrualKey: AccrualKey {
        let card = part(.voucherID) ?? part(.relatedObjectID)
        let parts = [part(.triggerID), part(.earningRuleID), card].map { bytes in
            bytes.map { String(decoding: $0, as: UTF8.self) }
        }
        if !parts.contains(nil) { return AccrualKey(parts: parts, fallback: nil, fallbackValues: []) }
        if let id = part(.envelopeEventID) {
            return AccrualKey(parts: parts, fallback: .envelopeEventID, fallbackValues: [Array(id)])
        }
        if let source = part(.cloudEventSource), let id = part(.cloudEventID) {
            return AccrualKey(parts: parts, fallback: .cloudEventID, fallbackValues: [Array(source), Array(id)])
        }
        return AccrualKey(parts: parts, fallback: .digest, fallbackValues: [coreDigest])
    }

    /// The identity of what `stage` does for this accrual: the same for every delivery of it, in every process.
    package func effectKey(_ stage: Route) -> EffectKey {
        let key = accrualKey
        var digest = LengthPrefixedDigest(domain: "loyalty-worker/effect/1")
        digest.add(stage.description)
        for part in key.parts { digest.add(part) }
        digest.add(key.fallback?.rawValue)
        for value in key.fallbackValues { digest.add(value) }
        if stage.contains(.publication) { digest.add(publicationID) }
        return EffectKey(digest.finish())
    }

    /// The core in one canonical form, so that neither the order of keys nor blanks nor the spelling of numbers count.
    private var coreDigest: [UInt8] {
        var digest = LengthPrefixedDigest(domain: "loyalty-worker/core/1")
        for number in [points, balance, total] { digest.add(number.map(String.init)) }
        let names: [TextArena.Name] = [
            .customerID, .voucherID, .voucherCode, .relatedObjectID, .earningRuleID, .orderID, .triggerID,
        ]
        for name in names { digest.add(texts[name].map(Array.init)) }
        return digest.finish()
    }

    private func part(_ name: TextArena.Name) -> ArraySlice<UInt8>? {
        texts[name].flatMap { $0.isEmpty ? nil : $0 }
    }
}

/// SHA-256 over parts of which each is marked present or missing and prefixed with its length, so that no two lists of
/// parts give the same input.
private struct LengthPrefixedDigest {
    private var hash = SHA256()

    init(domain: String) {
        add(domain)
    }

    mutating func add(_ part: String?) {
        add(part.map { Array($0.utf8) })
    }

    mutating func add(_ part: [UInt8]?) {
        guard let part else {
            hash.update(data: [0])
            return
        }
        let count = UInt64(part.count)
        hash.update(data: [1] + (0..<8).map { UInt8(truncatingIfNeeded: count >> (56 - 8 * $0)) })
        hash.update(data: part)
    }

    func finish() -> [UInt8] {
        Array(hash.finalize())
    }
}
