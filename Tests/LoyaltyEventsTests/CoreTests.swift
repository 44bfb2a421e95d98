import Testing

@testable import LoyaltyEvents

@Suite struct CoreTests {
    @Test(
        arguments: [
            ("customer", nil, "customer_id_missing", "customer.id"),
            ("customer", "null", "customer_id_missing", "customer.id"),
            ("customer", "{}", "customer_id_missing", "customer.id"),
            ("customer", #"{"id":null}"#, "customer_id_missing", "customer.id"),
            ("customer", #"{"id":""}"#, "customer_id_empty", "customer.id"),
            ("customer", #"{"id":7}"#, "customer_id_not_string", "customer.id"),
            ("customer", #"{"id":7.5}"#, "customer_id_not_string", "customer.id"),
            ("customer", #"{"id":["c"]}"#, "customer_id_not_string", "customer.id"),
            ("customer", #""c""#, "customer_not_object", "customer"),
            ("balance", nil, "balance_points_missing", "balance.points"),
            ("balance", "[]", "balance_not_object", "balance"),
            ("balance", #"{"points":1}"#, "balance_balance_missing", "balance.balance"),
            ("balance", #"{"balance":1}"#, "balance_points_missing", "balance.points"),
            ("balance", #"{"points":null,"balance":1}"#, "balance_points_missing", "balance.points"),
            ("balance", #"{"points":"1","balance":1}"#, "balance_points_not_number", "balance.points"),
            ("balance", #"{"points":true,"balance":1}"#, "balance_points_not_number", "balance.points"),
            ("balance", #"{"points":1.5,"balance":1}"#, "balance_points_not_integer", "balance.points"),
            ("balance", #"{"points":1e-1,"balance":1}"#, "balance_points_not_integer", "balance.points"),
            ("balance", #"{"points":1e999,"balance":1}"#, "balance_points_out_of_range", "balance.points"),
            (
                "balance", #"{"points":1,"balance":9223372036854775808}"#, "balance_balance_out_of_range",
                "balance.balance"
            ),
            ("balance", #"{"points":1,"balance":1,"total":"9"}"#, "balance_total_not_number", "balance.total"),
            ("balance", #"{"points":1,"balance":1,"total":0.1}"#, "balance_total_not_integer", "balance.total"),
            ("voucher", "[]", "voucher_not_object", "voucher"),
            ("voucher", #"{"id":1}"#, "voucher_id_not_string", "voucher.id"),
            ("voucher", #"{"code":1}"#, "voucher_code_not_string", "voucher.code"),
            ("earning_rule", "1", "earning_rule_not_object", "earning_rule"),
            ("earning_rule", nil, "earning_rule_missing", "earning_rule"),
            ("earning_rule", #"{"id":{}}"#, "earning_rule_id_not_string", "earning_rule.id"),
            ("order", #""o""#, "order_not_object", "order"),
            ("order", #"{"id":false}"#, "order_id_not_string", "order.id"),
            ("event", "0", "event_not_object", "event"),
            ("event", #"{"id":0}"#, "event_id_not_string", "event.id"),
            ("publication", "true", "publication_not_object", "publication"),
            ("publication", "[]", "publication_not_object", "publication"),
            ("publication", "{}", "publication_id_missing", "publication.id"),
            ("publication", #"{"id":null}"#, "publication_id_missing", "publication.id"),
            ("publication", #"{"id":""}"#, "publication_id_empty", "publication.id"),
            ("publication", #"{"id":1}"#, "publication_id_not_string", "publication.id"),
        ] as [(String, String?, String, String)]
    )
    func `the core is typed strictly`(key: String, value: String?, reason: String, path: String) {
        #expect(decoded(minimal(key, value)) == rejected(reason, path))
        let enveloped = envelope(data: minimal(key, value), type: "null", source: "{}")
        #expect(decoded(enveloped) == rejected(reason, "data." + path))
    }

    @Test(arguments: [
        ("voucher", #"{"id":null,"code":null,"campaign":4,"campaign_id":[]}"#),
        ("voucher", #"{"id":"","code":""}"#),
        ("earning_rule", #"{"loyalty":7}"#),
        ("earning_rule", #"{"loyalty":{"type":1,"calculation_type":[]},"event":{}}"#),
        ("campaign", "17"),
        ("campaign", #"{"id":1,"name":{}}"#),
        ("holder", "false"),
        ("loyalty_tier", "[]"),
        ("order", #"{"id":null,"items":"none","metadata":3}"#),
        ("event", #"{"id":null,"type":1,"created_at":[]}"#),
        ("customer", #"{"id":"c","name":1,"email":[],"source_id":{},"metadata":"m"}"#),
        ("balance", #"{"points":1,"balance":2,"related_object":"v","type":4,"amount":"x"}"#),
        ("publication", #"{"id":"p","channel":1,"voucher":"v","customer":[]}"#),
        ("unknown", #"{"deep":[1e999,123456789012345678901234567890,"\ud800"]}"#),
        ("project_id", #""p""#),
    ])
    func `nothing outside the core can cause a reject`(key: String, value: String) throws {
        #expect(try accepted(minimal(key, value)).customerID == "c")
    }

    @Test(
        arguments: [
            ("900", 900), ("900.0", 900), ("9e2", 900), ("9E+2", 900), ("0.9e3", 900), ("90000e-2", 900), ("-0", 0),
            ("-0.0", 0),
            ("0e999999999999999999999", 0), ("9223372036854775807", .max), ("-9223372036854775808", .min),
            ("9223372036854775807.0", .max), ("-9223372036854775808.000", .min),
            ("9007199254740993.0", 9_007_199_254_740_993),
            ("900719925474099.3e1", 9_007_199_254_740_993), ("922337203685477580.7e1", .max),
            ("1e18", 1_000_000_000_000_000_000),
            ("0.000000000000000000001e21", 1), ("1000000000000000000000000000000e-30", 1),
        ] as [(String, Int64)]
    )
    func `an integral number is exact however it is spelled`(spelled: String, value: Int64) throws {
        let event = try accepted(
            minimal("balance", "{\"points\":\(spelled),\"balance\":\(spelled),\"total\":\(spelled)}")
        )
        #expect(event.points == value)
        #expect(event.balance == value)
        #expect(event.total == value)
    }

    @Test(arguments: [
        ("9223372036854775808", "out_of_range"), ("-9223372036854775809", "out_of_range"), ("1e19", "out_of_range"),
        ("9223372036854775808.0", "out_of_range"), ("123456789012345678901234567890", "out_of_range"),
        ("18446744073709551616", "out_of_range"), ("-1e400", "out_of_range"),
        ("1e99999999999999999999999", "out_of_range"),
        ("900.00000000000000000000001", "not_integer"), ("9007199254740993.5", "not_integer"),
        ("1e-400", "not_integer"),
        ("1e-99999999999999999999999", "not_integer"), ("0.5", "not_integer"), ("12345e-1", "not_integer"),
    ])
    func `a number that is no Int64 is rejected`(spelled: String, reason: String) {
        let text = minimal("balance", "{\"points\":\(spelled),\"balance\":1}")
        #expect(decoded(text) == rejected("balance_points_" + reason, "balance.points"))
    }

    @Test func `a publication adds its route`() throws {
        #expect(try accepted(minimal()).route == .notification)
        #expect(try accepted(minimal()).route.names == ["notification"])
        let event = try accepted(minimal("publication", #"{"id":"p","channel":"API"}"#))
        #expect(event.route == [.notification, .publication])
        #expect(event.route.names == ["notification", "publication"])
        #expect(event.publicationID == "p")
        #expect(event.publicationChannel == "API")
    }

    @Test func `the campaign is known from the card where its own object is missing`() throws {
        let card = #"{"id":"v","campaign":"Name","campaign_id":"camp_1"}"#
        #expect(try accepted(minimal("voucher", card)).campaignID == "camp_1")
        #expect(try accepted(minimal("voucher", card)).campaignName == "Name")
        let both = try accepted(minimal([("voucher", card), ("campaign", #"{"id":"camp_2"}"#)]))
        #expect(both.campaignID == "camp_2")
        #expect(both.campaignName == "Name")
    }
}
