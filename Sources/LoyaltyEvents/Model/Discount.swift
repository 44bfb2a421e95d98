/// What a voucher takes off. The five documented shapes, told apart by `type`, and whatever the vendor adds.
package enum Discount: Sendable, Equatable {
    case amount(AmountDiscount)
    case percent(PercentDiscount)
    case fixed(FixedDiscount)
    case unit(UnitDiscount)
    /// Several unit discounts in one.
    case units(MultipleUnitDiscount)
    case other(JSONValue)

    init(_ json: JSONObject) {
        switch json["type"]?.text {
        case "AMOUNT": self = .amount(AmountDiscount(json))
        case "PERCENT": self = .percent(PercentDiscount(json))
        case "FIXED": self = .fixed(FixedDiscount(json))
        case "UNIT" where json["units"]?.elements != nil: self = .units(MultipleUnitDiscount(json))
        case "UNIT": self = .unit(UnitDiscount(json))
        default: self = .other(json.value)
        }
    }
}

/// So much off, in hundredths of the currency.
package struct AmountDiscount: Sendable, Equatable {
    package var type: String?
    package var amountOff: Double?
    package var amountOffFormula: String?
    package var aggregatedAmountLimit: Int64?
    package var effect: String?
    package var isDynamic: Bool?

    init(_ json: JSONObject) {
        for (key, value) in json {
            switch key {
            case "type": type = value.text
            case "amount_off": amountOff = value.double
            case "amount_off_formula": amountOffFormula = value.text
            case "aggregated_amount_limit": aggregatedAmountLimit = value.integer
            case "effect": effect = value.text
            case "is_dynamic": isDynamic = value.bool
            default: break
            }
        }
    }
}

/// So many percent off.
package struct PercentDiscount: Sendable, Equatable {
    package var type: String?
    /// May be fractional.
    package var percentOff: Double?
    package var percentOffFormula: String?
    package var amountLimit: Double?
    package var aggregatedAmountLimit: Int64?
    package var effect: String?
    package var isDynamic: Bool?

    init(_ json: JSONObject) {
        for (key, value) in json {
            switch key {
            case "type": type = value.text
            case "percent_off": percentOff = value.double
            case "percent_off_formula": percentOffFormula = value.text
            case "amount_limit": amountLimit = value.double
            case "aggregated_amount_limit": aggregatedAmountLimit = value.integer
            case "effect": effect = value.text
            case "is_dynamic": isDynamic = value.bool
            default: break
            }
        }
    }
}

/// A fixed price, in hundredths of the currency.
package struct FixedDiscount: Sendable, Equatable {
    package var type: String?
    package var fixedAmount: Double?
    package var fixedAmountFormula: String?
    package var effect: String?
    package var isDynamic: Bool?

    init(_ json: JSONObject) {
        for (key, value) in json {
            switch key {
            case "type": type = value.text
            case "fixed_amount": fixedAmount = value.double
            case "fixed_amount_formula": fixedAmountFormula = value.text
            case "effect": effect = value.text
            case "is_dynamic": isDynamic = value.bool
            default: break
            }
        }
    }
}

/// Free units of a product.
package struct UnitDiscount: Sendable, Equatable {
    package var type: String?
    package var unitOff: Double?
    package var unitOffFormula: String?
    package var effect: String?
    package var unitType: String?
    package var product: DiscountedProduct?
    package var sku: DiscountedProduct?
    package var isDynamic: Bool?

    init(_ json: JSONObject) {
        for (key, value) in json {
            switch key {
            case "type": type = value.text
            case "unit_off": unitOff = value.double
            case "unit_off_formula": unitOffFormula = value.text
            case "effect": effect = value.text
            case "unit_type": unitType = value.text
            case "product": product = value.object.map(DiscountedProduct.init)
            case "sku": sku = value.object.map(DiscountedProduct.init)
            case "is_dynamic": isDynamic = value.bool
            default: break
            }
        }
    }
}

/// Free units of several products.
package struct MultipleUnitDiscount: Sendable, Equatable {
    package var type: String?
    package var effect: String?
    package var units: [UnitDiscount]?

    init(_ json: JSONObject) {
        for (key, value) in json {
            switch key {
            case "type": type = value.text
            case "effect": effect = value.text
            case "units": units = value.list { $0.object.map(UnitDiscount.init) }
            default: break
            }
        }
    }
}

/// A product, or one of its variants, that is given away.
package struct DiscountedProduct: Sendable, Equatable {
    package var id: String?
    package var sourceID: String?
    package var name: String?

    init(_ json: JSONObject) {
        for (key, value) in json {
            switch key {
            case "id": id = value.text
            case "source_id": sourceID = value.text
            case "name": name = value.text
            default: break
            }
        }
    }
}
