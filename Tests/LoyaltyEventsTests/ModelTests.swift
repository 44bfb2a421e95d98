import Testing

@testable import LoyaltyEvents

@Suite struct ModelTests {
    private func model(
        _ bytes: [UInt8],
        _ attributes: CloudEventAttributes? = nil
    ) throws -> CustomerRewardedLoyaltyPoints {
        let fast = try EventDecoder().decodeModel(bytes, count: bytes.count, attributes: attributes)
        let strict = try EventDecoder(path: .strictOnly).decodeModel(bytes, count: bytes.count, attributes: attributes)
        #expect(fast == strict)
        return fast
    }

    private func model(_ text: String) throws -> CustomerRewardedLoyaltyPoints {
        try model(Array(text.utf8))
    }

    private func sample(_ name: String) throws -> CustomerRewardedLoyaltyPoints {
        try model(try Samples.bytes(name))
    }

    @Test(arguments: Samples.names)
    func `the model of a sample says what its core says`(name: String) throws {
        let model = try sample(name)
        let event = try Samples.event(name)
        #expect(model.customer?.id == event.customerID)
        #expect(model.customer?.name == event.customerName)
        #expect(model.voucher?.id == event.voucherID)
        #expect(model.voucher?.code == event.voucherCode)
        #expect(model.campaign?.id == event.campaignID)
        #expect(model.earningRule?.id == event.earningRuleID)
        #expect(model.balance?.points == event.points)
        #expect(model.balance?.balance == event.balance)
        #expect(model.balance?.total == event.total)
        #expect(model.balance?.relatedObject?.id == event.relatedObjectID)
        #expect(model.order?.id == event.orderID)
        #expect(model.event?.id == event.triggerID)
        #expect(model.publication?.id == event.publicationID)
        #expect(model.envelope?.id == event.envelopeID)
        #expect(model.envelope?.event?.id == event.envelopeEventID)
    }

    @Test func `the seed sample is read in full`() throws {
        let model = try sample("01-seed-sample")
        #expect(model.envelope == nil)
        #expect(model.holder == model.customer)
        #expect(model.customer?.metadata == ["region": .text("EMEA")])
        #expect(model.voucher?.loyaltyCard?.points == 0)
        #expect(model.voucher?.isReferralCode == false)
        #expect(model.voucher?.redemption?.redeemedPoints == 0)
        #expect(model.voucher?.redemption?.quantity == nil)
        #expect(model.campaign?.voucher?.codeConfig?.length == 8)
        #expect(model.campaign?.voucher?.codeConfig?.pattern == "########")
        #expect(model.campaign?.autoJoin == true)
        #expect(model.loyaltyTier == nil)
        #expect(model.earningRule?.source?.banner == "Order-paid")
        #expect(model.earningRule?.automationID == "auto_sRc6onPl70seyfrGOXhwDxYE")
        #expect(model.earningRule?.metadata == [:])
        #expect(model.balance?.operationType == "AUTOMATIC")
        let order = try #require(model.order)
        #expect(order.totalAmount == 45000)
        #expect(order.items?.count == 2)
        #expect(order.items?[0].product?.sourceID == "star-th-bottle")
        #expect(order.items?[1].product?.price == nil)
        #expect(order.metadata?["card"] == .array([.text("Other")]))
        #expect(order.customer?.id == "cust_IdgAFZxYwwHctOk9pPuMu308")
        #expect(order.customer?.summary == nil)
        #expect(order.redemptions?["r_0e2905d4e6985a04b5"]?.relatedObjectType == "promotion_tier")
        #expect(model.event?.groupID == "v-0e2905d4bb0dcc9e62")
        guard case .orderTotalAmount(let ratio) = model.earningRule?.loyalty else {
            Issue.record("wrong variant")
            return
        }
        #expect(ratio.every == 500)
        #expect(ratio.points == 10)
    }

