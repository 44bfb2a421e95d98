/// The rule that gave the points.
package struct EarningRule: Sendable, Equatable {
    package var id: String?
    package var createdAt: String?
    package var updatedAt: String?
    package var validationRuleID: String?
    /// How the points are computed.
    package var loyalty: PointsCalculation?
    /// What fires the rule: an open set, because rules on custom events hold the name that the merchant gave.
    package var event: String?
    package var customEvent: RuleCustomEvent?
    package var segment: RuleSegment?
    package var loyaltyTier: RuleTier?
    package var pendingPoints: PendingPoints?
    package var expirationRules: JSONValue?
    package var source: RuleSource?
    package var active: Bool?
    package var object: String?
    package var automationID: String?
    package var startDate: String?
    package var expirationDate: String?
    package var validityTimeframe: ValidityTimeframe?
    /// 0 is Sunday.
    package var validityDayOfWeek: [Int64]?
    package var validityHours: ValidityHours?
    /// Free-form attributes of the merchant.
    package var metadata: [String: JSONValue]?

    init(_ json: JSONObject) {
        for (key, value) in json {
            switch key {
            case "id": id = value.text
            case "created_at": createdAt = value.text
            case "updated_at": updatedAt = value.text
            case "validation_rule_id": validationRuleID = value.text
            case "loyalty": loyalty = value.object.map(PointsCalculation.init)
            case "event": event = value.text
            case "custom_event": customEvent = value.object.map(RuleCustomEvent.init)
            case "segment": segment = value.object.map(RuleSegment.init)
            case "loyalty_tier": loyaltyTier = value.object.map(RuleTier.init)
            case "pending_points": pendingPoints = value.object.map(PendingPoints.init)
            case "expiration_rules": expirationRules = value.value()
            case "source": source = value.object.map(RuleSource.init)
            case "active": active = value.bool
            case "object": object = value.text
            case "automation_id": automationID = value.text
            case "start_date": startDate = value.text
            case "expiration_date": expirationDate = value.text
            case "validity_timeframe": validityTimeframe = value.object.map(ValidityTimeframe.init)
            case "validity_day_of_week": validityDayOfWeek = value.list(\.integer)
            case "validity_hours": validityHours = value.object.map(ValidityHours.init)
            case "metadata": metadata = value.map { $0.value() }
            default: break
            }
        }
    }
}

/// The custom event that fires a rule.
package struct RuleCustomEvent: Sendable, Equatable {
    package var schemaID: String?

    init(_ json: JSONObject) {
        for (key, value) in json {
            switch key {
            case "schema_id": schemaID = value.text
            default: break
            }
        }
    }
}

/// The segment that fires a rule.
package struct RuleSegment: Sendable, Equatable {
    package var id: String?

    init(_ json: JSONObject) {
        for (key, value) in json {
            switch key {
            case "id": id = value.text
            default: break
            }
        }
    }
}

/// The tier that fires a rule.
package struct RuleTier: Sendable, Equatable {
    /// A tier id, or the literal `__ANY__`.
    package var id: String?

    init(_ json: JSONObject) {
        for (key, value) in json {
            switch key {
            case "id": id = value.text
            default: break
            }
        }
    }
}

/// How long points wait before they can be spent.
package struct PendingPoints: Sendable, Equatable {
    package var periodType: String?
    package var periodValue: Int64?

    init(_ json: JSONObject) {
        for (key, value) in json {
            switch key {
            case "period_type": periodType = value.text
            case "period_value": periodValue = value.integer
            default: break
            }
        }
    }
}

/// The campaign behind a rule, and its title for people.
package struct RuleSource: Sendable, Equatable {
    package var banner: String?
    package var objectID: String?
    package var objectType: String?

    init(_ json: JSONObject) {
        for (key, value) in json {
            switch key {
            case "banner": banner = value.text
            case "object_id": objectID = value.text
            case "object_type": objectType = value.text
            default: break
            }
        }
    }
}
