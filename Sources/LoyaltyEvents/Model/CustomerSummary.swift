/// Lifetime figures of a customer.
package struct CustomerSummary: Sendable, Equatable {
    package var redemptions: RedemptionSummary?
    package var orders: OrderSummary?

    init(_ json: JSONObject) {
        for (key, value) in json {
            switch key {
            case "redemptions": redemptions = value.object.map(RedemptionSummary.init)
            case "orders": orders = value.object.map(OrderSummary.init)
            default: break
            }
        }
    }
}

/// Counters of redemptions.
package struct RedemptionSummary: Sendable, Equatable {
    package var totalRedeemed: Int64?
    package var totalFailed: Int64?
    package var totalSucceeded: Int64?
    package var totalRolledBack: Int64?
    package var totalRollbackFailed: Int64?
    package var totalRollbackSucceeded: Int64?
    package var gift: GiftSummary?
    package var loyaltyCard: LoyaltyCardSummary?

    init(_ json: JSONObject) {
        for (key, value) in json {
            switch key {
            case "total_redeemed": totalRedeemed = value.integer
            case "total_failed": totalFailed = value.integer
            case "total_succeeded": totalSucceeded = value.integer
            case "total_rolled_back": totalRolledBack = value.integer
            case "total_rollback_failed": totalRollbackFailed = value.integer
            case "total_rollback_succeeded": totalRollbackSucceeded = value.integer
            case "gift": gift = value.object.map(GiftSummary.init)
            case "loyalty_card": loyaltyCard = value.object.map(LoyaltyCardSummary.init)
            default: break
            }
        }
    }
}

/// Sums over gift cards, in hundredths of the currency.
package struct GiftSummary: Sendable, Equatable {
    package var redeemedAmount: Int64?
    package var amountToGo: Int64?

    init(_ json: JSONObject) {
        for (key, value) in json {
            switch key {
            case "redeemed_amount": redeemedAmount = value.integer
            case "amount_to_go": amountToGo = value.integer
            default: break
            }
        }
    }
}

/// Sums over loyalty cards.
package struct LoyaltyCardSummary: Sendable, Equatable {
    package var redeemedPoints: Int64?
    package var pointsToGo: Int64?

    init(_ json: JSONObject) {
        for (key, value) in json {
            switch key {
            case "redeemed_points": redeemedPoints = value.integer
            case "points_to_go": pointsToGo = value.integer
            default: break
            }
        }
    }
}

/// Figures of the orders, amounts in hundredths of the currency.
package struct OrderSummary: Sendable, Equatable {
    package var totalAmount: Int64?
    package var totalCount: Int64?
    package var averageAmount: Int64?
    package var lastOrderAmount: Int64?
    package var lastOrderDate: String?

    init(_ json: JSONObject) {
        for (key, value) in json {
            switch key {
            case "total_amount": totalAmount = value.integer
            case "total_count": totalCount = value.integer
            case "average_amount": averageAmount = value.integer
            case "last_order_amount": lastOrderAmount = value.integer
            case "last_order_date": lastOrderDate = value.text
            default: break
            }
        }
    }
}

/// Loyalty figures of a customer.
package struct CustomerLoyalty: Sendable, Equatable {
    package var points: Int64?
    package var referredCustomers: Int64?
    /// By the name of the campaign.
    package var campaigns: [String: CampaignStanding]?

    init(_ json: JSONObject) {
        for (key, value) in json {
            switch key {
            case "points": points = value.integer
            case "referred_customers": referredCustomers = value.integer
            case "campaigns": campaigns = value.map { $0.object.map(CampaignStanding.init) }
            default: break
            }
        }
    }
}

/// Where a customer stands in one campaign.
package struct CampaignStanding: Sendable, Equatable {
    package var points: Int64?
    /// The id of the tier.
    package var loyaltyTier: String?
    package var referredCustomers: Int64?

    init(_ json: JSONObject) {
        for (key, value) in json {
            switch key {
            case "points": points = value.integer
            case "loyalty_tier": loyaltyTier = value.text
            case "referred_customers": referredCustomers = value.integer
            default: break
            }
        }
    }
}

/// Referrals of a customer.
package struct CustomerReferrals: Sendable, Equatable {
    package var total: Int64?
    package var campaigns: [Referral]?

    init(_ json: JSONObject) {
        for (key, value) in json {
            switch key {
            case "total": total = value.integer
            case "campaigns": campaigns = value.list { $0.object.map(Referral.init) }
            default: break
            }
        }
    }
}

/// One referral.
package struct Referral: Sendable, Equatable {
    package var campaignID: String?
    package var referrerID: String?
    package var relatedObjectID: String?
    package var relatedObjectType: String?
    package var date: String?

    init(_ json: JSONObject) {
        for (key, value) in json {
            switch key {
            case "campaign_id": campaignID = value.text
            case "referrer_id": referrerID = value.text
            case "related_object_id": relatedObjectID = value.text
            case "related_object_type": relatedObjectType = value.text
            case "date": date = value.text
            default: break
            }
        }
    }
}
