/// The earning rules of the generated events, with the vendor's own example of each way to calculate points.
enum EarningRule: Int, CaseIterable, Sendable {
    case orderTotal, orderTotalPending, orderAmount, itemsQuantity, itemsAmount, itemsSubtotal, orderMetadata
    case customerMetadata, customEvent, tierJoined
    /// Fixed points; also the second rule that one order fires.
    case fixed

    /// `earning_rule.id`: part of the identity of an accrual.
    var id: String {
        switch self {
        case .orderTotal, .orderTotalPending: "ern_FQxftbKUq9E93k00Z3qkC0sX"
        case .orderAmount: "ern_BmDiQs7T3UHfJQqtI2RfJHFR"
        case .itemsQuantity: "ern_dL13AmZEO0ToImOY44YUP1ru"
        case .itemsAmount: "ern_Aop1wTrmPv4yBntDcvXNTCWR"
        case .itemsSubtotal: "ern_4qSQVjfGEH7OmXKMzotS0juY"
        case .orderMetadata: "ern_fxVdmtJ4u4rlyoH2hIq7m1PQ"
        case .customerMetadata: "ern_v4Blmh9hA3gpnjo93cMAgvHr"
        case .customEvent: "ern_ngdugZ2hzg35hGASFF8nDjUO"
        case .tierJoined: "ern_chdlG14W8Sdcq3d6jJQQgRMT"
        case .fixed: "ern_63g6NQgtepfXn2z0QbT2ksLf"
        }
    }

    /// Whether an order stands behind the points.
    var hasOrder: Bool {
        switch self {
        case .customerMetadata, .customEvent, .tierJoined: false
        default: true
        }
    }

    /// `event.type` of the trigger.
    var triggerType: [UInt8] {
        switch self {
        case .customerMetadata: Self.segmentEntered
        case .customEvent: Self.customEventType
        case .tierJoined: Self.tierJoinedType
        default: Self.orderPaid
        }
    }

    /// The points that the rule gives for a purchase, at least 1.
    func points(for purchase: Purchase) -> Int64 {
        let points: Int64 =
            switch self {
            case .orderTotal, .orderTotalPending: purchase.payable / 500 * 10
            case .orderAmount: purchase.amount / 1000 * 3 / 2
            case .itemsQuantity: purchase.quantity
            case .itemsAmount: purchase.amount / 1000 * 3
            case .itemsSubtotal: purchase.payable / 1000 * 4
            case .orderMetadata: purchase.visits / 10 * 2
            case .customerMetadata: purchase.lifetimeValue * 5
            case .customEvent: purchase.visits / 2 * 2
            case .tierJoined: 1
            case .fixed: 5
            }
        return max(points, 1)
    }

    /// `earning_rule` and the comma before it.
    var fragment: EventFragment {
        Self.fragments[rawValue]
    }

    private static let orderPaid = Array("customer.order.paid".utf8)
    private static let segmentEntered = Array("customer.segment.entered".utf8)
    private static let customEventType = Array("customer.custom_event".utf8)
    private static let tierJoinedType = Array("customer.loyalty.tier.joined".utf8)
    private static let fragments = allCases.map { EventFragment($0.text) }

    private var text: String {
        let loyalty = self == .fixed || self == .tierJoined ? fixedPoints : #"{"type":"PROPORTIONAL",\#(calculation)}"#
        return """
            ,"earning_rule":{"id":"\(id)","created_at":"2022-11-24T15:20:04.392Z","updated_at":null,
            "validation_rule_id":null,"loyalty":\(loyalty),\(extras)
            "source":{"banner":"\(banner)","object_id":"<campaignID>","object_type":"campaign"},"active":true,
            "object":"earning_rule","automation_id":"auto_sRc6onPl70seyfrGOXhwDxYE",
            "metadata":{"Type":"\(banner)"}\(self == .orderTotalPending ? Self.pending : "")}
            """
    }

    private static let pending = #","pending_points":{"period_type":"DAY","period_value":14}"#

    private var fixedPoints: String {
        #"{"points":\#(self == .fixed ? 5 : 1),"type":"FIXED"}"#
    }

    private var calculation: String {
        switch self {
        case .orderTotal, .orderTotalPending:
            #""calculation_type":"ORDER_TOTAL_AMOUNT","order":{"total_amount":{"every":500,"points":10}}"#
        case .orderAmount:
            #""calculation_type":"ORDER_AMOUNT","order":{"amount":{"every":1000,"points":1}}"#
        case .itemsQuantity:
            #""calculation_type":"ORDER_ITEMS_QUANTITY","order_items":{"quantity":"#
                + #"{"every":1,"points":1,"object":"sku","id":"sku_0b7d7dfb090be5c619"}}"#
        case .itemsAmount:
            #""calculation_type":"ORDER_ITEMS_AMOUNT","order_items":{"amount":{"every":1000,"points":3,"#
                + #""object":"products_collection","id":"pc_75U0dHlr7u75BJodrW1AE3t6"}}"#
        case .itemsSubtotal:
            #""calculation_type":"ORDER_ITEMS_SUBTOTAL_AMOUNT","order_items":{"subtotal_amount":"#
                + #"{"every":1000,"points":4,"object":"sku","id":"sku_0b7d7dfb090be5c619"}}"#
        case .orderMetadata:
            #""calculation_type":"ORDER_METADATA","order":{"metadata":"#
                + #"{"every":10,"points":2,"property":"number_of_store_visits"}}"#
        case .customerMetadata:
            #""calculation_type":"CUSTOMER_METADATA","customer":{"metadata":"#
                + #"{"every":1,"points":5,"property":"customer_life_time_value"}}"#
        case .customEvent:
            #""calculation_type":"CUSTOM_EVENT_METADATA","custom_event":{"metadata":"#
                + #"{"every":2,"points":2,"property":"volume_number"}}"#
        case .tierJoined, .fixed: ""
        }
    }

    private var extras: String {
        switch self {
        case .customerMetadata:
            #""segment":{"id":"seg_OlE7DmfzMI5pHyD5VAv512r1"},"event":"customer.segment.entered","#
        case .customEvent:
            #""custom_event":{"schema_id":"ms_qpRZ3EmRQyszNH6Z52Gkq8au"},"event":"user_subscribed","#
        case .tierJoined:
            #""event":"customer.loyalty.tier.joined","loyalty_tier":{"id":"__ANY__"},"#
        case .fixed, .itemsQuantity:
            #""event":"order.paid","start_date":"2022-11-02T13:00:00.000Z","#
                + #""expiration_date":"2027-03-03T14:30:00.000Z","#
                + #""validity_timeframe":{"duration":"PT1H","interval":"P1D"},"validity_day_of_week":[0,1,2,3,4,5],"#
        default: #""event":"order.paid","#
        }
    }

    private var banner: String {
        switch self {
        case .orderTotal, .orderTotalPending: "Order-paid"
        case .orderAmount: "Order paid - 1 point for every 10 spent"
        case .itemsQuantity: "Order paid - 1 point for every item in your cart"
        case .itemsAmount: "Order paid - points for products of a collection"
        case .itemsSubtotal: "Order paid - points for items after discounts"
        case .orderMetadata: "Order paid - points for visits"
        case .customerMetadata: "Entered segment"
        case .customEvent: "Custom event"
        case .tierJoined: "Tier joined - any - fixed"
        case .fixed: "Order paid 5 points"
        }
    }
}
