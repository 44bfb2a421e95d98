import Testing

@testable import LoyaltyEvents

@Suite struct ContractTests {
    @Test func `a tombstone is ignored`() {
        #expect(EventDecoder().decode([], count: nil) == .ignore(.tombstone))
        #expect(EventDecoder().decode(Array("{}".utf8), count: nil) == .ignore(.tombstone))
    }

    @Test(arguments: ["", "\u{FEFF}"])
    func `a value without bytes is rejected`(text: String) {
        #expect(decoded(text) == rejected("empty_value"))
    }

    @Test func `a count that does not fit the bytes is rejected`() {
        #expect(EventDecoder().decode([0x7B], count: 2) == rejected("empty_value"))
        #expect(EventDecoder().decode([0x7B], count: -1) == rejected("empty_value"))
    }

    @Test func `a value without padding behind it decodes like any other`() throws {
        let value = try Samples.bytes("01-seed-sample")
        #expect(EventDecoder().decode(value, count: value.count) == decoded(value))
        let followed = value + Array(#""}]garbage that is not part of the value"#.utf8)
        #expect(EventDecoder().decode(followed, count: value.count) == decoded(value))
    }

    @Test func `one byte-order mark is dropped, a second one is rejected`() throws {
        #expect(try accepted("\u{FEFF}" + minimal()) == accepted(minimal()))
        #expect(
            decoded("\u{FEFF}\u{FEFF}" + minimal()) == .reject(Rejection(reason: "invalid_json", offset: 3))
        )
    }

    @Test(arguments: ["[]", "1", "\"text\"", "null", "true", "[{}]"])
    func `a top level that is no object is rejected`(text: String) {
        #expect(decoded(text) == rejected("top_level_not_object"))
    }

    @Test func `a raw NUL is rejected, an escaped one is text`() throws {
        let raw = Array(minimal("customer", "{\"id\":\"a\u{0}b\"}").utf8)
        #expect(decoded(raw) == .reject(Rejection(reason: "raw_nul", offset: 20)))
        #expect(decoded(minimal() + "\u{0}") == .reject(Rejection(reason: "raw_nul", offset: minimal().utf8.count)))
        #expect(try accepted(minimal("customer", #"{"id":"a\u0000b"}"#)).customerID == "a\u{0}b")
    }

    @Test(
        arguments: [
            [0xFF], [0xC0, 0xAF], [0xE0, 0x80, 0xAF], [0xED, 0xA0, 0x80], [0xF5, 0x80, 0x80, 0x80],
            [0xF4, 0x90, 0x80, 0x80],
            [0xC3], [0x80], [0xE2, 0x82],
        ] as [[UInt8]]
    )
    func `text that is not UTF-8 is rejected`(bytes: [UInt8]) {
        let value = Array("{\"customer\":{\"id\":\"".utf8) + bytes + Array("\"}}".utf8)
        #expect(decoded(value) == .reject(Rejection(reason: "invalid_utf8", offset: 19)))
    }

    @Test func `other encodings are rejected`() {
        let utf16 = minimal().utf16.flatMap { [UInt8(truncatingIfNeeded: $0), UInt8(truncatingIfNeeded: $0 >> 8)] }
        #expect(decoded(utf16) == .reject(Rejection(reason: "raw_nul", offset: 1)))
        #expect(decoded([0xFF, 0xFE] + utf16) == .reject(Rejection(reason: "invalid_utf8", offset: 0)))
    }

    @Test func `blanks around the text are allowed, more text behind it is not`() throws {
        #expect(try accepted(" \r\n\t" + minimal() + " \r\n\t") == accepted(minimal()))
        let end = minimal().utf8.count
        #expect(decoded(minimal() + " {}") == .reject(Rejection(reason: "invalid_json", offset: end + 1)))
        #expect(decoded(minimal() + ",") == .reject(Rejection(reason: "invalid_json", offset: end)))
    }

    @Test(arguments: [("[", "]", "1"), ("[", "]", ""), ("{\"k\":", "}", "1"), ("{\"k\":", "}", "{}")])
    func `nesting is allowed 512 deep and not 513`(open: String, close: String, inner: String) throws {
        // The event itself is the first level, and an inner container one more.
        let levels = 511 - (inner == "{}" ? 1 : 0)
        func nested(_ count: Int) -> String {
            String(repeating: open, count: count) + inner + String(repeating: close, count: count)
        }
        #expect(try accepted(minimal("x", nested(levels))).customerID == "c")
        guard case .reject(let rejection) = decoded(minimal("x", nested(levels + 1))) else {
            Issue.record("513 levels were not rejected")
            return
        }
        #expect(rejection.reason == "nesting_too_deep")
    }

    @Test(arguments: ["[", "{\"a\":", "[{\"a\":"])
    func `a mebibyte of opening brackets is rejected without harm`(open: String) {
        let bytes = Array(String(repeating: open, count: (1 << 20) / open.utf8.count).utf8)
        guard case .reject(let rejection) = decoded(bytes) else {
            Issue.record("not rejected")
            return
        }
        #expect(rejection.reason == "nesting_too_deep")
    }

    @Test func `a lone surrogate is text with a replacement character`() throws {
        for (spelled, text) in [
            (#"\ud800"#, "\u{FFFD}"), (#"\udc00"#, "\u{FFFD}"), (#"\ud83d\ude00"#, "😀"),
            (#"\ud83d\ud83d\ude00"#, "\u{FFFD}😀"), (#"\ud800x"#, "\u{FFFD}x"), (#"\uDFFF\uD800"#, "\u{FFFD}\u{FFFD}"),
            (#"\ud800\n"#, "\u{FFFD}\n"), (#"\ud800\u0041"#, "\u{FFFD}A"),
        ] {
            #expect(try accepted(minimal("customer", "{\"id\":\"\(spelled)\"}")).customerID == text)
        }
    }

    @Test func `null and absent are the same`() throws {
        let absent = try accepted(minimal([("voucher", nil), ("event", nil)]))
        let null = try accepted(
            minimal([
                ("voucher", "null"), ("event", "null"), ("order", "null"), ("publication", "null"),
                ("campaign", "null"),
                ("data", "null"), ("type", wanted),
            ])
        )
        #expect(absent == null)
        #expect(decoded(minimal("earning_rule", "null")) == decoded(minimal("earning_rule", nil)))
    }

    @Test func `of repeated keys the last one counts`() throws {
        let text =
            #"{"customer":{"id":"x","name":"n"},"customer":{"id":"a","id":"b"},"#
            + minimal("customer", nil).dropFirst()
        let event = try accepted(text)
        #expect(event.customerID == "b")
        #expect(event.customerName == nil)
        #expect(try accepted(minimal("customer", #"{"id":7,"\u0069d":"z"}"#)).customerID == "z")
    }
}
