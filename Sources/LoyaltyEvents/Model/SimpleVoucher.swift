/// The loyalty card as the event shows it. Its counters may be from before the accrual: `balance` has the numbers.
package struct SimpleVoucher: Sendable, Equatable {
    package var id: String?
    /// The code as people see it; any characters.
    package var code: String?
    package var gift: Gift?
    package var discount: Discount?
    package var loyaltyCard: LoyaltyCard?
    /// An open set; `LOYALTY_CARD` here.
    package var type: String?
    /// The name of the campaign, not its id.
    package var campaign: String?
    package var campaignID: String?
    package var isReferralCode: Bool?
    package var holderID: String?
    package var referrerID: String?
    package var categoryID: String?
    package var categories: [Category]?
    package var active: Bool?
    package var createdAt: String?
    package var updatedAt: String?
    package var redemption: RedemptionLimits?
    package var startDate: String?
    package var expirationDate: String?
    /// Free-form attributes of the merchant.
    package var metadata: [String: JSONValue]?
    package var object: String?

    init(_ json: JSONObject) {
        for (key, value) in json {
            switch key {
            case "id": id = value.text
            case "code": code = value.text
            case "gift": gift = value.object.map(Gift.init)
            case "discount": discount = value.object.map(Discount.init)
            case "loyalty_card": loyaltyCard = value.object.map(LoyaltyCard.init)
            case "type": type = value.text
            case "campaign": campaign = value.text
            case "campaign_id": campaignID = value.text
            case "is_referral_code": isReferralCode = value.bool
            case "holder_id": holderID = value.text
            case "referrer_id": referrerID = value.text
            case "category_id": categoryID = value.text
            case "categories": categories = value.list { $0.object.map(Category.init) }
            case "active": active = value.bool
            case "created_at": createdAt = value.text
            case "updated_at": updatedAt = value.text
            case "redemption": redemption = value.object.map(RedemptionLimits.init)
            case "start_date": startDate = value.text
            case "expiration_date": expirationDate = value.text
            case "metadata": metadata = value.map { $0.value() }
            case "object": object = value.text
            default: break
            }
        }
    }
}

/// Counters of points on a card.
package struct LoyaltyCard: Sendable, Equatable {
    /// All points ever added.
    package var points: Int64?
    /// Points that can be spent.
    package var balance: Int64?
    /// A calendar date.
    package var nextExpirationDate: String?
    package var nextExpirationPoints: Int64?
    package var pendingPoints: Int64?
    package var expiredPoints: Int64?
    package var subtractedPoints: Int64?

    init(_ json: JSONObject) {
        for (key, value) in json {
            switch key {
            case "points": points = value.integer
            case "balance": balance = value.integer
            case "next_expiration_date": nextExpirationDate = value.text
            case "next_expiration_points": nextExpirationPoints = value.integer
            case "pending_points": pendingPoints = value.integer
            case "expired_points": expiredPoints = value.integer
            case "subtracted_points": subtractedPoints = value.integer
            default: break
            }
        }
    }
}

/// A gift card, in hundredths of the currency.
package struct Gift: Sendable, Equatable {
    package var amount: Double?
    package var balance: Double?
    package var subtractedAmount: Double?
    package var effect: String?

    init(_ json: JSONObject) {
        for (key, value) in json {
            switch key {
            case "amount": amount = value.double
            case "balance": balance = value.double
            case "subtracted_amount": subtractedAmount = value.double
            case "effect": effect = value.text
            default: break
            }
        }
    }
}

/// How often a code can be used and was.
package struct RedemptionLimits: Sendable, Equatable {
    /// Nil: without limit.
    package var quantity: Int64?
    package var redeemedQuantity: Int64?
    /// In hundredths of the currency.
    package var redeemedAmount: Int64?
    package var redeemedPoints: Int64?
    package var object: String?
    package var url: String?

    init(_ json: JSONObject) {
        for (key, value) in json {
            switch key {
            case "quantity": quantity = value.integer
            case "redeemed_quantity": redeemedQuantity = value.integer
            case "redeemed_amount": redeemedAmount = value.integer
            case "redeemed_points": redeemedPoints = value.integer
            case "object": object = value.text
            case "url": url = value.text
            default: break
            }
        }
    }
}

/// A label that groups vouchers and campaigns.
package struct Category: Sendable, Equatable {
    package var id: String?
    package var name: String?
    package var hierarchy: Int64?
    package var createdAt: String?
    package var updatedAt: String?
    package var object: String?
    package var stackingRulesType: String?

    init(_ json: JSONObject) {
        for (key, value) in json {
            switch key {
            case "id": id = value.text
            case "name": name = value.text
            case "hierarchy": hierarchy = value.integer
            case "created_at": createdAt = value.text
            case "updated_at": updatedAt = value.text
            case "object": object = value.text
            case "stacking_rules_type": stackingRulesType = value.text
            default: break
            }
        }
    }
}
