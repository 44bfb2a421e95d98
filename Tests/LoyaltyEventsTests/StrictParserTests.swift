import Testing

@testable import LoyaltyEvents

/// The grammar of RFC 8259, case by case. Whether simdjson agrees is seen through the decoder, which must give the same
/// answer with and without it.
@Suite struct StrictParserTests {
    private func accepts(_ bytes: [UInt8]) -> Bool {
        var parser = StrictParser()
        do throws(Rejection) {
            try parser.parse(bytes, from: 0, to: bytes.count)
            return true
        } catch {
            return false
        }
    }

    @Test(arguments: [
        "[]", "{}", "[[]]", "[{}]", "{\"\":0}", "{\"a\":{\"b\":[1,2,{}]}}", " [ ] ", "\t{\n\"a\"\r:\t1 , \"b\":2}\n",
        "0", "-0", "1", "-1", "10", "1.0", "0.1", "-0.1", "1e1", "1E1", "1e+1", "1e-1", "1.5e10", "0e0", "0e+1", "20e1",
        "123456789012345678901234567890", "-123123123123123123123123123123", "1e999", "-1e-999",
        "1.7976931348623159e309",
        "0.4e00669999999999999999999999999999999999999999999999999999999999999999999999999969999999006",
        "\"\"", "\"a\"", "\" \"", "\"\\\"\"", "\"\\\\\"", "\"\\/\"", "\"\\b\\f\\n\\r\\t\"", "\"\\u0000\"",
        "\"\\u00e9\"",
        "\"\\uD834\\uDD1E\"", "\"\\uD800\"", "\"\\uDC00\"", "\"\\uD800\\uD800\"", "\"\\uD800\\n\"", "\"\\uFFFF\"",
        "\"\\uFDD0\"",
        "\"\u{7F}\"", "\"é€😀\"", "\"\u{FFFF}\"", "\"\u{10FFFF}\"", "\"\u{2028}\u{2029}\"", "\"/*x*/\"",
        "true", "false", "null", "[true,false,null]", "[1,\"a\",[],{}]", "{\"a\":1,\"a\":2}", "[\"a\",\n4\n,1]", "[2] ",
        "{\"\\u0000\":0}", "[-0.0]", "[1e-400]", "[123.456e78]",
    ])
    func `valid text is accepted`(text: String) {
        #expect(accepts(Array(text.utf8)))
        _ = decoded(text)
        _ = decoded(minimal("x", text))
    }

    @Test(arguments: [
        "", " ", "[", "]", "{", "}", "[1", "[1,", "[1,]", "[,1]", "[,]", "[1,,2]", "[1 2]", "[1;2]", "[\"a\" \"b\"]",
        "[1]]",
        "[[1]", "{\"a\"", "{\"a\":", "{\"a\":1", "{\"a\":1,", "{\"a\":1,}", "{,}", "{,\"a\":1}", "{\"a\":1,,\"b\":2}",
        "{a:1}",
        "{'a':1}", "{1:1}", "{\"a\" 1}", "{\"a\"::1}", "{\"a\":1 \"b\":2}", "{\"a\":}", "{:1}", "{\"a\"}",
        "{\"a\",\"b\"}",
        "{[]:1}", "{null:1}", "[}", "{]", "[1}", "{\"a\":1]", "{\"a\":[}", "[{]", "{}}", "{}{}", "[][]", "[],", "1 2",
        "1,",
        "{}#", "{} x", "[]\u{0}", "//x\n1", "/**/1", "1/**/", "#x\n1",
        "+1", "-", "--1", "-a", "01", "-01", "00", "1.", ".1", "-.1", "1.e1", "1e", "1e+", "1E-", "1e1.5", "1.2.3",
        "1ee1", "0x1",
        "1_0", "1a", "1-", "NaN", "-NaN", "Infinity", "-Infinity", "nan", "inf", "１", "1+2", "2.e3", "0e", "0.e1",
        "-2.",
        "\"", "\"a", "\"\\", "\"\\\"", "\"\\x\"", "\"\\a\"", "\"\\'\"", "\"\\0\"", "\"\\u\"", "\"\\u1\"", "\"\\u12\"",
        "\"\\u123\"",
        "\"\\u12G4\"", "\"\\u 123\"", "\"\\U1234\"", "\"\\uD800\\u\"", "\"\\uD800\\uD8\"", "\"\\uD800\\\"", "\"\\é\"",
        "'a'", "a",
        "\"a\u{1}\"", "\"a\nb\"", "\"a\tb\"", "\"a\u{1F}b\"", "\"a\u{0}b\"", "\"a\"\"b\"", "\"a\"b", "“a”",
        "True", "TRUE", "tru", "truee", "true1", "fals", "nul", "nulll", "None", "undefined", "t", "f", "n",
        "[\u{A0}1]", "[\u{B}1]", "[\u{C}1]", "[\u{FEFF}1]", "[1]\u{2028}", "\u{2060}[]", "[\\n]", "[*]", "[<null>]",
        "é",
    ])
    func `text outside the grammar is rejected`(text: String) {
        #expect(!accepts(Array(text.utf8)))
        _ = decoded(text)
        _ = decoded(minimal("x", text))
    }

