/// What a decoder made of one file or record, as one JSON line for programs.
package struct Inspection: Sendable, Equatable {
    /// The name under which the value is reported.
    package let file: String
    /// What the decoder said.
    package let decoded: Decoded

    package init(file: String, decoded: Decoded) {
        self.file = file
        self.decoded = decoded
    }

    /// `accept`, `ignore` or `reject`.
    package var outcome: String {
        switch decoded {
        case .accept: "accept"
        case .ignore: "ignore"
        case .reject: "reject"
        }
    }

    /// The event, if there is one.
    package var event: LoyaltyEvent? {
        guard case .accept(let event) = decoded else { return nil }
        return event
    }

    /// Where the record goes: names of stages, `ignored` or `dead_letter`.
    package var routes: [String] {
        switch decoded {
        case .accept(let event): event.route.names
        case .ignore: ["ignored"]
        case .reject: ["dead_letter"]
        }
    }

    /// One JSON object without a line end. Fields that need an event are null without one; a reject has `reason` and
    /// `path` behind the others.
    package var json: String {
        let event = event
        let key = event?.accrualKey
        var line = JSONLine()
        line.add("file", file)
        line.add("outcome", outcome)
        line.add("decodable", event != nil)
        line.add("form", event?.form.rawValue)
        line.add("has_publication", event?.route.contains(.publication) ?? false)
        line.add("publication_id", event?.publicationID)
        line.add("customer_id", event?.customerID)
        line.add("voucher_code", event?.voucherCode)
        line.add("voucher_id", event?.voucherID)
        line.add("points", event?.points)
        line.add("balance", event?.balance)
        line.add("earning_rule_id", event?.earningRuleID)
        line.add("earning_rule_type", event?.earningRuleType)
        line.add("calculation_type", event?.calculationType)
        line.add("order_id", event?.orderID)
        line.add("routes", routes)
        line.add("accrual_key", key?.parts)
        line.add("key_fallback", key?.fallback?.rawValue)
        if case .reject(let rejection) = decoded {
            line.add("reason", rejection.reason)
            line.add("path", rejection.path)
        }
        return line.finished()
    }
}
