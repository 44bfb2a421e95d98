/// A published code in full form.
package struct Voucher: Sendable, Equatable {
    package var id: String?
    package var code: String?
    /// The name of the campaign, not its id.
    package var campaign: String?
    package var campaignID: String?
    package var category: String?
    package var categoryID: String?
    package var categories: [Category]?
    package var type: String?
    package var discount: Discount?
    package var gift: Gift?
    package var loyaltyCard: LoyaltyCard?
    package var startDate: String?
    package var expirationDate: String?
    package var validityTimeframe: ValidityTimeframe?
    /// 0 is Sunday.
    package var validityDayOfWeek: [Int64]?
    package var validityHours: ValidityHours?
    package var active: Bool?
    package var additionalInfo: String?
    /// Free-form attributes of the merchant.
    package var metadata: [String: JSONValue]?
    package var assets: VoucherAssets?
    package var isReferralCode: Bool?
    package var createdAt: String?
    package var updatedAt: String?
    package var holderID: String?
    package var validationRulesAssignments: RuleAssignments?
    package var referrerID: String?
    package var object: String?
    package var publish: PublishCount?
    package var redemption: RedemptionLimits?

    init(_ json: JSONObject) {
        for (key, value) in json {
            switch key {
            case "id": id = value.text
            case "code": code = value.text
            case "campaign": campaign = value.text
            case "campaign_id": campaignID = value.text
            case "category": category = value.text
            case "category_id": categoryID = value.text
            case "categories": categories = value.list { $0.object.map(Category.init) }
            case "type": type = value.text
            case "discount": discount = value.object.map(Discount.init)
            case "gift": gift = value.object.map(Gift.init)
            case "loyalty_card": loyaltyCard = value.object.map(LoyaltyCard.init)
            case "start_date": startDate = value.text
            case "expiration_date": expirationDate = value.text
            case "validity_timeframe": validityTimeframe = value.object.map(ValidityTimeframe.init)
            case "validity_day_of_week": validityDayOfWeek = value.list(\.integer)
            case "validity_hours": validityHours = value.object.map(ValidityHours.init)
            case "active": active = value.bool
            case "additional_info": additionalInfo = value.text
            case "metadata": metadata = value.map { $0.value() }
            case "assets": assets = value.object.map(VoucherAssets.init)
            case "is_referral_code": isReferralCode = value.bool
            case "created_at": createdAt = value.text
            case "updated_at": updatedAt = value.text
            case "holder_id": holderID = value.text
            case "validation_rules_assignments": validationRulesAssignments = value.object.map(RuleAssignments.init)
            case "referrer_id": referrerID = value.text
            case "object": object = value.text
            case "publish": publish = value.object.map(PublishCount.init)
            case "redemption": redemption = value.object.map(RedemptionLimits.init)
            default: break
            }
        }
    }
}

/// Pictures of a code.
package struct VoucherAssets: Sendable, Equatable {
    package var qr: Asset?
    package var barcode: Asset?

    init(_ json: JSONObject) {
        for (key, value) in json {
            switch key {
            case "qr": qr = value.object.map(Asset.init)
            case "barcode": barcode = value.object.map(Asset.init)
            default: break
            }
        }
    }
}

/// One picture.
package struct Asset: Sendable, Equatable {
    package var id: String?
    package var url: String?

    init(_ json: JSONObject) {
        for (key, value) in json {
            switch key {
            case "id": id = value.text
            case "url": url = value.text
            default: break
            }
        }
    }
}

/// How often a code was published.
package struct PublishCount: Sendable, Equatable {
    package var object: String?
    package var count: Int64?
    package var url: String?

    init(_ json: JSONObject) {
        for (key, value) in json {
            switch key {
            case "object": object = value.text
            case "count": count = value.integer
            case "url": url = value.text
            default: break
            }
        }
    }
}

/// Conditions attached to a code.
package struct RuleAssignments: Sendable, Equatable {
    package var object: String?
    package var dataRef: String?
    package var data: [RuleAssignment]?
    package var total: Int64?

    init(_ json: JSONObject) {
        for (key, value) in json {
            switch key {
            case "object": object = value.text
            case "data_ref": dataRef = value.text
            case "data": data = value.list { $0.object.map(RuleAssignment.init) }
            case "total": total = value.integer
            default: break
            }
        }
    }
}

/// One condition.
package struct RuleAssignment: Sendable, Equatable {
    package var id: String?
    package var ruleID: String?
    package var relatedObjectID: String?
    package var relatedObjectType: String?
    package var createdAt: String?
    package var updatedAt: String?
    package var object: String?
    package var validationStatus: String?
    package var validationOmittedRules: [String]?

    init(_ json: JSONObject) {
        for (key, value) in json {
            switch key {
            case "id": id = value.text
            case "rule_id": ruleID = value.text
            case "related_object_id": relatedObjectID = value.text
            case "related_object_type": relatedObjectType = value.text
            case "created_at": createdAt = value.text
            case "updated_at": updatedAt = value.text
            case "object": object = value.text
            case "validation_status": validationStatus = value.text
            case "validation_omitted_rules": validationOmittedRules = value.list(\.text)
            default: break
            }
        }
    }
}
