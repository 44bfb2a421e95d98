/// A person in short form: who earned the points, or who owns the card.
package struct SimpleCustomer: Sendable, Equatable {
    package var id: String?
    package var name: String?
    package var email: String?
    /// The merchant's own id.
    package var sourceID: String?
    /// Free-form attributes of the merchant.
    package var metadata: [String: JSONValue]?
    package var object: String?

    init(_ json: JSONObject) {
        for (key, value) in json {
            switch key {
            case "id": id = value.text
            case "name": name = value.text
            case "email": email = value.text
            case "source_id": sourceID = value.text
            case "metadata": metadata = value.map { $0.value() }
            case "object": object = value.text
            default: break
            }
        }
    }
}
