/// The event that fired the rule: not this event. Every rule that it fired shares it.
package struct TriggerEvent: Sendable, Equatable {
    package var id: String?
    package var type: String?
    package var category: String?
    /// The customer, as a rule.
    package var entityID: String?
    package var createdAt: String?
    /// The API request; shared by all events of that request.
    package var groupID: String?

    init(_ json: JSONObject) {
        for (key, value) in json {
            switch key {
            case "id": id = value.text
            case "type": type = value.text
            case "category": category = value.text
            case "entity_id": entityID = value.text
            case "created_at": createdAt = value.text
            case "group_id": groupID = value.text
            default: break
            }
        }
    }
}
