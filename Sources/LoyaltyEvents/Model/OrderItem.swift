/// One line of an order. Amounts are in hundredths of the currency.
package struct OrderItem: Sendable, Equatable {
    package var id: String?
    package var skuID: String?
    package var productID: String?
    /// What `sourceID` refers to: `product` or `sku`.
    package var relatedObject: String?
    package var sourceID: String?
    package var quantity: Int64?
    package var discountQuantity: Int64?
    package var initialQuantity: Int64?
    package var amount: Int64?
    package var discountAmount: Int64?
    package var appliedDiscountAmount: Int64?
    package var appliedDiscountQuantity: Int64?
    package var appliedQuantity: Int64?
    package var appliedQuantityAmount: Int64?
    package var initialAmount: Int64?
    package var price: Int64?
    package var subtotalAmount: Int64?
    package var product: OrderProduct?
    package var sku: OrderProduct?
    package var object: String?
    /// Free-form attributes of the merchant.
    package var metadata: [String: JSONValue]?

    init(_ json: JSONObject) {
        for (key, value) in json {
            switch key {
            case "id": id = value.text
            case "sku_id": skuID = value.text
            case "product_id": productID = value.text
            case "related_object": relatedObject = value.text
            case "source_id": sourceID = value.text
            case "quantity": quantity = value.integer
            case "discount_quantity": discountQuantity = value.integer
            case "initial_quantity": initialQuantity = value.integer
            case "amount": amount = value.integer
            case "discount_amount": discountAmount = value.integer
            case "applied_discount_amount": appliedDiscountAmount = value.integer
            case "applied_discount_quantity": appliedDiscountQuantity = value.integer
            case "applied_quantity": appliedQuantity = value.integer
            case "applied_quantity_amount": appliedQuantityAmount = value.integer
            case "initial_amount": initialAmount = value.integer
            case "price": price = value.integer
            case "subtotal_amount": subtotalAmount = value.integer
            case "product": product = value.object.map(OrderProduct.init)
            case "sku": sku = value.object.map(OrderProduct.init)
            case "object": object = value.text
            case "metadata": metadata = value.map { $0.value() }
            default: break
            }
        }
    }
}

/// A product or a variant as an order shows it.
package struct OrderProduct: Sendable, Equatable {
    package var id: String?
    package var sourceID: String?
    package var name: String?
    package var price: Int64?

    init(_ json: JSONObject) {
        for (key, value) in json {
            switch key {
            case "id": id = value.text
            case "source_id": sourceID = value.text
            case "name": name = value.text
            case "price": price = value.integer
            default: break
            }
        }
    }
}

/// A redemption that the order used.
package struct OrderRedemption: Sendable, Equatable {
    package var date: String?
    package var rollbackID: String?
    package var rollbackDate: String?
    package var relatedObjectType: String?
    package var relatedObjectID: String?
    package var relatedObjectParentID: String?
    package var stacked: [String]?
    package var rollbackStacked: [String]?

    init(_ json: JSONObject) {
        for (key, value) in json {
            switch key {
            case "date": date = value.text
            case "rollback_id": rollbackID = value.text
            case "rollback_date": rollbackDate = value.text
            case "related_object_type": relatedObjectType = value.text
            case "related_object_id": relatedObjectID = value.text
            case "related_object_parent_id": relatedObjectParentID = value.text
            case "stacked": stacked = value.list(\.text)
            case "rollback_stacked": rollbackStacked = value.list(\.text)
            default: break
            }
        }
    }
}
