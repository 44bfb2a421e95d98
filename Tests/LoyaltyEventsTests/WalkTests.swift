import Testing

@testable import LoyaltyEvents

/// The walk answers for nearly every event, and what it answers is what the strict parser says. Where it gives up the
/// parsers answer, so that only its answers need a check: that makes room for many texts.
@Suite struct WalkTests {
    private let decoder = EventDecoder()
    private let strict = EventDecoder(path: .strictOnly)

    /// What the walk says, after a comparison; nil where it gives up.
    private func walked(_ value: [UInt8], _ seed: UInt64 = 0, _ attributes: CloudEventAttributes? = nil) -> Decoded? {
        guard let decoded = decoder.walk(value.span.raw, attributes: attributes) else { return nil }
        let expected = strict.decode(value, attributes: attributes)
        if decoded != expected {
            Issue.record("seed \(seed): \(decoded) against \(expected) for \(String(decoding: value, as: UTF8.self))")
        }
        return decoded
    }

    private func walked(_ text: String) -> Decoded? {
        walked(Array(text.utf8))
    }

    /// Small events with every member that the core wants, and what is often around them.
    private static let small: [[UInt8]] = [
        minimal([("x", #"[1.5e3,-0,true,{"a":[null,"\u00e9\n"]}]"#), ("publication", #"{"id":"p","channel":"API"}"#)]),
        minimal([
            ("campaign", #"{"id":"k","name":"é"}"#), ("order", #"{"id":"o","amount":100}"#),
            ("balance", #"{"points":-12,"balance":123456789,"total":7,"related_object":{"id":"v"}}"#),
        ]),
        envelope(
            data: minimal("earning_rule", #"{"id":"r","loyalty":{"type":"FIXED","calculation_type":null}}"#),
            type: wanted,
            event: #"{"id":"e","type":null}"#,
            source: #"{"object":"webhook"}"#
        ),
    ].map { Array($0.utf8) }

    private static let modes: [CloudEventAttributes?] = [
        nil, nil, CloudEventAttributes(mode: .structured), CloudEventAttributes(mode: .binary, type: "x"),
    ]

    @Test(arguments: 0..<20 as Range<UInt64>)
    func `ten thousand damaged small events are answered rightly or not at all`(seed: UInt64) throws {
        var random = SeededGenerator(seed: seed)
        var answers = 0
        for round in 0..<10_000 {
            let sample = Self.small[round % Self.small.count]
            let mode = Self.modes[round % Self.modes.count]
            if walked(Damage.done(to: sample, using: &random), seed, mode) != nil { answers += 1 }
        }
        #expect(answers > 1000, "seed \(seed)")
    }

    @Test(arguments: Samples.names)
    func `a sample is answered as it is, with its keys in any order, and damaged`(name: String) throws {
        let sample = try Samples.bytes(name)
        let tree = try #require(JSONTree(sample))
        let answer = try #require(walked(sample))
        var random = SeededGenerator(seed: UInt64(sample.count))
        for _ in 0..<5 {
            let shuffled = tree.shuffled(using: &random).plain()
            #expect(walked(shuffled, UInt64(sample.count)) == answer)
        }
        for _ in 0..<50 { _ = walked(Damage.done(to: sample, using: &random), UInt64(sample.count)) }
    }

    @Test(arguments: Samples.names)
    func `of a sample that is cut short nothing is answered`(name: String) throws {
        let sample = try Samples.bytes(name)
        let last = try #require(sample.lastIndex(of: UInt8(ascii: "}")))
        for end in 0...last where decoder.walk(sample.span.raw.extracting(first: end)) != nil {
            Issue.record("an answer for \(end) bytes")
            return
        }
        #expect(decoder.walk(sample.span.raw.extracting(first: last + 1)) != nil)
    }

    @Test(arguments: Samples.names)
    func `no byte behind a value is read`(name: String) throws {
        let sample = try Samples.bytes(name)
        let memory = try #require(GuardedBytes(capacity: sample.count))
        #expect(memory.decode(sample[...], with: decoder) == decoder.decode(sample))
        for end in stride(from: 0, through: sample.count, by: 7) {
            #expect(memory.decode(sample[..<end], with: decoder) == decoder.decode(Array(sample[..<end])))
        }
    }

    @Test func `no byte behind a damaged value is read`() throws {
        let memory = try #require(GuardedBytes(capacity: 4096))
        var random = SeededGenerator(seed: 1)
        for round in 0..<20_000 {
            let value = Damage.done(to: Self.small[round % Self.small.count], using: &random)
            guard decoder.walk(value.span.raw) != nil || round.isMultiple(of: 20) else { continue }
            #expect(memory.decode(value[...], with: decoder) == decoder.decode(value))
        }
        for tail in [
            "1", "12345678", "null", "tru", "\"", "\"id", "\"id\"", "\\", "\\u12", "-", "1.", "1e", "}", "{", "[",
        ] {
            for head in ["", "{", "{\"id\":", "{\"x\":", "{\"a\":[", "{\"balance\":{\"points\":"] {
                let value = Array((head + tail).utf8)
                #expect(memory.decode(value[...], with: decoder) == decoder.decode(value))
            }
        }
    }

    @Test(arguments: ["x", "customer", "order", "data", "earning_rule"])
    func `depth is counted as by the strict parser`(key: String) {
        for (open, close) in [("[", "]"), ("{\"k\":", "}"), ("{\"data\":", "}"), ("[{\"a\":", "}]")] {
            for levels in [1, 2, 3, 4, 100, 254, 255, 256, 257] + Array(508...514) {
                let nested = String(repeating: open, count: levels) + "[]" + String(repeating: close, count: levels)
                let value = Array(minimal(key, nested).utf8)
                let expected = strict.decode(value)
                if let answer = decoder.walk(value.span.raw) { #expect(answer == expected) }
                if case .accept = expected { #expect(decoder.walk(value.span.raw) != nil) }
                #expect(decoder.decode(value) == expected)
            }
        }
    }

    @Test func `it answers for the usual and gives up on the rest`() {
        #expect(walked(minimal()) != nil)
        #expect(walked(" \n\t" + minimal("x", #""\ud800 \/ \\""#) + "\r\n ") != nil)
        #expect(walked(minimal("balance", #"{"points":999999999999999999,"balance":-0}"#)) != nil)
        #expect(walked(minimal("customer", "{}")) == rejected("customer_id_missing", "customer.id"))
        for text in [
            "", "[]", "\u{FEFF}" + minimal(), minimal("x", "1.e1"), minimal("x", #""\q""#), minimal() + "{}",
            minimal("customer", #"{"id":"a\n"}"#), minimal("customer", #"{"\u0069d":"a"}"#),
            minimal("customer", #"{"id":"a","id":"b"}"#), minimal("balance", #"{"points":9e2,"balance":1}"#),
            minimal("balance", #"{"points":1000000000000000000,"balance":1}"#),
        ] {
            #expect(walked(text) == nil, "\(text)")
            _ = decoded(text)
        }
    }

    @Test func `every spelling of a number, literal or blank is judged as by the strict parser`() {
        for token in [
            "0", "-0", "00", "01", "1", "1234567", "12345678", "123456789", "-1", "-", "--1", "+1", "1.", ".1", "1.5",
            "1e5",
            "1E+5", "1e-5", "1e", "1e+", "1.5.5", "0x1", "1a", "a1", "1\u{C}", "1\u{1A}", "1\u{0}", "1\u{A0}", "true",
            "tru",
            "truex", "true1", "false", "falsey", "fals", "null", "nul", "nulll", "null\"x\"", "true\"x\"", "1\"x\"",
            "\"a\"\"b\"", "\"a\"b", "\"a\" \"b\"", "NaN", "", "{}", "[]", "{]", "[}", "[1,]", "{\"a\":1,}", "[1 2]",
            "{\"a\" 1}", "{\"a\":1 \"b\":2}", "{1:1}", "\"\t\"", "1:", "1,", "1}", "1]",
        ] {
            for blank in ["", " ", "\n\t ", "\r"] {
                for key in ["x", "customer", "balance"] {
                    _ = decoded(minimal(key, blank + token + blank))
                    _ = decoded(minimal("x", "[\(blank)\(token)\(blank)]"))
                }
                _ = decoded(minimal("balance", "{\"points\":\(blank)\(token)\(blank),\"balance\":1}"))
                _ = decoded(minimal("customer", "{\"id\":\(blank)\(token)\(blank)}"))
            }
        }
    }
}
