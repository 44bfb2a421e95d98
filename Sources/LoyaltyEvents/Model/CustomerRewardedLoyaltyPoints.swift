/// A `customer.rewarded.loyalty_points` event with every documented object. Everything may be missing, null and
/// absent are the same, and what has another type than documented is nil.
package struct CustomerRewardedLoyaltyPoints: Sendable, Equatable {
    /// Who earned the points.
    package var customer: SimpleCustomer?
    /// Who owns the card; may be another person.
    package var holder: SimpleCustomer?
    package var voucher: SimpleVoucher?
    package var campaign: Campaign?
    package var loyaltyTier: LoyaltyTier?
    package var earningRule: EarningRule?
    package var balance: VoucherBalance?
    package var order: Order?
    package var event: TriggerEvent?
    package var publication: Publication?
    /// What was wrapped around the event, unless it came bare.
    package var envelope: Envelope?

    /// Reads the event that `depth` keys named `data` lead to. With `isWrapped` the outermost object is a CloudEvent
    /// and no envelope.
    init(_ root: JSONElement, depth: Int, isWrapped: Bool) {
        var event = root.object
        for level in 0..<depth {
            if level > 0 || !isWrapped { envelope = event.map(Envelope.init) }
            event = event?["data"]?.object
        }
        if let event { read(event) }
    }

    private mutating func read(_ json: JSONObject) {
        for (key, value) in json {
            switch key {
            case "customer": customer = value.object.map(SimpleCustomer.init)
            case "holder": holder = value.object.map(SimpleCustomer.init)
            case "voucher": voucher = value.object.map(SimpleVoucher.init)
            case "campaign": campaign = value.object.map(Campaign.init)
            case "loyalty_tier": loyaltyTier = value.object.map(LoyaltyTier.init)
            case "earning_rule": earningRule = value.object.map(EarningRule.init)
            case "balance": balance = value.object.map(VoucherBalance.init)
            case "order": order = value.object.map(Order.init)
            case "event": event = value.object.map(TriggerEvent.init)
            case "publication": publication = value.object.map(Publication.init)
            default: break
            }
        }
    }
}
