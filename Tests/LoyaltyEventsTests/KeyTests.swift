import Testing

@testable import LoyaltyEvents

@Suite struct KeyTests {
    @Test func `a complete key needs no fallback`() throws {
        let key = try accepted(minimal()).accrualKey
        #expect(key.parts == ["e", "r", "v"])
        #expect(key.fallback == nil)
    }

    @Test func `the card is the voucher or else what the balance belongs to`() throws {
        let balance = #"{"points":1,"balance":2,"related_object":{"id":"w"}}"#
        #expect(try accepted(minimal("balance", balance)).accrualKey.parts == ["e", "r", "v"])
        for voucher in [nil, "null", "{}", #"{"id":""}"#] {
            let event = try accepted(minimal([("balance", balance), ("voucher", voucher)]))
            #expect(event.accrualKey.parts == ["e", "r", "w"])
            #expect(event.accrualKey.fallback == nil)
        }
    }

    @Test func `a missing part is null and has a fallback`() throws {
        let inner = minimal("event", nil)
        let bare = try accepted(inner).accrualKey
        #expect(bare.parts == [nil, "r", "v"])
        #expect(bare.fallback == .digest)
        let enveloped = envelope(data: inner, type: wanted, event: #"{"id":"evcus_9"}"#)
        #expect(try accepted(enveloped).accrualKey.fallback == .envelopeEventID)
        let attributes = CloudEventAttributes(mode: .binary, source: "/shop", id: "1")
        #expect(try accepted(inner, attributes).accrualKey.fallback == .cloudEventID)
        #expect(try accepted(enveloped, attributes).accrualKey.fallback == .envelopeEventID)
        #expect(try accepted(minimal(), attributes).accrualKey.fallback == nil)
        #expect(try accepted(minimal("event", #"{"id":""}"#)).accrualKey.parts == [nil, "r", "v"])
    }

    @Test func `how an event is delivered never changes a complete key`() throws {
        let attributes = CloudEventAttributes(mode: .binary, source: "/shop", id: "1")
        let keys = [
            try accepted(minimal()), try accepted(minimal(), attributes),
            try accepted(envelope(data: minimal(), type: wanted, event: #"{"id":"evcus_9"}"#)),
            try accepted(minimal("publication", #"{"id":"p"}"#)),
            try accepted(minimal("balance", #"{"points":7,"balance":8}"#)),
        ].map { $0.effectKey(.notification) }
        #expect(Set(keys).count == 1)
    }

    @Test func `stages and publications have keys of their own`() throws {
        let one = try accepted(minimal("publication", #"{"id":"p"}"#))
        let two = try accepted(minimal("publication", #"{"id":"q"}"#))
        #expect(one.effectKey(.notification) == two.effectKey(.notification))
        #expect(one.effectKey(.notification) != one.effectKey(.publication))
        #expect(one.effectKey(.publication) != two.effectKey(.publication))
    }

    @Test func `parts that are split elsewhere give another key`() throws {
        func key(_ event: String, _ rule: String, _ card: String) throws -> EffectKey {
            try accepted(
                minimal([
                    ("event", "{\"id\":\"\(event)\"}"), ("earning_rule", "{\"id\":\"\(rule)\"}"),
                    ("voucher", "{\"id\":\"\(card)\"}"),
                ])
            ).effectKey(.notification)
        }
        let keys = try [
            key("ab", "c", "d"), key("a", "bc", "d"), key("a", "b", "cd"), key("abc", "d", "d"), key("a", "b", "c"),
        ]
        #expect(Set(keys).count == keys.count)
    }

    @Test func `the digest sees the core and nothing else`() throws {
        let text = #"{"customer":{"id":"c"},"balance":{"points":900,"balance":9},"earning_rule":{"id":"r"}}"#
        let same = [
            text,
            #" {"earning_rule" : {"x":1,"id":"\u0072"}, "balance":{"balance":9.0,"points":9e2},"customer":{"id":"c","name":"n"}} "#,
            #"{"holder":{},"voucher":null,"customer":{"id":"c"},"earning_rule":{"id":"r"},"balance":{"points":900,"balance":9}}"#,
        ]
        #expect(Set(try same.map { try accepted($0).effectKey(.notification) }).count == 1)
        let others = [
            text.replacing("900", with: "901"), text.replacing(":9}", with: ":8}"),
            text.replacing("\"c\"", with: "\"d\""),
            text.replacing(":9}", with: ":9,\"total\":9}"), text.replacing("}}", with: "},\"order\":{\"id\":\"o\"}}"),
        ]
        let keys = try (others + [text]).map { try accepted($0).effectKey(.notification) }
        #expect(Set(keys).count == keys.count)
    }

    /// These values are in the journals of running workers: a change here repeats every effect.
    @Test func `effect keys never change`() throws {
        let complete = try Samples.event("02-bare-with-publication-card")
        #expect(complete.effectKey(.notification).description == "1e4839c943a3928156543a556b8de1d7")
        #expect(complete.effectKey(.publication).description == "8616eff2cae469d77308658d644d1060")
        let inner = minimal("event", nil)
        #expect(try accepted(inner).effectKey(.notification).description == "7e72fa723ff9a107737f1b89c86e3191")
        let enveloped = envelope(data: inner, type: wanted, event: #"{"id":"evcus_9"}"#)
        #expect(try accepted(enveloped).effectKey(.notification).description == "262a7223632f16dc2de99b9687b65f68")
        let attributes = CloudEventAttributes(mode: .binary, source: "/shop", id: "1")
        #expect(
            try accepted(inner, attributes).effectKey(.notification).description == "650a46d6278697c6a3d1b7df92230183"
        )
    }

    @Test func `an effect key reads back what it writes`() throws {
        let key = try Samples.event("01-seed-sample").effectKey(.notification)
        #expect(key.description.count == 32)
        #expect(EffectKey(key.description) == key)
        #expect(key.webhookID == "msg_" + key.description)
        for text in [
            "", "x", key.description.uppercased() + "A", String(key.description.dropLast()),
            "+" + key.description.dropFirst(),
        ] {
            #expect(EffectKey(text) == nil)
        }
    }

    @Test func `the arena has room for every text`() {
        #expect(TextArena.Name.allCases.map(\.rawValue) == Array(0..<TextArena.count))
    }

    @Test func `customers spread over lanes`() throws {
        let lanes = 64
        var counts = Array(repeating: 0, count: lanes)
        for number in 0..<6400 {
            let event = try #require(
                EventDecoder().decode(Array(minimal("customer", "{\"id\":\"cust_\(number)\"}").utf8)).event
            )
            counts[Int(event.customerHash % UInt64(lanes))] += 1
        }
        #expect(counts.allSatisfy { (50...150).contains($0) })
    }
}

extension Decoded {
    fileprivate var event: LoyaltyEvent? {
        Inspection(file: "", decoded: self).event
    }
}
