/// One `customer.rewarded.loyalty_points` delivery, reduced to what its route, its keys and a notification need. Its
/// texts lie in one array; a `String` is made when one is asked for.
package struct LoyaltyEvent: Sendable, Equatable {
    /// How it was delivered.
    package let form: EventForm
    /// Points of this accrual.
    package let points: Int64
    /// Points that can be spent after it.
    package let balance: Int64
    /// All points ever put on the card, this accrual included.
    package let total: Int64?
    /// The stages it must go through.
    package let route: Route
    /// How many `data` keys lead from the top level to the event.
    let dataDepth: Int
    /// Where the value has the publication, if the parser saw that.
    let publicationPlace: Range<Int>?
    let texts: TextArena

    /// Who earned the points; never empty.
    package var customerID: String { texts.string(.customerID) ?? "" }
    /// The merchant's own id of the customer.
    package var customerSourceID: String? { texts.string(.customerSourceID) }
    /// How the customer is called.
    package var customerName: String? { texts.string(.customerName) }
    /// Often missing.
    package var customerEmail: String? { texts.string(.customerEmail) }
    /// The loyalty card.
    package var voucherID: String? { texts.string(.voucherID) }
    /// The code of the card as people see it.
    package var voucherCode: String? { texts.string(.voucherCode) }
    /// The campaign of the card: its own object, else what the card says.
    package var campaignID: String? { texts.string(.campaignID) }
    /// The name of that campaign, as people know it.
    package var campaignName: String? { texts.string(.campaignName) }
    /// The rule that gave the points.
    package var earningRuleID: String? { texts.string(.earningRuleID) }
    /// `FIXED`, `PROPORTIONAL`, or whatever the vendor adds.
    package var earningRuleType: String? { texts.string(.earningRuleType) }
    /// How a proportional rule counts, `ORDER_TOTAL_AMOUNT` for one; an open set.
    package var calculationType: String? { texts.string(.calculationType) }
    /// The card that `balance` speaks of.
    package var relatedObjectID: String? { texts.string(.relatedObjectID) }
    /// The order behind the points; rules that no order fires have none.
    package var orderID: String? { texts.string(.orderID) }
    /// The event that fired the rule; every rule that it fired shares this id.
    package var triggerID: String? { texts.string(.triggerID) }
    /// The name of that event, `customer.order.paid` for one.
    package var triggerType: String? { texts.string(.triggerType) }
    /// When the rule was fired, as received (ISO 8601 in practice).
    package var triggerCreatedAt: String? { texts.string(.triggerCreatedAt) }
    /// Never empty; nil without a publication.
    package var publicationID: String? { texts.string(.publicationID) }
    /// An open set: `API`, `Automation`, `Dashboard`, …
    package var publicationChannel: String? { texts.string(.publicationChannel) }
    /// This send-out, from the envelope.
    package var envelopeID: String? { texts.string(.envelopeID) }
    /// This event, from the envelope: not the trigger.
    package var envelopeEventID: String? { texts.string(.envelopeEventID) }
    /// The sender of a CloudEvent.
    package var cloudEventSource: String? { texts.string(.cloudEventSource) }
    /// Its id, unique for the sender.
    package var cloudEventID: String? { texts.string(.cloudEventID) }

    package static func == (one: LoyaltyEvent, other: LoyaltyEvent) -> Bool {
        // Not the place: it says something about the parser that was used.
        one.form == other.form && one.points == other.points && one.balance == other.balance
            && one.total == other.total && one.route == other.route && one.dataDepth == other.dataDepth
            && one.texts == other.texts
    }

    /// Spreads customers over lanes: the same in every process and version, well mixed in all bits (FNV-1a, then the
    /// finaliser of MurmurHash3).
    package var customerHash: UInt64 {
        var hash: UInt64 = 0xCBF2_9CE4_8422_2325
        for byte in texts[.customerID] ?? [] {
            hash = (hash ^ UInt64(byte)) &* 0x100_0000_01B3
        }
        hash = (hash ^ (hash >> 33)) &* 0xFF51_AFD7_ED55_8CCD
        hash = (hash ^ (hash >> 33)) &* 0xC4CE_B9FE_1A85_EC53
        return hash ^ (hash >> 33)
    }
}

/// How an event was delivered.
package enum EventForm: String, Sendable, CaseIterable {
    case bare
    case envelopeWebhook = "envelope-webhook"
    case envelopeDistribution = "envelope-distribution"
    case envelopeUnknown = "envelope-unknown"
    case cloudEventStructured = "cloudevents-structured"
    case cloudEventBinary = "cloudevents-binary"
}