    @Test(
        arguments: [
            [0x22, 0xC2, 0x22], [0x22, 0xC1, 0x81, 0x22], [0x22, 0xE0, 0x9F, 0xBF, 0x22],
            [0x22, 0xED, 0xBF, 0xBF, 0x22],
            [0x22, 0xF0, 0x8F, 0xBF, 0xBF, 0x22], [0x22, 0xF4, 0x90, 0x80, 0x80, 0x22],
            [0x22, 0xF8, 0x88, 0x80, 0x80, 0x80, 0x22],
            [0x22, 0xE2, 0x82, 0x22], [0x22, 0xE2, 0x28, 0xA1, 0x22], [0x22, 0xF0, 0x9F, 0x98, 0x22],
            [0x22, 0x80, 0x22],
            [0x22, 0xFE, 0x22], [0x22, 0xFF, 0x22], [0xEF, 0xBB], [0x5B, 0xFF, 0x5D], [0x22, 0x5C, 0xFF, 0x22],
            [0x22, 0xF0, 0x9F],
            [0x22, 0x5C, 0x75, 0xC3, 0xA9, 0x30, 0x30, 0x22],
        ] as [[UInt8]]
    )
    func `ill-formed UTF-8 is rejected`(bytes: [UInt8]) {
        #expect(!accepts(bytes))
        _ = decoded(bytes)
        _ = decoded(Array("{\"x\":".utf8) + bytes + [0x7D])
    }

    @Test(arguments: [
        ("[1,2,x]", 5), ("{\"a\":tru}", 8), ("[1.]", 3), ("\"\\q\"", 2), ("[1] ]", 4), ("[1", 2), ("{\"a\"=1}", 4),
        ("[01]", 2),
    ])
    func `the first wrong byte is named`(text: String, offset: Int) {
        var parser = StrictParser()
        #expect(throws: Rejection(reason: "invalid_json", offset: offset)) {
            try parser.parse(Array(text.utf8), from: 0, to: text.utf8.count)
        }
    }

    @Test func `a parser is as good as new after a failure`() throws {
        let decoder = EventDecoder()
        let good = try Samples.bytes("01-seed-sample")
        let first = decoder.decode(good)
        for bad in [
            "[", "{\"a\":1e999", "{\"customer\":{\"id\":\"x\"},\"publication\":{\"id\":\"p\"},\"balance\":3}",
            "{\"event\":{\"id\":\"left\"}}",
        ] {
            _ = decoder.decode(Array(bad.utf8))
            #expect(decoder.decode(good) == first)
        }
    }
}