    @Test func `every documented way to compute points is a variant of its own`() throws {
        func loyalty(_ name: String) throws -> PointsCalculation? { try sample(name).earningRule?.loyalty }
        guard case .orderMetadata(let attribute) = try loyalty("03-envelope-webhook-order-metadata"),
            case .orderItemsQuantity(let quantity) = try loyalty("04-envelope-distribution-publication-items-quantity"),
            case .fixed(let fixed) = try loyalty("06-second-rule-same-trigger-fixed"),
            case .orderAmount(let amount) = try loyalty("07-order-amount-with-loyalty-tier"),
            case .orderItemsAmount(let items) = try loyalty("08-order-items-amount"),
            case .orderItemsSubtotalAmount(let subtotal) = try loyalty("09-order-items-subtotal-amount"),
            case .customerMetadata(let customer) = try loyalty("10-customer-metadata-segment-order-null"),
            case .customEventMetadata(let custom) = try loyalty("11-custom-event-metadata-publication-discount")
        else {
            Issue.record("wrong variant")
            return
        }
        #expect(attribute.every == 10 && attribute.points == 2 && attribute.property != nil)
        #expect(quantity.every == 1 && quantity.object == "sku" && quantity.id == "sku_0b7d7dfb090be5c619")
        #expect(fixed.points == 5)
        #expect(amount.every == 1000 && amount.points == 1)
        #expect(items.points == 3 && items.object == "products_collection")
        #expect(subtotal.points == 4 && subtotal.object == "sku")
        #expect(customer.every == 1 && customer.points == 5)
        #expect(custom.property != nil)
    }

