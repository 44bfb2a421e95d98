package import Kafka
package import LoyaltyEvents

/// Names one effect in the journal.
package struct EffectID: Hashable, Sendable {
    /// The consumer group: groups don't suppress each other's effects.
    package let scope: String
    package let stage: String
    package let key: EffectKey
    /// The key as it is written, made here so that the database's thread need not.
    let keyText: String

    package init(scope: String, stage: String, key: EffectKey) {
        self.scope = scope
        self.stage = stage
        self.key = key
        keyText = key.description
    }

    package static func == (one: EffectID, other: EffectID) -> Bool {
        one.key == other.key && one.stage == other.stage && one.scope == other.scope
    }

    package func hash(into hasher: inout Hasher) {
        hasher.combine(key)
    }
}

/// An effect that was brought about, and by which record.
package struct EffectRow: Hashable, Sendable {
    package let id: EffectID
    package let source: TopicPartition
    package let offset: Int64
    /// Attempts made in the process that succeeded.
    package let attempts: Int

    package init(id: EffectID, source: TopicPartition, offset: Int64, attempts: Int) {
        self.id = id
        self.source = source
        self.offset = offset
        self.attempts = attempts
    }
}

/// A publication to record.
package struct PublicationRow: Hashable, Sendable {
    package let publicationID: String
    package let customerID: String
    package let voucherID: String?
    package let voucherCode: String?
    package let channel: String?
    /// The accrual that brought it, as JSON text.
    package let accrualKey: String
    /// The publication as received.
    package let payload: String

    package init(
        publicationID: String,
        customerID: String,
        voucherID: String?,
        voucherCode: String?,
        channel: String?,
        accrualKey: String,
        payload: String
    ) {
        self.publicationID = publicationID
        self.customerID = customerID
        self.voucherID = voucherID
        self.voucherCode = voucherCode
        self.channel = channel
        self.accrualKey = accrualKey
        self.payload = payload
    }
}

/// Why the journal could not answer. The work can be tried again: nothing was recorded.
package struct JournalError: Error, Sendable, Equatable, CustomStringConvertible {
    /// For people; free of payload data.
    package let reason: String

    package init(_ reason: String) {
        self.reason = reason
    }

    package var description: String { "the journal \(reason)" }
}
