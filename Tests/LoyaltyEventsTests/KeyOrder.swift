/// A JSON text with its keys in another order, every value spelled as it was. An object with an escaped or repeated key
/// keeps its order, because the last of repeated keys counts.
struct KeyOrder {
    private let bytes: [UInt8]
    private var at = 0
    private var random: SeededGenerator

    /// - Parameter bytes: a valid text; others come back as something else that is no valid text either.
    static func shuffled(_ bytes: [UInt8], seed: UInt64) -> [UInt8] {
        var order = KeyOrder(bytes: bytes, random: SeededGenerator(seed: seed))
        // A byte-order mark goes before everything.
        let mark = bytes.starts(with: [0xEF, 0xBB, 0xBF]) ? 3 : 0
        order.at = mark
        return bytes[..<mark] + order.value() + bytes[order.at...]
    }

    private init(bytes: [UInt8], random: SeededGenerator) {
        self.bytes = bytes
        self.random = random
    }

    private var next: UInt8? { at < bytes.count ? bytes[at] : nil }

    private mutating func value() -> [UInt8] {
        skip { [0x20, 0x09, 0x0A, 0x0D].contains($0) }
        switch next {
        case UInt8(ascii: "{"): return container("{", "}")
        case UInt8(ascii: "["): return container("[", "]")
        case UInt8(ascii: "\""): return string()
        default:
            let start = at
            skip {
                ![UInt8(ascii: ","), UInt8(ascii: ":"), UInt8(ascii: "}"), UInt8(ascii: "]"), 0x20, 0x09, 0x0A, 0x0D]
                    .contains($0)
            }
            return Array(bytes[start..<at])
        }
    }

    private mutating func container(_ opening: Unicode.Scalar, _ closing: Unicode.Scalar) -> [UInt8] {
        var members: [[UInt8]] = []
        var keys: Set<[UInt8]> = []
        var mayShuffle = opening == "{"
        at += 1
        while next != nil, next != UInt8(ascii: closing) {
            let before = at
            var member = value()
            skip { [0x20, 0x09, 0x0A, 0x0D].contains($0) }
            if next == UInt8(ascii: ":") {
                if member.contains(UInt8(ascii: "\\")) || !keys.insert(member).inserted { mayShuffle = false }
                at += 1
                member += [UInt8(ascii: ":")] + value()
                skip { [0x20, 0x09, 0x0A, 0x0D].contains($0) }
            }
            if at > before, !member.isEmpty { members.append(member) }
            if next == UInt8(ascii: ",") || at == before { at += 1 }
        }
        if next != nil { at += 1 }
        if mayShuffle { members.shuffle(using: &random) }
        return [UInt8(ascii: opening)] + members.joined(separator: [UInt8(ascii: ",")]) + [UInt8(ascii: closing)]
    }

    private mutating func string() -> [UInt8] {
        let start = at
        at += 1
        while let byte = next, byte != UInt8(ascii: "\"") { at += byte == UInt8(ascii: "\\") ? 2 : 1 }
        at = min(at + 1, bytes.count)
        return Array(bytes[start..<at])
    }

    private mutating func skip(while isSkipped: (UInt8) -> Bool) {
        while let byte = next, isSkipped(byte) { at += 1 }
    }
}
