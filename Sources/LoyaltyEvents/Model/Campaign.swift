/// The campaign of the card.
package struct Campaign: Sendable, Equatable {
    package var id: String?
    package var name: String?
    /// An open set; `LOYALTY_PROGRAM` here.
    package var campaignType: String?
    /// How codes get into the campaign.
    package var type: String?
    package var isReferralCode: Bool?
    /// The template of its codes.
    package var voucher: CampaignVoucher?
    package var referralProgram: ReferralProgram?
    package var autoJoin: Bool?
    package var joinOnce: Bool?
    package var active: Bool?
    package var categoryID: String?
    package var category: String?
    package var categories: [Category]?
    /// Free-form attributes of the merchant.
    package var metadata: [String: JSONValue]?
    package var startDate: String?
    package var expirationDate: String?
    package var description: String?
    package var createdAt: String?
    package var updatedAt: String?
    package var object: String?

    init(_ json: JSONObject) {
        for (key, value) in json {
            switch key {
            case "id": id = value.text
            case "name": name = value.text
            case "campaign_type": campaignType = value.text
            case "type": type = value.text
            case "is_referral_code": isReferralCode = value.bool
            case "voucher": voucher = value.object.map(CampaignVoucher.init)
            case "referral_program": referralProgram = value.object.map(ReferralProgram.init)
            case "auto_join": autoJoin = value.bool
            case "join_once": joinOnce = value.bool
            case "active": active = value.bool
            case "category_id": categoryID = value.text
            case "category": category = value.text
            case "categories": categories = value.list { $0.object.map(Category.init) }
            case "metadata": metadata = value.map { $0.value() }
            case "start_date": startDate = value.text
            case "expiration_date": expirationDate = value.text
            case "description": description = value.text
            case "created_at": createdAt = value.text
            case "updated_at": updatedAt = value.text
            case "object": object = value.text
            default: break
            }
        }
    }
}

/// The template of a campaign's codes.
package struct CampaignVoucher: Sendable, Equatable {
    package var type: String?
    package var discount: Discount?
    package var gift: Gift?
    package var loyaltyCard: CampaignLoyaltyCard?
    package var redemption: RedemptionLimits?
    package var codeConfig: CodeConfig?

    init(_ json: JSONObject) {
        for (key, value) in json {
            switch key {
            case "type": type = value.text
            case "discount": discount = value.object.map(Discount.init)
            case "gift": gift = value.object.map(Gift.init)
            case "loyalty_card": loyaltyCard = value.object.map(CampaignLoyaltyCard.init)
            case "redemption": redemption = value.object.map(RedemptionLimits.init)
            case "code_config": codeConfig = value.object.map(CodeConfig.init)
            default: break
            }
        }
    }
}

/// What a new card starts with.
package struct CampaignLoyaltyCard: Sendable, Equatable {
    package var points: Int64?
    package var expirationRules: PointExpiration?

    init(_ json: JSONObject) {
        for (key, value) in json {
            switch key {
            case "points": points = value.integer
            case "expiration_rules": expirationRules = value.object.map(PointExpiration.init)
            default: break
            }
        }
    }
}

/// When points of a campaign expire.
package struct PointExpiration: Sendable, Equatable {
    package var periodType: String?
    package var periodValue: Int64?
    package var roundingType: String?
    package var roundingValue: Int64?
    package var fixedMonth: Int64?
    package var fixedDay: Int64?

    init(_ json: JSONObject) {
        for (key, value) in json {
            switch key {
            case "period_type": periodType = value.text
            case "period_value": periodValue = value.integer
            case "rounding_type": roundingType = value.text
            case "rounding_value": roundingValue = value.integer
            case "fixed_month": fixedMonth = value.integer
            case "fixed_day": fixedDay = value.integer
            default: break
            }
        }
    }
}

/// The pattern of codes.
package struct CodeConfig: Sendable, Equatable {
    package var length: Double?
    package var charset: String?
    package var prefix: String?
    package var postfix: String?
    package var pattern: String?
    package var initialCount: Int64?
    package var minDesired: Double?

    init(_ json: JSONObject) {
        for (key, value) in json {
            switch key {
            case "length": length = value.double
            case "charset": charset = value.text
            case "prefix": prefix = value.text
            case "postfix": postfix = value.text
            case "pattern": pattern = value.text
            case "initial_count": initialCount = value.integer
            case "min_desired": minDesired = value.double
            default: break
            }
        }
    }
}
