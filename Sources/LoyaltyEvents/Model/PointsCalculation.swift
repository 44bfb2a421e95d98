/// How a rule computes points: every documented variant, and whatever the vendor adds.
package enum PointsCalculation: Sendable, Equatable {
    case fixed(FixedPoints)
    case orderAmount(PointsRatio)
    case orderTotalAmount(PointsRatio)
    case orderMetadata(AttributeRatio)
    case orderItemsQuantity(ItemsRatio)
    case orderItemsAmount(ItemsRatio)
    case orderItemsSubtotalAmount(ItemsRatio)
    case customerMetadata(AttributeRatio)
    case customEventMetadata(AttributeRatio)
    /// Another type, or a known one without its parameters.
    case other(JSONValue)

    init(_ json: JSONObject) {
        self = Self.known(json) ?? .other(json.value)
    }

    private static func known(_ json: JSONObject) -> Self? {
        switch (json["type"]?.text, json["calculation_type"]?.text) {
        case ("FIXED", _):
            .fixed(FixedPoints(json))
        case ("PROPORTIONAL", "ORDER_AMOUNT"):
            json["order"]?.object?["amount"]?.object.map { .orderAmount(PointsRatio($0)) }
        case ("PROPORTIONAL", "ORDER_TOTAL_AMOUNT"):
            json["order"]?.object?["total_amount"]?.object.map { .orderTotalAmount(PointsRatio($0)) }
        case ("PROPORTIONAL", "ORDER_METADATA"):
            json["order"]?.object?["metadata"]?.object.map { .orderMetadata(AttributeRatio($0)) }
        case ("PROPORTIONAL", "ORDER_ITEMS_QUANTITY"):
            json["order_items"]?.object?["quantity"]?.object.map { .orderItemsQuantity(ItemsRatio($0)) }
        case ("PROPORTIONAL", "ORDER_ITEMS_AMOUNT"):
            json["order_items"]?.object?["amount"]?.object.map { .orderItemsAmount(ItemsRatio($0)) }
        case ("PROPORTIONAL", "ORDER_ITEMS_SUBTOTAL_AMOUNT"):
            json["order_items"]?.object?["subtotal_amount"]?.object.map { .orderItemsSubtotalAmount(ItemsRatio($0)) }
        case ("PROPORTIONAL", "CUSTOMER_METADATA"):
            json["customer"]?.object?["metadata"]?.object.map { .customerMetadata(AttributeRatio($0)) }
        case ("PROPORTIONAL", "CUSTOM_EVENT_METADATA"):
            json["custom_event"]?.object?["metadata"]?.object.map { .customEventMetadata(AttributeRatio($0)) }
        default: nil
        }
    }
}

/// The same points each time.
package struct FixedPoints: Sendable, Equatable {
    package var points: Int64?
    package var pointsFormula: String?

    init(_ json: JSONObject) {
        for (key, value) in json {
            switch key {
            case "points": points = value.integer
            case "points_formula": pointsFormula = value.text
            default: break
            }
        }
    }
}

/// So many points for every step of an amount, the step in hundredths of the currency.
package struct PointsRatio: Sendable, Equatable {
    package var every: Int64?
    package var points: Int64?
    package var pointsFormula: String?

    init(_ json: JSONObject) {
        for (key, value) in json {
            switch key {
            case "every": every = value.integer
            case "points": points = value.integer
            case "points_formula": pointsFormula = value.text
            default: break
            }
        }
    }
}

/// So many points for every step of a custom attribute.
package struct AttributeRatio: Sendable, Equatable {
    package var every: Int64?
    package var points: Int64?
    package var pointsFormula: String?
    /// The name of the attribute.
    package var property: String?

    init(_ json: JSONObject) {
        for (key, value) in json {
            switch key {
            case "every": every = value.integer
            case "points": points = value.integer
            case "points_formula": pointsFormula = value.text
            case "property": property = value.text
            default: break
            }
        }
    }
}

/// So many points for every step of what was bought of some product.
package struct ItemsRatio: Sendable, Equatable {
    /// Items, or hundredths of the currency.
    package var every: Int64?
    package var points: Int64?
    package var pointsFormula: String?
    /// What `id` refers to: `products_collection`, `product` or `sku`.
    package var object: String?
    package var id: String?
    package var applicableTo: [ItemsTarget]?

    init(_ json: JSONObject) {
        for (key, value) in json {
            switch key {
            case "every": every = value.integer
            case "points": points = value.integer
            case "points_formula": pointsFormula = value.text
            case "object": object = value.text
            case "id": id = value.text
            case "applicable_to": applicableTo = value.list { $0.object.map(ItemsTarget.init) }
            default: break
            }
        }
    }
}

/// A product, a variant or a collection that a rule applies to.
package struct ItemsTarget: Sendable, Equatable {
    package var object: String?
    package var id: String?

    init(_ json: JSONObject) {
        for (key, value) in json {
            switch key {
            case "object": object = value.text
            case "id": id = value.text
            default: break
            }
        }
    }
}
