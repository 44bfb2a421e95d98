// The enums of the model, which choose by content.

package enum JSONValue: Decodable, Sendable {
    case null
    case bool(Bool)
    case integer(Int64)
    case number(Double)
    case text(String)
    case array([JSONValue])
    case object([String: JSONValue])

    package init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        if container.decodeNil() {
            self = .null
        } else if let text = try? container.decode(String.self) {
            self = .text(text)
        } else if let integer = try? container.decode(Int64.self) {
            self = .integer(integer)
        } else if let number = try? container.decode(Double.self) {
            self = .number(number)
        } else if let bool = try? container.decode(Bool.self) {
            self = .bool(bool)
        } else if let values = try? container.decode([String: JSONValue].self) {
            self = .object(values)
        } else {
            self = .array(try container.decode([JSONValue].self))
        }
    }
}

package enum Discount: Decodable, Sendable {
    case amount(AmountDiscount)
    case percent(PercentDiscount)
    case fixed(FixedDiscount)
    case unit(UnitDiscount)
    case units(MultipleUnitDiscount)
    case other(JSONValue)

    private enum CodingKeys: String, CodingKey {
        case type, units
    }

    package init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        switch try container.decodeIfPresent(String.self, forKey: .type) {
        case "AMOUNT": self = .amount(try AmountDiscount(from: decoder))
        case "PERCENT": self = .percent(try PercentDiscount(from: decoder))
        case "FIXED": self = .fixed(try FixedDiscount(from: decoder))
        case "UNIT" where container.contains(.units): self = .units(try MultipleUnitDiscount(from: decoder))
        case "UNIT": self = .unit(try UnitDiscount(from: decoder))
        default: self = .other(try JSONValue(from: decoder))
        }
    }
}

package enum PointMapping: Decodable, Sendable {
    case multiply(Double)
    case custom(points: Int64)
    case other(JSONValue)

    private enum CodingKeys: String, CodingKey {
        case type, multiplier, points
    }

    package init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        switch try container.decodeIfPresent(String.self, forKey: .type) {
        case "MULTIPLY": self = .multiply(try container.decode(Double.self, forKey: .multiplier))
        case "CUSTOM": self = .custom(points: try container.decode(Int64.self, forKey: .points))
        default: self = .other(try JSONValue(from: decoder))
        }
    }
}

package enum PointsCalculation: Decodable, Sendable {
    case fixed(FixedPoints)
    case orderAmount(PointsRatio)
    case orderTotalAmount(PointsRatio)
    case orderMetadata(AttributeRatio)
    case orderItemsQuantity(ItemsRatio)
    case orderItemsAmount(ItemsRatio)
    case orderItemsSubtotalAmount(ItemsRatio)
    case customerMetadata(AttributeRatio)
    case customEventMetadata(AttributeRatio)
    case other(JSONValue)

    private enum CodingKeys: String, CodingKey {
        case type, order, customer, amount, metadata, quantity
        case calculationType = "calculation_type"
        case orderItems = "order_items"
        case customEvent = "custom_event"
        case totalAmount = "total_amount"
        case subtotalAmount = "subtotal_amount"
    }

    package init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        func ratio<Ratio: Decodable>(_ outer: CodingKeys, _ inner: CodingKeys) throws -> Ratio {
            try container.nestedContainer(keyedBy: CodingKeys.self, forKey: outer).decode(Ratio.self, forKey: inner)
        }
        let type = try container.decodeIfPresent(String.self, forKey: .type)
        let calculation = try container.decodeIfPresent(String.self, forKey: .calculationType)
        switch (type, calculation) {
        case ("FIXED", _): self = .fixed(try FixedPoints(from: decoder))
        case (_, "ORDER_AMOUNT"): self = .orderAmount(try ratio(.order, .amount))
        case (_, "ORDER_TOTAL_AMOUNT"): self = .orderTotalAmount(try ratio(.order, .totalAmount))
        case (_, "ORDER_METADATA"): self = .orderMetadata(try ratio(.order, .metadata))
        case (_, "ORDER_ITEMS_QUANTITY"): self = .orderItemsQuantity(try ratio(.orderItems, .quantity))
        case (_, "ORDER_ITEMS_AMOUNT"): self = .orderItemsAmount(try ratio(.orderItems, .amount))
        case (_, "ORDER_ITEMS_SUBTOTAL_AMOUNT"):
            self = .orderItemsSubtotalAmount(try ratio(.orderItems, .subtotalAmount))
        case (_, "CUSTOMER_METADATA"): self = .customerMetadata(try ratio(.customer, .metadata))
        case (_, "CUSTOM_EVENT_METADATA"): self = .customEventMetadata(try ratio(.customEvent, .metadata))
        default: self = .other(try JSONValue(from: decoder))
        }
    }
}
