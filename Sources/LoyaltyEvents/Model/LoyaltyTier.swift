/// The tier in force for the accrual.
package struct LoyaltyTier: Sendable, Equatable {
    package var id: String?
    package var name: String?
    package var campaignID: String?
    /// By the id of the earning rule.
    package var earningRules: [String: PointMapping]?
    /// By the id of the reward.
    package var rewards: [String: PointMapping]?
    package var points: PointRange?
    /// Free-form attributes of the merchant.
    package var metadata: [String: JSONValue]?
    package var createdAt: String?
    package var updatedAt: String?
    package var config: TierConfig?
    package var expiration: TierExpiration?
    package var object: String?

    init(_ json: JSONObject) {
        for (key, value) in json {
            switch key {
            case "id": id = value.text
            case "name": name = value.text
            case "campaign_id": campaignID = value.text
            case "earning_rules": earningRules = value.map { $0.object.map(PointMapping.init) }
            case "rewards": rewards = value.map { $0.object.map(PointMapping.init) }
            case "points": points = value.object.map(PointRange.init)
            case "metadata": metadata = value.map { $0.value() }
            case "created_at": createdAt = value.text
            case "updated_at": updatedAt = value.text
            case "config": config = value.object.map(TierConfig.init)
            case "expiration": expiration = value.object.map(TierExpiration.init)
            case "object": object = value.text
            default: break
            }
        }
    }
}

/// The range of points of a tier; the top tier has no upper end.
package struct PointRange: Sendable, Equatable {
    package var from: Int64?
    package var to: Int64?

    init(_ json: JSONObject) {
        for (key, value) in json {
            switch key {
            case "from": from = value.integer
            case "to": to = value.integer
            default: break
            }
        }
    }
}

/// The range again, as configured.
package struct TierConfig: Sendable, Equatable {
    package var points: PointRange?

    init(_ json: JSONObject) {
        for (key, value) in json {
            switch key {
            case "points": points = value.object.map(PointRange.init)
            default: break
            }
        }
    }
}

/// How long one customer stays in the tier.
package struct TierExpiration: Sendable, Equatable {
    package var customerID: String?
    package var campaignID: String?
    package var tierID: String?
    package var startDate: String?
    package var expirationDate: String?
    package var createdAt: String?
    package var updatedAt: String?

    init(_ json: JSONObject) {
        for (key, value) in json {
            switch key {
            case "customer_id": customerID = value.text
            case "campaign_id": campaignID = value.text
            case "tier_id": tierID = value.text
            case "start_date": startDate = value.text
            case "expiration_date": expirationDate = value.text
            case "created_at": createdAt = value.text
            case "updated_at": updatedAt = value.text
            default: break
            }
        }
    }
}

/// How a tier changes the points of a rule or the price of a reward.
package enum PointMapping: Sendable, Equatable {
    /// Times a factor, which may be fractional.
    case multiply(Double)
    /// Replaced by so many points.
    case custom(points: Int64)
    case other(JSONValue)

    init(_ json: JSONObject) {
        switch json["type"]?.text {
        case "MULTIPLY":
            self = json["multiplier"]?.double.map(PointMapping.multiply) ?? .other(json.value)
        case "CUSTOM":
            self = json["points"]?.integer.map { .custom(points: $0) } ?? .other(json.value)
        default: self = .other(json.value)
        }
    }
}
