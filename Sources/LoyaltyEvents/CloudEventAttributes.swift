/// What the headers of a record say of a CloudEvent, by the Kafka protocol binding.
package struct CloudEventAttributes: Sendable, Equatable {
    /// Where the event itself is.
    package enum Mode: Sendable {
        /// The value is the CloudEvent as JSON, attributes included.
        case structured
        /// The value is the data; the attributes are headers.
        case binary
    }

    /// How the event is carried.
    package let mode: Mode
    /// The event name of a binary event (`ce_type`).
    package let type: String?
    /// Who sent it (`ce_source`); with `id` it identifies the event.
    package let source: String?
    /// The id that the sender gave it (`ce_id`).
    package let id: String?

    package init(mode: Mode, type: String? = nil, source: String? = nil, id: String? = nil) {
        self.mode = mode
        self.type = type
        self.source = source
        self.id = id
    }

    /// Reads the headers of a record; nil when they say nothing of CloudEvents. Where a header is repeated, the last
    /// one counts.
    package init?(headers: some Sequence<(name: String, value: [UInt8]?)>) {
        var structured = false
        var attributes: [String: String] = [:]
        for header in headers {
            let name = header.name.lowercased()
            switch name {
            case "content-type":
                let media = header.value.map { String(decoding: $0, as: UTF8.self).lowercased() }
                structured = media?.hasPrefix("application/cloudevents") ?? false
            case "ce_specversion", "ce_type", "ce_source", "ce_id":
                attributes[name] = header.value.map { String(decoding: $0, as: UTF8.self) }
            default:
                break
            }
        }
        if structured {
            self.init(mode: .structured)
        } else if attributes.isEmpty {
            return nil
        } else {
            self.init(
                mode: .binary,
                type: attributes["ce_type"],
                source: attributes["ce_source"],
                id: attributes["ce_id"]
            )
        }
    }
}
