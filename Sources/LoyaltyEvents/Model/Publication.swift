/// A voucher published to a customer. May recur: a card is published once and earns points many times.
package struct Publication: Sendable, Equatable {
    package var id: String?
    package var object: String?
    package var createdAt: String?
    package var customerID: String?
    /// The receiver's source id.
    package var trackingID: String?
    /// Documented with `source_type`, `source_id` and `distribution_id`; empty in practice.
    package var metadata: [String: JSONValue]?
    /// An open set.
    package var channel: String?
    package var sourceID: String?
    package var result: String?
    /// The receiver.
    package var customer: Customer?
    package var vouchersID: [String]?
    package var voucher: Voucher?

    init(_ json: JSONObject) {
        for (key, value) in json {
            switch key {
            case "id": id = value.text
            case "object": object = value.text
            case "created_at": createdAt = value.text
            case "customer_id": customerID = value.text
            case "tracking_id": trackingID = value.text
            case "metadata": metadata = value.map { $0.value() }
            case "channel": channel = value.text
            case "source_id": sourceID = value.text
            case "result": result = value.text
            case "customer": customer = value.object.map(Customer.init)
            case "vouchers_id": vouchersID = value.list(\.text)
            case "voucher": voucher = value.object.map(Voucher.init)
            default: break
            }
        }
    }
}
