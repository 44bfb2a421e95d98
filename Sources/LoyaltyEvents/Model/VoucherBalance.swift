/// What the accrual changed on the card.
package struct VoucherBalance: Sendable, Equatable {
    /// `loyalty_card` expected.
    package var type: String?
    /// All points ever put on the card.
    package var total: Int64?
    package var object: String?
    /// Gift cards only, in hundredths of the currency: never points.
    package var amount: Int64?
    /// Points of this accrual.
    package var points: Int64?
    /// Points that can be spent after it.
    package var balance: Int64?
    package var operationType: String?
    /// The card.
    package var relatedObject: RelatedObject?

    init(_ json: JSONObject) {
        for (key, value) in json {
            switch key {
            case "type": type = value.text
            case "total": total = value.integer
            case "object": object = value.text
            case "amount": amount = value.integer
            case "points": points = value.integer
            case "balance": balance = value.integer
            case "operation_type": operationType = value.text
            case "related_object": relatedObject = value.object.map(RelatedObject.init)
            default: break
            }
        }
    }
}

/// What a balance belongs to.
package struct RelatedObject: Sendable, Equatable {
    package var id: String?
    package var type: String?

    init(_ json: JSONObject) {
        for (key, value) in json {
            switch key {
            case "id": id = value.text
            case "type": type = value.text
            default: break
            }
        }
    }
}
