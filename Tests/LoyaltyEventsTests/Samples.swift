import Foundation
import Testing

@testable import LoyaltyEvents

/// The sample events and what is expected of them.
enum Samples {
    static let names = [
        "01-seed-sample",
        "02-bare-with-publication-card",
        "03-envelope-webhook-order-metadata",
        "04-envelope-distribution-publication-items-quantity",
        "05-envelope-distribution-publication-null",
        "06-second-rule-same-trigger-fixed",
        "07-order-amount-with-loyalty-tier",
        "08-order-items-amount",
        "09-order-items-subtotal-amount",
        "10-customer-metadata-segment-order-null",
        "11-custom-event-metadata-publication-discount",
        "12-fixed-tier-joined-holder-absent",
    ]

    static func bytes(_ name: String) throws -> [UInt8] {
        let url = try #require(Bundle.module.url(forResource: name, withExtension: "json", subdirectory: "Samples"))
        return Array(try Data(contentsOf: url))
    }

    static func text(_ name: String) throws -> String {
        String(decoding: try bytes(name), as: UTF8.self)
    }

    static func event(_ name: String) throws -> LoyaltyEvent {
        try accepted(bytes(name))
    }

    /// The cases of `expected.json` by the name of their file, without its ending.
    static func expectations() throws -> [String: [String: Any]] {
        let root = try #require(try JSONSerialization.jsonObject(with: Data(bytes("expected"))) as? [String: Any])
        let cases = try #require(root["cases"] as? [[String: Any]])
        return Dictionary(
            uniqueKeysWithValues: cases.map { (String(($0["file"] as? String ?? "").dropLast(5)), $0) }
        )
    }
}

/// Decodes on every path, which must agree.
func decoded(_ value: [UInt8], _ attributes: CloudEventAttributes? = nil) -> Decoded {
    let fast = EventDecoder().decode(value, attributes: attributes)
    let tapes = EventDecoder(path: .tapes).decode(value, attributes: attributes)
    let strict = EventDecoder(path: .strictOnly).decode(value, attributes: attributes)
    #expect(fast == strict, "the walk and the strict parser must give the same answer")
    #expect(tapes == strict, "both parsers must give the same answer")
    return fast
}

func decoded(_ text: String, _ attributes: CloudEventAttributes? = nil) -> Decoded {
    decoded(Array(text.utf8), attributes)
}

func accepted(_ value: [UInt8], _ attributes: CloudEventAttributes? = nil) throws -> LoyaltyEvent {
    let answer = decoded(value, attributes)
    guard case .accept(let event) = answer else {
        Issue.record("not accepted: \(answer)")
        throw Unaccepted()
    }
    return event
}

func accepted(_ text: String, _ attributes: CloudEventAttributes? = nil) throws -> LoyaltyEvent {
    try accepted(Array(text.utf8), attributes)
}

struct Unaccepted: Error {}

func rejected(_ reason: String, _ path: String = "") -> Decoded {
    .reject(Rejection(reason: reason, path: path))
}
