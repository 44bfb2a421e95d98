import Pipeline

/// The ways in which a generated record is broken; every one must end as a dead letter.
enum Defect: String, Sendable, CaseIterable {
    case truncated, empty, invalidUTF8, trailingText, rawNUL, tooDeep, notAnObject
    case customerIDMissing, customerIDEmpty, customerNotAnObject
    case balanceMissing, pointsAsText, pointsFractional, balanceOutOfRange
    case publicationAsText, publicationWithoutID
    /// Neither an event name nor an earning rule: nothing says that this is the event.
    case nameless

    /// The decoder's tokens for this defect; one of them must begin the reason of the dead letter.
    var reasons: [String] {
        switch self {
        // The cut may fall inside a character.
        case .truncated: ["invalid_json", "invalid_utf8"]
        case .empty: ["empty_value"]
        case .invalidUTF8: ["invalid_utf8"]
        case .trailingText: ["invalid_json"]
        case .rawNUL: ["raw_nul"]
        case .tooDeep: ["nesting_too_deep"]
        case .notAnObject: ["top_level_not_object"]
        case .customerIDMissing: ["customer_id_missing"]
        case .customerIDEmpty: ["customer_id_empty"]
        case .customerNotAnObject: ["customer_not_object"]
        case .balanceMissing: ["balance_points_missing"]
        case .pointsAsText: ["balance_points_not_number"]
        case .pointsFractional: ["balance_points_not_integer"]
        case .balanceOutOfRange: ["balance_balance_out_of_range"]
        case .publicationAsText: ["publication_not_object"]
        case .publicationWithoutID: ["publication_id_missing"]
        case .nameless: ["earning_rule_missing"]
        }
    }

    /// What stands in place of the customer.
    var customer: EventFragment? {
        switch self {
        case .customerIDMissing: BrokenTexts.customerWithoutID
        case .customerIDEmpty: BrokenTexts.customerWithEmptyID
        case .customerNotAnObject: BrokenTexts.customerAsText
        default: nil
        }
    }

    /// What stands in place of the balance.
    var balance: EventFragment? {
        switch self {
        case .balanceMissing: BrokenTexts.nothing
        case .pointsAsText: BrokenTexts.pointsAsText
        case .pointsFractional: BrokenTexts.pointsFractional
        case .balanceOutOfRange: BrokenTexts.balanceOutOfRange
        default: nil
        }
    }

    /// What stands in place of the publication.
    var publication: EventFragment? {
        switch self {
        case .publicationAsText: BrokenTexts.publicationAsText
        case .publicationWithoutID: BrokenTexts.publicationWithoutID
        default: nil
        }
    }

    /// What stands in place of the earning rule.
    var rule: EventFragment? {
        self == .nameless ? BrokenTexts.noRule : nil
    }

    /// Breaks a whole event's bytes.
    func damage(_ bytes: [UInt8], using random: inout SplitMix64) -> [UInt8] {
        switch self {
        case .truncated: Array(bytes.prefix(1 + random.below(bytes.count - 1)))
        case .empty: []
        case .trailingText: bytes + Array("{}".utf8)
        case .rawNUL: bytes + [0]
        case .notAnObject: Array("[".utf8) + bytes + Array("]".utf8)
        case .tooDeep: Self.deep(levels: 600 + random.below(2000))
        default: bytes
        }
    }

    private static func deep(levels: Int) -> [UInt8] {
        Array("{\"customer\":".utf8)
            + Array(repeating: UInt8(ascii: "["), count: levels)
            + Array(repeating: UInt8(ascii: "]"), count: levels)
            + Array("}".utf8)
    }
}

/// What broken events carry in place of a proper part.
private enum BrokenTexts {
    static let nothing = EventFragment("")
    static let customerWithoutID = EventFragment(
        #""customer":{"name":"<customerName>","email":<customerEmail>,"object":"customer"}"#
    )
    static let customerWithEmptyID = EventFragment(
        #""customer":{"id":"","name":"<customerName>","object":"customer"}"#
    )
    static let customerAsText = EventFragment(#""customer":"<customerID>""#)
    static let pointsAsText = EventFragment(
        #","balance":{"total":<total>,"points":"<points>","balance":<balance>,"object":"balance"}"#
    )
    static let pointsFractional = EventFragment(
        #","balance":{"total":<total>,"points":<points>.5,"balance":<balance>,"object":"balance"}"#
    )
    static let balanceOutOfRange = EventFragment(
        #","balance":{"total":<total>,"points":<points>,"balance":9223372036854775808,"object":"balance"}"#
    )
    static let publicationAsText = EventFragment(#","publication":"<publicationID>""#)
    static let publicationWithoutID = EventFragment(
        #","publication":{"object":"publication","customer_id":"<customerID>","result":"SUCCESS"}"#
    )
    static let noRule = EventFragment(#","earning_rule":null"#)
}
