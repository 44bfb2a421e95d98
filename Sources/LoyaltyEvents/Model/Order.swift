/// The order behind the points. Amounts are in hundredths of the currency, which no field names.
package struct Order: Sendable, Equatable {
    package var id: String?
    package var sourceID: String?
    package var createdAt: String?
    package var updatedAt: String?
    package var status: String?
    /// Before discounts.
    package var amount: Int64?
    package var initialAmount: Int64?
    package var discountAmount: Int64?
    package var itemsDiscountAmount: Int64?
    package var totalDiscountAmount: Int64?
    /// Payable, after discounts.
    package var totalAmount: Int64?
    package var appliedDiscountAmount: Int64?
    package var itemsAppliedDiscountAmount: Int64?
    package var totalAppliedDiscountAmount: Int64?
    package var items: [OrderItem]?
    /// Free-form attributes of the merchant.
    package var metadata: [String: JSONValue]?
    /// The buyer.
    package var customer: Customer?
    package var customerID: String?
    package var referrer: Customer?
    package var referrerID: String?
    package var object: String?
    /// By the id of the redemption.
    package var redemptions: [String: OrderRedemption]?

    init(_ json: JSONObject) {
        for (key, value) in json {
            switch key {
            case "id": id = value.text
            case "source_id": sourceID = value.text
            case "created_at": createdAt = value.text
            case "updated_at": updatedAt = value.text
            case "status": status = value.text
            case "amount": amount = value.integer
            case "initial_amount": initialAmount = value.integer
            case "discount_amount": discountAmount = value.integer
            case "items_discount_amount": itemsDiscountAmount = value.integer
            case "total_discount_amount": totalDiscountAmount = value.integer
            case "total_amount": totalAmount = value.integer
            case "applied_discount_amount": appliedDiscountAmount = value.integer
            case "items_applied_discount_amount": itemsAppliedDiscountAmount = value.integer
            case "total_applied_discount_amount": totalAppliedDiscountAmount = value.integer
            case "items": items = value.list { $0.object.map(OrderItem.init) }
            case "metadata": metadata = value.map { $0.value() }
            case "customer": customer = value.object.map(Customer.init)
            case "customer_id": customerID = value.text
            case "referrer": referrer = value.object.map(Customer.init)
            case "referrer_id": referrerID = value.text
            case "object": object = value.text
            case "redemptions": redemptions = value.map { $0.object.map(OrderRedemption.init) }
            default: break
            }
        }
    }
}