    @Test func `what the vendor adds later is kept as it is`() throws {
        let rule = #"{"loyalty":{"type":"NEW","x":[1,2.5,null,true]}}"#
        #expect(
            try model(minimal("earning_rule", rule)).earningRule?.loyalty
                == .other(
                    .object(["type": .text("NEW"), "x": .array([.integer(1), .number(2.5), .null, .bool(true)])])
                )
        )
        let bare = #"{"loyalty":{"type":"PROPORTIONAL","calculation_type":"ORDER_AMOUNT"}}"#
        guard case .other = try model(minimal("earning_rule", bare)).earningRule?.loyalty else {
            Issue.record("a variant without parameters must stay open")
            return
        }
    }

    @Test func `tiers map rules and rewards`() throws {
        let tier = try #require(try sample("07-order-amount-with-loyalty-tier").loyaltyTier)
        let mappings = Array(tier.earningRules?.values ?? [:].values) + Array(tier.rewards?.values ?? [:].values)
        #expect(mappings.contains(.multiply(1.5)))
        #expect(mappings.contains { if case .custom = $0 { true } else { false } })
        #expect(tier.points?.from != nil)
        #expect(tier.config?.points == tier.points)
    }

    @Test func `a publication carries its voucher, receiver and discount`() throws {
        let publication = try #require(try sample("11-custom-event-metadata-publication-discount").publication)
        #expect(publication.id == "pub_DpHmhx5uTanbM0mnndFrODi1U3MEX6rF")
        #expect(publication.customer?.id != nil)
        #expect(publication.voucher?.code != nil)
        #expect(publication.voucher?.discount != nil)
        if case .other = publication.voucher?.discount { Issue.record("a documented discount must be known") }
        #expect(publication.voucher?.assets?.qr?.id != nil)
        let card = try #require(try sample("04-envelope-distribution-publication-items-quantity").publication)
        #expect(card.vouchersID == ["v_hjQhSsitD6lAATASbRV1Ef7dUCjpy0iw"])
        #expect(card.voucher?.publish?.count == 1)
        #expect(card.voucher?.discount == nil)
    }

    @Test(arguments: [
        (#"{"type":"AMOUNT","amount_off":100,"is_dynamic":true}"#, "amount"),
        (#"{"type":"PERCENT","percent_off":12.5}"#, "percent"), (#"{"type":"FIXED","fixed_amount":1}"#, "fixed"),
        (#"{"type":"UNIT","unit_off":1,"product":{"id":"prod_1","name":"P"}}"#, "unit"),
        (#"{"type":"UNIT","unit_off":1,"units":null}"#, "unit"),
        (#"{"type":"UNIT","units":[{"unit_off":1,"effect":"ADD_NEW_ITEMS"}]}"#, "units"), (#"{"type":"X"}"#, "other"),
        ("{}", "other"),
    ])
    func `each shape of a discount is told by its type`(json: String, expected: String) throws {
        let discount = try #require(try model(minimal("voucher", "{\"discount\":\(json)}")).voucher?.discount)
        let seen =
            switch discount {
            case .amount: "amount"
            case .percent: "percent"
            case .fixed: "fixed"
            case .unit: "unit"
            case .units: "units"
            case .other: "other"
            }
        #expect(seen == expected)
    }

    @Test func `a field of another type is nil and harms nothing else`() throws {
        let text = minimal([
            ("holder", "[]"), ("loyalty_tier", "7"),
            (
                "order",
                #"{"id":"o","amount":"many","total_amount":1.5,"items":[1,{"quantity":2},null],"customer":3,"redemptions":{"a":1,"b":{}}}"#
            ),
            ("campaign", #"{"id":5,"name":"n","categories":{},"voucher":[]}"#),
        ])
        let model = try model(text)
        #expect(model.holder == nil)
        #expect(model.loyaltyTier == nil)
        #expect(model.order?.id == "o")
        #expect(model.order?.amount == nil)
        #expect(model.order?.totalAmount == nil)
        #expect(model.order?.items?.map(\.quantity) == [2])
        #expect(model.order?.customer == nil)
        #expect(model.order?.redemptions?.count == 1)
        #expect(model.campaign?.id == nil)
        #expect(model.campaign?.name == "n")
    }

    @Test func `integers are exact however they are spelled`() throws {
        let text = minimal("order", #"{"amount":9007199254740993.0,"total_amount":9e2,"initial_amount":1e999}"#)
        let order = try #require(try model(text).order)
        #expect(order.amount == 9_007_199_254_740_993)
        #expect(order.totalAmount == 900)
        #expect(order.initialAmount == nil)
    }

    @Test func `attributes keep their types, and deep ones are cut`() throws {
        let deep = String(repeating: "[", count: 200) + String(repeating: "]", count: 200)
        let text = minimal(
            "customer",
            "{\"id\":\"c\",\"metadata\":{\"a\":1,\"b\":1.5,\"c\":\"\",\"d\":null,\"e\":{\"f\":[]},\"g\":1e999,\"deep\":\(deep)}}"
        )
        let metadata = try #require(try model(text).customer?.metadata)
        #expect(metadata["a"] == .integer(1))
        #expect(metadata["b"] == .number(1.5))
        #expect(metadata["c"] == .text(""))
        #expect(metadata["d"] == .null)
        #expect(metadata["e"] == .object(["f": .array([])]))
        #expect(metadata["g"] == .null)
        #expect(metadata["deep"] != nil)
    }

    @Test func `of repeated keys the last one counts, as in the core`() throws {
        let model = try model(
            #"{"customer":{"id":"x"},"# + minimal("customer", #"{"id":"a","name":"n","id":"b"}"#).dropFirst()
        )
        #expect(model.customer?.id == "b")
    }

    @Test func `the model refuses what the decoder refuses`() {
        let decoder = EventDecoder()
        func failure(_ text: String) -> Rejection? {
            do throws(Rejection) {
                _ = try decoder.decodeModel(Array(text.utf8), count: text.utf8.count)
                return nil
            } catch {
                return error
            }
        }
        #expect(failure("") == Rejection(reason: "empty_value"))
        #expect(failure("[1") == Rejection(reason: "invalid_json", offset: 2))
        #expect(failure(minimal("customer", nil)) == Rejection(reason: "customer_id_missing", path: "customer.id"))
        #expect(failure(envelope(data: "{}", type: "\"x\"")) == Rejection(reason: "other_type"))
    }

    @Test func `a CloudEvent is no envelope`() throws {
        let structured = CloudEventAttributes(mode: .structured)
        let bare = "{\"type\":\(wanted),\"id\":\"ce\",\"data\":\(minimal())}"
        #expect(try model(Array(bare.utf8), structured).envelope == nil)
        let both = "{\"type\":\(wanted),\"id\":\"ce\",\"data\":\(envelope(data: minimal(), type: wanted))}"
        #expect(try model(Array(both.utf8), structured).envelope?.id == "whs_1")
        #expect(try model(Array(both.utf8), structured).customer?.id == "c")
    }
}
