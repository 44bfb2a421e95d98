import Testing

@testable import LoyaltyEvents

/// Whatever the bytes are, every path must give the same answer.
@Suite struct AgreementTests {
    private let fast = EventDecoder()
    private let tapes = EventDecoder(path: .tapes)
    private let strict = EventDecoder(path: .strictOnly)

    private func agree(_ value: [UInt8], _ seed: UInt64, _ attributes: CloudEventAttributes? = nil) -> Bool {
        let other = strict.decode(value, attributes: attributes)
        for one in [fast.decode(value, attributes: attributes), tapes.decode(value, attributes: attributes)]
        where one != other {
            Issue.record("seed \(seed): \(one) against \(other) for \(String(decoding: value, as: UTF8.self))")
            return false
        }
        return true
    }

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
            let value = Damage.done(to: sample, using: &random)
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
