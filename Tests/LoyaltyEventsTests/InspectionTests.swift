import Testing

@testable import LoyaltyEvents

@Suite struct InspectionTests {
    @Test func `an accepted event is one line with its fields in order`() throws {
        let text = minimal([("publication", #"{"id":"p"}"#), ("customer", #"{"id":"c\"\\\u0001\u2028é"}"#)])
        #expect(
            Inspection(file: "a b.json", decoded: decoded(text)).json
                == #"{"file":"a b.json","outcome":"accept","decodable":true,"form":"bare","has_publication":true,"#
                + #""publication_id":"p","customer_id":"c\"\\\u0001\u2028é","voucher_code":null,"voucher_id":"v","#
                + #""points":1,"balance":2,"earning_rule_id":"r","earning_rule_type":null,"calculation_type":null,"#
                + #""order_id":null,"routes":["notification","publication"],"accrual_key":["e","r","v"],"key_fallback":null}"#
        )
    }

    @Test func `a missing part of the key is null and its fallback is named`() {
        let json = Inspection(file: "f", decoded: decoded(minimal("event", nil))).json
        #expect(json.hasSuffix(#""accrual_key":[null,"r","v"],"key_fallback":"digest"}"#))
    }

    @Test func `a reject names its reason and path`() {
        let inspection = Inspection(file: "f", decoded: decoded(minimal("customer", "{}")))
        #expect(
            inspection.json.hasSuffix(
                #""routes":["dead_letter"],"accrual_key":null,"key_fallback":null,"reason":"customer_id_missing","path":"customer.id"}"#
            )
        )
        #expect(inspection.json.contains(#""outcome":"reject","decodable":false,"form":null,"has_publication":false"#))
    }

    @Test func `an ignored record says so`() {
        let inspection = Inspection(file: "f", decoded: .ignore(.tombstone))
        #expect(inspection.outcome == "ignore")
        #expect(inspection.routes == ["ignored"])
        #expect(inspection.json.hasSuffix(#""key_fallback":null}"#))
    }
}
