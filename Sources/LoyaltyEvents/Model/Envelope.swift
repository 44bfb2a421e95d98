/// What a webhook wraps around an event.
package struct Envelope: Sendable, Equatable {
    /// This send-out.
    package var id: String?
    package var projectID: String?
    package var createdAt: String?
    /// The name of the event, or the label that a merchant gave to a distribution.
    package var type: String?
    package var source: EnvelopeSource?
    package var event: EnvelopeEvent?

    init(_ json: JSONObject) {
        for (key, value) in json {
            switch key {
            case "id": id = value.text
            case "project_id": projectID = value.text
            case "created_at": createdAt = value.text
            case "type": type = value.text
            case "source": source = value.object.map(EnvelopeSource.init)
            case "event": event = value.object.map(EnvelopeEvent.init)
            default: break
            }
        }
    }
}

/// What sent it: `webhook` or `distribution`.
package struct EnvelopeSource: Sendable, Equatable {
    package var id: String?
    package var object: String?
    package var targetURL: String?

    init(_ json: JSONObject) {
        for (key, value) in json {
            switch key {
            case "id": id = value.text
            case "object": object = value.text
            case "target_url": targetURL = value.text
            default: break
            }
        }
    }
}

/// This event, as opposed to its trigger.
package struct EnvelopeEvent: Sendable, Equatable {
    package var id: String?
    package var type: String?
    package var createdAt: String?
    package var entityID: String?
    package var groupID: String?
    package var eventSource: EventSource?

    init(_ json: JSONObject) {
        for (key, value) in json {
            switch key {
            case "id": id = value.text
            case "type": type = value.text
            case "created_at": createdAt = value.text
            case "entity_id": entityID = value.text
            case "group_id": groupID = value.text
            case "event_source": eventSource = value.object.map(EventSource.init)
            default: break
            }
        }
    }
}

/// Where it came from.
package struct EventSource: Sendable, Equatable {
    package var channel: String?
    package var user: EventUser?
    package var apiKey: EventAPIKey?

    init(_ json: JSONObject) {
        for (key, value) in json {
            switch key {
            case "channel": channel = value.text
            case "user": user = value.object.map(EventUser.init)
            case "api_key": apiKey = value.object.map(EventAPIKey.init)
            default: break
            }
        }
    }
}

/// A user of the dashboard.
package struct EventUser: Sendable, Equatable {
    package var id: String?

    init(_ json: JSONObject) {
        for (key, value) in json {
            switch key {
            case "id": id = value.text
            default: break
            }
        }
    }
}

/// The API key that was used.
package struct EventAPIKey: Sendable, Equatable {
    package var name: String?
    package var appID: String?

    init(_ json: JSONObject) {
        for (key, value) in json {
            switch key {
            case "name": name = value.text
            case "app_id": appID = value.text
            default: break
            }
        }
    }
}
