import Testing

@testable import LoyaltyEvents

/// Whatever the bytes are, simdjson's path and the strict one must give the same answer.
@Suite struct AgreementTests {
    private let fast = EventDecoder()
    private let strict = EventDecoder(path: .strictOnly)

    private func agree(_ value: [UInt8], _ seed: UInt64, _ attributes: CloudEventAttributes? = nil) -> Bool {
        let padded = value + Array(repeating: 0, count: 64)
        let one = fast.decode(padded, count: value.count, attributes: attributes)
        let other = strict.decode(padded, count: value.count, attributes: attributes)
        if one != other {
            Issue.record("seed \(seed): \(one) against \(other) for \(String(decoding: value, as: UTF8.self))")
        }
        return one == other
    }

    /// Pieces that meet the grammar's corners.
    private static let pieces: [[UInt8]] =
        [
            "9e2", "900.0", "1e999", "-", "0", "00", ".", "e", "123456789012345678901234567890", "18446744073709551615",
            "\\ud800",
            "\\udc00", "\\ud83d\\ude00", "\\u0000", "\\", "\"", "{", "}", "[", "]", ":", ",", "null", "true",
            "\u{FEFF}", "é", "😀",
            " ", "\n", "\u{0}", "\u{1}", "{\"data\":{}}", "\"type\":\"x\",", "\"id\":null,", "\"id\":7,",
            "\"points\":1.5,", "[[[[",
        ].map { Array($0.utf8) } + [[0xFF], [0xC3], [0xED, 0xA0, 0x80]]

    private static let modes: [CloudEventAttributes?] = [
        nil, nil, nil, CloudEventAttributes(mode: .structured), CloudEventAttributes(mode: .binary, type: "x"),
    ]

    @Test(arguments: 0..<40 as Range<UInt64>)
    func `bytes that were damaged at random decode alike on both paths`(seed: UInt64) throws {
        var random = SeededGenerator(seed: seed)
        let name = try #require(Samples.names.randomElement(using: &random))
        let sample =
            seed.isMultiple(of: 2) ? Array(minimal("publication", #"{"id":"p"}"#).utf8) : try Samples.bytes(name)
        for _ in 0..<(seed.isMultiple(of: 2) ? 400 : 25) {
            var value = sample
            for _ in 0..<Int.random(in: 1...3, using: &random) {
                let at = Int.random(in: 0..<max(value.count, 1), using: &random)
                guard at < value.count else { break }
                switch Int.random(in: 0..<7, using: &random) {
                case 0: value[at] ^= 1 << UInt8.random(in: 0..<8, using: &random)
                case 1: value[at] = UInt8.random(in: 0...255, using: &random)
                case 2: value.removeSubrange(at...)
                case 3: value.remove(at: at)
                case 4: value.insert(value[at], at: at)
                case 5: value.replaceSubrange(at...at, with: Self.pieces.randomElement(using: &random) ?? [])
                default: value.insert(contentsOf: Self.pieces.randomElement(using: &random) ?? [], at: at)
                }
            }
            guard agree(value, seed, Self.modes.randomElement(using: &random) ?? nil) else { return }
        }
    }

    @Test(arguments: 0..<30 as Range<UInt64>)
    func `an event means the same in any order, with any blanks, however its texts and numbers are spelled`(
        seed: UInt64
    ) throws {
        var random = SeededGenerator(seed: seed)
        let name = try #require(Samples.names.randomElement(using: &random))
        let sample = try Samples.bytes(name)
        let original = try Samples.event(name)
        let tree = try #require(JSONTree(sample))
        for _ in 0..<6 {
            let value = tree.respelled(using: &random)
            guard agree(value, seed) else { return }
            let event = try accepted(value)
            #expect(event == original, "seed \(seed)")
            for stage in [Route.notification, .publication] {
                #expect(event.effectKey(stage) == original.effectKey(stage), "seed \(seed)")
            }
        }
    }

    @Test(arguments: 0..<30 as Range<UInt64>)
    func `a member of any type anywhere decodes alike on both paths, and so does the model`(seed: UInt64) throws {
        var random = SeededGenerator(seed: seed)
        let name = try #require(Samples.names.randomElement(using: &random))
        let tree = try #require(JSONTree(try Samples.bytes(name)))
        for _ in 0..<6 {
            let value = tree.mutated(using: &random)
            guard agree(value, seed) else { return }
            func model(_ decoder: EventDecoder) -> Result<CustomerRewardedLoyaltyPoints, Rejection> {
                Result { () throws(Rejection) in try decoder.decodeModel(value, count: value.count) }
            }
            #expect(model(fast) == model(strict), "seed \(seed): \(String(decoding: value, as: UTF8.self))")
        }
    }

    @Test func `a value cut at any byte decodes alike on both paths`() throws {
        let sample = Array(minimal("publication", #"{"id":"p😀\ud83d\ude00","channel":[1.5e3,-0,true]}"#).utf8)
        for end in 0...sample.count {
            guard agree(Array(sample[..<end]), UInt64(end)) else { return }
        }
    }
}
