import Testing

@testable import LoyaltyEvents

@Suite struct EnvelopeTests {
    private let webhook = #"{"object":"webhook"}"#
    private let distribution = #"{"object":"distribution"}"#

    @Test func `the source tells the form`() throws {
        let event = #"{"type":\#(wanted),"id":"evcus_1"}"#
        for (source, form) in [
            (webhook, EventForm.envelopeWebhook), (distribution, .envelopeDistribution),
            (#"{"object":"x"}"#, .envelopeUnknown),
            (#""webhook""#, .envelopeUnknown), ("null", .envelopeUnknown),
        ] {
            let text = envelope(data: minimal(), type: #""label""#, event: event, source: source)
            #expect(try accepted(text).form == form)
            #expect(try accepted(text).envelopeEventID == "evcus_1")
            #expect(try accepted(text).envelopeID == "whs_1")
        }
    }

    @Test(arguments: ["project_id", "source", "type"])
    func `data with any one of three keys beside it is an envelope`(key: String) throws {
        let text = "{\"data\":\(minimal()),\"\(key)\":\(key == "type" ? wanted : "{}")}"
        #expect(try accepted(text).form == .envelopeUnknown)
        let null = "{\"data\":\(minimal()),\"\(key)\":null}"
        #expect(decoded(null) == rejected("earning_rule_missing", "earning_rule"))
    }

    @Test func `data alone makes no envelope`() throws {
        #expect(try accepted(minimal("data", "{}")).form == .bare)
        #expect(try accepted(minimal("type", #""x""#)).form == .bare)
    }

    @Test func `another event is ignored by its name`() {
        let other = #""customer.created""#
        for text in [
            envelope(data: "{}", type: other, source: webhook),
            envelope(data: "7", type: other),
            envelope(data: "{}", type: #""label""#, event: "{\"type\":\(other)}", source: distribution),
            envelope(data: minimal(), type: nil, event: "{\"type\":\(other)}", source: webhook),
        ] {
            #expect(decoded(text) == .ignore(.otherType("customer.created")))
        }
    }

    @Test func `the name of another event is bounded and clean`() {
        let name = "a\\n<b>é" + String(repeating: "x", count: 100)
        guard case .ignore(.otherType(let seen)) = decoded(envelope(data: "{}", type: "\"\(name)\"")) else {
            Issue.record("not ignored")
            return
        }
        #expect(seen == "a??b??" + String(repeating: "x", count: 58))
    }

    @Test func `one right name among two is enough`() throws {
        let right = "{\"type\":\(wanted)}"
        #expect(try accepted(envelope(data: minimal(), type: #""x""#, event: right)).customerID == "c")
        #expect(try accepted(envelope(data: minimal(), type: wanted, event: #"{"type":"x"}"#)).customerID == "c")
    }

    @Test func `the label of a distribution is no name`() throws {
        // Without a name the rule must be there.
        let label = envelope(data: minimal(), type: #""customer.created""#, source: distribution)
        #expect(try accepted(label).form == .envelopeDistribution)
        let bare = envelope(data: minimal("earning_rule", nil), type: wanted, source: distribution)
        #expect(decoded(bare) == rejected("earning_rule_missing", "data.earning_rule"))
    }

    @Test func `a named event needs no rule, a nameless one does`() throws {
        let named = envelope(data: minimal("earning_rule", nil), type: wanted)
        #expect(try accepted(named).earningRuleID == nil)
        #expect(decoded(minimal("earning_rule", nil)) == rejected("earning_rule_missing", "earning_rule"))
        for type in ["7", #""""#] {
            let nameless = envelope(data: minimal("earning_rule", nil), type: type, event: #"{"type":[]}"#)
            #expect(decoded(nameless) == rejected("earning_rule_missing", "data.earning_rule"))
        }
    }

    @Test(arguments: ["[]", "\"{}\"", "1", "false"])
    func `data that is no object is rejected`(data: String) {
        #expect(decoded(envelope(data: data, type: wanted)) == rejected("data_not_object", "data"))
    }

    @Test func `a bare event keeps the meaning of its own keys`() throws {
        let event = try accepted(minimal([("id", #""x""#), ("event", #"{"id":"trigger","type":"customer.created"}"#)]))
        #expect(event.form == .bare)
        #expect(event.envelopeID == nil)
        #expect(event.envelopeEventID == nil)
        #expect(event.triggerID == "trigger")
    }

    @Test func `look-alikes without a name are rejected`() {
        // Another event of a card has balance, customer and voucher too, but no rule.
        let added = minimal([("earning_rule", nil), ("transaction", "{}")])
        #expect(decoded(added) == rejected("earning_rule_missing", "earning_rule"))
        #expect(decoded("{}") == rejected("earning_rule_missing", "earning_rule"))
    }
}
