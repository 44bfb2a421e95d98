import Testing

@testable import LoyaltyEvents

@Suite struct CloudEventTests {
    private let structured = CloudEventAttributes(mode: .structured)

    private func binary(_ type: String?) -> CloudEventAttributes {
        CloudEventAttributes(mode: .binary, type: type, source: "/shop", id: "A-1")
    }

    private func event(type: String, data: String?, more: String = "") -> String {
        let data = data.map { ",\"data\":\($0)" } ?? ""
        return "{\"specversion\":\"1.0\",\"id\":\"A-1\",\"source\":\"/shop\",\"type\":\"\(type)\"\(more)\(data)}"
    }

    private func attributes(_ headers: [(String, String?)]) -> CloudEventAttributes? {
        CloudEventAttributes(headers: headers.map { (name: $0.0, value: $0.1.map { Array($0.utf8) }) })
    }

    @Test func `headers say which mode it is`() {
        #expect(attributes([]) == nil)
        #expect(attributes([("content-type", "application/json"), ("traceparent", "x")]) == nil)
        #expect(attributes([("Content-Type", "Application/CloudEvents+JSON; charset=UTF-8")]) == structured)
        #expect(attributes([("content-type", nil)]) == nil)
        #expect(
            attributes([
                ("ce_specversion", "1.0"), ("ce_type", "t"), ("ce_source", "s"), ("ce_id", "i"),
                ("content-type", "application/json"),
            ]) == CloudEventAttributes(mode: .binary, type: "t", source: "s", id: "i")
        )
        #expect(attributes([("ce_type", "a"), ("ce_type", "b")])?.type == "b")
    }

    @Test(arguments: ["customer.rewarded.loyalty_points", "io.voucherify.customer.rewarded.loyalty_points"])
    func `a wanted type is accepted in both modes, bare or enveloped`(type: String) throws {
        let bare = try accepted(event(type: type, data: minimal()), structured)
        #expect(bare.form == .cloudEventStructured)
        #expect(bare.form.rawValue == "cloudevents-structured")
        #expect(bare.cloudEventID == "A-1")
        #expect(bare.cloudEventSource == "/shop")
        let enveloped = envelope(data: minimal(), type: "null", event: #"{"id":"evcus_1"}"#, source: "{}")
        let wrapped = try accepted(event(type: type, data: enveloped), structured)
        #expect(wrapped.form == .cloudEventStructured)
        #expect(wrapped.envelopeEventID == "evcus_1")
        let direct = try accepted(minimal("earning_rule", nil), binary(type))
        #expect(direct.form.rawValue == "cloudevents-binary")
        #expect(direct.cloudEventID == "A-1")
        #expect(direct.cloudEventSource == "/shop")
        #expect(try accepted(enveloped, binary(type)).envelopeEventID == "evcus_1")
    }

    @Test(arguments: [
        "customer.created", ".customer.rewarded.loyalty_points", "xcustomer.rewarded.loyalty_points",
        "Customer.rewarded.loyalty_points", "customer.rewarded.loyalty_points.v2",
    ])
    func `another type is ignored in both modes`(type: String) {
        let ignored = Decoded.ignore(.otherType(type))
        #expect(decoded(event(type: type, data: minimal()), structured) == ignored)
        #expect(decoded(event(type: type, data: nil), structured) == ignored)
        #expect(decoded(minimal(), binary(type)) == ignored)
    }

    @Test func `the name of an envelope inside counts as well`() throws {
        let named = envelope(data: minimal(), type: wanted)
        #expect(try accepted(event(type: "com.example.webhook", data: named), structured).customerID == "c")
        #expect(try accepted(named, binary("com.example.webhook")).customerID == "c")
        let other = envelope(data: minimal(), type: #""customer.created""#)
        #expect(try accepted(other, binary("customer.rewarded.loyalty_points")).customerID == "c")
        #expect(decoded(other, binary(nil)) == .ignore(.otherType("customer.created")))
    }

    @Test func `a structured event without usable data is rejected`() {
        let type = "customer.rewarded.loyalty_points"
        #expect(decoded(event(type: type, data: nil), structured) == rejected("data_missing", "data"))
        #expect(decoded(event(type: type, data: "null"), structured) == rejected("data_missing", "data"))
        #expect(decoded(event(type: type, data: "\"x\""), structured) == rejected("data_not_object", "data"))
        let base64 = event(type: type, data: nil, more: #","data_base64":"e30=""#)
        #expect(decoded(base64, structured) == rejected("data_base64_unsupported", "data_base64"))
        #expect(decoded("[]", structured) == rejected("top_level_not_object"))
    }

    @Test func `paths lead through every data key`() {
        let inner = minimal("customer", "{}")
        let type = "customer.rewarded.loyalty_points"
        #expect(
            decoded(event(type: type, data: inner), structured) == rejected("customer_id_missing", "data.customer.id")
        )
        let both = event(type: type, data: envelope(data: inner, type: wanted))
        #expect(decoded(both, structured) == rejected("customer_id_missing", "data.data.customer.id"))
    }

    @Test func `a binary event without a value is a tombstone`() {
        #expect(EventDecoder().decode([], count: nil, attributes: binary("x")) == .ignore(.tombstone))
    }
}
