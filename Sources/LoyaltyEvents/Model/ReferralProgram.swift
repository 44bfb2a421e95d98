/// The rules of a referral campaign.
package struct ReferralProgram: Sendable, Equatable {
    package var conversionEventType: String?
    package var customEvent: NamedReference?
    package var refereeReward: RefereeReward?

    init(_ json: JSONObject) {
        for (key, value) in json {
            switch key {
            case "conversion_event_type": conversionEventType = value.text
            case "custom_event": customEvent = value.object.map(NamedReference.init)
            case "referee_reward": refereeReward = value.object.map(RefereeReward.init)
            default: break
            }
        }
    }
}

/// What the referred person gets.
package struct RefereeReward: Sendable, Equatable {
    package var relatedObjectParent: NamedReference?
    package var type: String?
    /// Documented as text, sent as a number.
    package var amount: JSONValue?

    init(_ json: JSONObject) {
        for (key, value) in json {
            switch key {
            case "related_object_parent": relatedObjectParent = value.object.map(NamedReference.init)
            case "type": type = value.text
            case "amount": amount = value.value()
            default: break
            }
        }
    }
}

/// Something named by id and name.
package struct NamedReference: Sendable, Equatable {
    package var id: String?
    package var name: String?
    package var object: String?

    init(_ json: JSONObject) {
        for (key, value) in json {
            switch key {
            case "id": id = value.text
            case "name": name = value.text
            case "object": object = value.text
            default: break
            }
        }
    }
}
