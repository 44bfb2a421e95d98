/// The parts of an event as the vendor's documents show them, in the order of the documented sample.
enum EventTexts {
    static let customer = EventFragment(
        """
        "customer":{"id":"<customerID>","name":"<customerName>","email":<customerEmail>,
        "source_id":"<customerSource>","metadata":{"region":"<region>"},"object":"customer"}
        """
    )
    static let customerWithLifetimeValue = EventFragment(
        """
        "customer":{"id":"<customerID>","name":"<customerName>","email":<customerEmail>,
        "source_id":"<customerSource>",
        "metadata":{"region":"<region>","customer_life_time_value":<lifetimeValue>},"object":"customer"}
        """
    )
    static let holder = EventFragment(
        """
        ,"holder":{"id":"<customerID>","name":"<customerName>","email":<customerEmail>,
        "source_id":"<customerSource>","metadata":{"region":"<region>"},"object":"customer"}
        """
    )
    static let cardAndCampaign = EventFragment(
        """
        ,"voucher":{"id":"<voucherID>","code":"<voucherCode>",
        "loyalty_card":{"points":<pointsBefore>,"balance":<balanceBefore>},"type":"LOYALTY_CARD",
        "campaign":"<campaignName>","campaign_id":"<campaignID>","is_referral_code":false,
        "holder_id":"<customerID>","category_id":null,"active":true,"created_at":"<joinedAt>",
        "updated_at":"<paidAt>","redemption":{"quantity":null,"redeemed_quantity":0,"redeemed_points":0},
        "object":"voucher"},
        "campaign":{"id":"<campaignID>","name":"<campaignName>","campaign_type":"LOYALTY_PROGRAM",
        "type":"AUTO_UPDATE","is_referral_code":false,
        "voucher":{"type":"LOYALTY_CARD","loyalty_card":{"points":0},
        "redemption":{"quantity":null,"redeemed_quantity":0},
        "code_config":{"length":8,"prefix":"LC-",
        "charset":"0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ",
        "pattern":"LC-########","postfix":""}},
        "auto_join":true,"join_once":true,"active":true,"category_id":null,
        "created_at":"2024-01-18T15:18:38.577044Z","object":"campaign"}
        """
    )
    static let noTier = EventFragment(#","loyalty_tier":null"#)
    static let tierWithMappings = EventFragment(
        """
        ,"loyalty_tier":{"id":"ltr_0e30613ad01f044515","name":"Loyal silver","campaign_id":"<campaignID>",
        "metadata":{},"created_at":"2024-01-24T08:28:02.240Z","updated_at":null,
        "earning_rules":{"ern_BmDiQs7T3UHfJQqtI2RfJHFR":{"type":"MULTIPLY","multiplier":1.5}},
        "rewards":{"rewa_mcn5Lp8texqmbgQbadLMqSoQ":{"type":"CUSTOM","points":40}},
        "config":{"points":{"from":151,"to":250}},"points":{"from":151,"to":250},"object":"loyalty_tier"}
        """
    )
    static let plainTier = EventFragment(
        """
        ,"loyalty_tier":{"id":"ltr_0e30613ad01f044515","name":"Loyal silver","campaign_id":"<campaignID>",
        "metadata":{},"created_at":"2024-01-24T08:28:02.240Z","updated_at":null,"earning_rules":{},"rewards":{},
        "config":{"points":{"from":151,"to":250}},"points":{"from":151,"to":250},"object":"loyalty_tier"}
        """
    )
    static let balance = EventFragment(
        """
        ,"balance":{"type":"loyalty_card","total":<total>,"object":"balance","points":<points>,
        "balance":<balance>,"operation_type":"AUTOMATIC",
        "related_object":{"id":"<voucherID>","type":"voucher"}}
        """
    )
    static let noOrder = EventFragment(#","order":null"#)
    static let orderHead = EventFragment(
        """
        ,"order":{"id":"<orderID>","source_id":null,"created_at":"<orderedAt>","updated_at":"<paidAt>",
        "status":"<status>","amount":<amount>,"discount_amount":<discount>,
        "total_discount_amount":<discount>,"total_amount":<payable>,"items":[
        """
    )
    static let orderItem = EventFragment(
        """
        {"object":"order_item","product_id":"<productID>","quantity":<quantity>,"amount":<itemAmount>,
        "price":<price>,"subtotal_amount":<itemSubtotal>,
        "product":{"id":"<productID>","source_id":"<productSource>","name":"<productName>","price":<price>}},
        """
    )
    static let orderTail = EventFragment(
        """
        {"object":"order_item","product_id":"prod_5h1pp1ng","quantity":1,"amount":0,"price":0,
        "subtotal_amount":0,"product":{"id":"prod_5h1pp1ng","source_id":"5h1pp1ng","name":"Shipping"}}],
        "metadata":{"card":["Other"],"region":"<region>","currency":"<currency>","number_of_store_visits":<visits>},
        "customer":{"id":"<customerID>","address":null,"summary":null,"loyalty":null,"referrals":null,
        "object":"customer"},"customer_id":"<customerID>","referrer_id":null,"object":"order"
        """
    )
    static let orderRedemption = EventFragment(
        """
        ,"redemptions":{"<redemptionID>":{"date":"<paidAt>","related_object_type":"promotion_tier",
        "related_object_id":"promo_aKUQomRfnj47MHoOV8XcNmO1",
        "related_object_parent_id":"camp_7xzcWMVIefoujUIpuwwrHxIU"}}
        """
    )
    static let orderEnd = EventFragment("}")
    static let trigger = EventFragment(
        """
        ,"event":{"id":"<triggerID>","type":"<eventType>","category":"EFFECT","entity_id":"<customerID>",
        "created_at":"<orderedAt>","group_id":"<triggerGroup>"}
        """
    )
    static let publicationNull = EventFragment(#","publication":null"#)
    static let publishedCard = EventFragment(
        """
        ,"publication":{"id":"<publicationID>","object":"publication","created_at":"<publishedAt>",
        "customer_id":"<customerID>","tracking_id":"<customerSource>","metadata":{},"channel":"Automation",
        "source_id":null,"result":"SUCCESS",
        "customer":{"id":"<customerID>","source_id":"<customerSource>","name":"<customerName>","address":null,
        "summary":null,"loyalty":null,"referrals":null,"metadata":{"region":"<region>"},"object":"customer"},
        "voucher":{"id":"<voucherID>","code":"<voucherCode>",
        "loyalty_card":{"points":<pointsBefore>,"balance":<balanceBefore>},"type":"LOYALTY_CARD",
        "campaign":"<campaignName>","campaign_id":"<campaignID>","is_referral_code":false,
        "holder_id":"<customerID>","category_id":null,"active":true,"created_at":"<joinedAt>",
        "updated_at":"<paidAt>","redemption":{"quantity":null,"redeemed_quantity":0,"redeemed_points":0,
        "object":"list","url":"/v1/vouchers/<voucherCode>/redemptions?page=1&limit=10"},"object":"voucher",
        "category":null,"discount":null,"gift":null,"start_date":null,"expiration_date":null,
        "validity_timeframe":null,"validity_day_of_week":null,"additional_info":null,"metadata":{},
        "assets":{"qr":{"id":"2833ddba-5319-487d-9b0b-ec35a287a766","url":"https://example.com/qr.png"},
        "barcode":{"id":"2658df7c-5943-477e-87f5-7e582a3e8913","url":"https://example.com/bar.png"}},
        "publish":{"object":"list","count":1,"url":"/v1/vouchers/<voucherCode>/publications?page=1&limit=10"}},
        "vouchers_id":["<voucherID>"]}
        """
    )
    static let publishedDiscount = EventFragment(
        """
        ,"publication":{"id":"<publicationID>","object":"publication","result":"SUCCESS",
        "channel":"voucherify-web-ui",
        "voucher":{"id":"<discountVoucherID>","code":"<discountCode>","gift":null,"type":"DISCOUNT_VOUCHER",
        "active":true,"assets":{"qr":{"id":"2658df7c-5943-477e-87f5-7e582a3e8913","url":"{{voucher_qr_code.url}}"},
        "barcode":{"id":"2833ddba-5319-487d-9b0b-ec35a287a766","url":"{{voucher_barcode.url}}"}},
        "object":"voucher",
        "publish":{"url":"/v1/vouchers/<discountCode>/publications?page=1&limit=10","count":1,"object":"list"},
        "campaign":"Spring Discounts","category":"Star Platinum",
        "discount":{"type":"PERCENT","effect":"APPLY_TO_ORDER","percent_off":10,"amount_limit":3000,
        "percent_off_formula":"IF(ORDER_AMOUNT > 150;15;10)"},"metadata":{},"holder_id":"<customerID>",
        "categories":[{"id":"cat_0e156dab8f2e43873a","name":"Star Platinum","object":"category","hierarchy":10,
        "created_at":"2024-01-03T10:03:24.092Z"}],"created_at":"<paidAt>",
        "redemption":{"url":"/v1/vouchers/<discountCode>/redemptions?page=1&limit=10","object":"list",
        "quantity":1,"redeemed_quantity":0},"start_date":null,"updated_at":"<publishedAt>",
        "campaign_id":"camp_iRMdcq07g9W4dOSRXuTovupi","category_id":"cat_0e156dab8f2e43873a","loyalty_card":null,
        "validity_hours":null,"additional_info":null,"expiration_date":null,"is_referral_code":false,
        "validity_timeframe":null,"validity_day_of_week":null},
        "customer":{"id":"<customerID>","name":"<customerName>","object":"customer","address":null,
        "loyalty":null,"summary":null,"metadata":{"region":"<region>","sign-up":"true"},"referrals":null,
        "source_id":"<customerSource>"},"metadata":{},"source_id":null,"created_at":"<publishedAt>",
        "customer_id":"<customerID>","tracking_id":"<customerSource>","vouchers_id":["<discountVoucherID>"]}
        """
    )
}

/// What the vendor's two ways of sending put around an event.
enum EnvelopeTexts {
    static let head = EventFragment(
        """
        {"id":"<sendingID>","project_id":"proj_5T4Rpl4T1nuM","created_at":"<sentAt>","type":"<label>","data":
        """
    )
    static let webhookTail = EventFragment(
        """
        ,"source":{"id":"wh_y3ftLB1xOQLymsqim1GPSJFr","object":"webhook",
        "target_url":"https://hooks.example.com/voucherify/loyalty"}
        """
    )
    static let distributionTail = EventFragment(
        """
        ,"source":{"id":"distr_zyIg5E7T6UgNcrFax7JrGAur5K","object":"distribution",
        "target_url":"https://hooks.example.com/voucherify/loyalty"}
        """
    )
    static let event = EventFragment(
        """
        ,"event":{"id":"<sendingEventID>","type":"<eventType>","created_at":"<sentAt>","entity_id":"<customerID>",
        "group_id":"<sendingGroup>","event_source":{"channel":"INTERNAL"}}}
        """
    )
    static let open = EventFragment("{")
    static let close = EventFragment("}")
}
