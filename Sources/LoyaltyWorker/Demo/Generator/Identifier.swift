import Pipeline

/// The kinds of identifiers that an event carries, written the way the vendor's look.
enum Identifier: Sendable {
    case customer, voucher, order, event, group, redemption, sending, publication, discountVoucher

    /// Appends the identifier that belongs to `seed`.
    func append(of seed: UInt64, to bytes: inout [UInt8]) {
        switch self {
        case .customer: Self.append("cust_", base62: 24, seed, &bytes)
        case .voucher: Self.append("v_", base62: 32, seed &+ 1, &bytes)
        case .order: Self.append("ord_", base62: 24, seed &+ 2, &bytes)
        case .event: Self.append("evcus_", hexadecimal: 18, seed, &bytes)
        case .group: Self.append("v-", hexadecimal: 18, seed &+ 3, &bytes)
        case .redemption: Self.append("r_", hexadecimal: 18, seed &+ 4, &bytes)
        case .sending: Self.append("whs_", hexadecimal: 18, seed &+ 5, &bytes)
        case .publication: Self.append("pub_", base62: 32, seed, &bytes)
        case .discountVoucher: Self.append("v_", base62: 32, seed &+ 6, &bytes)
        }
    }

    /// The identifier that belongs to `seed`.
    func text(of seed: UInt64) -> String {
        var bytes: [UInt8] = []
        append(of: seed, to: &bytes)
        return String(decoding: bytes, as: UTF8.self)
    }

    private static let base62 = Array("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz".utf8)
    private static let hexadecimal = Array("0123456789abcdef".utf8)

    private static func append(_ prefix: StaticString, base62 count: Int, _ seed: UInt64, _ bytes: inout [UInt8]) {
        bytes.append(contentsOf: prefix.description.utf8)
        var random = SplitMix64(seed: seed)
        var bits: UInt64 = 0
        for position in 0..<count {
            if position % 10 == 0 { bits = random.next() }
            bytes.append(base62[Int(truncatingIfNeeded: bits % 62)])
            bits /= 62
        }
    }

    private static func append(_ prefix: StaticString, hexadecimal count: Int, _ seed: UInt64, _ bytes: inout [UInt8]) {
        bytes.append(contentsOf: prefix.description.utf8)
        var random = SplitMix64(seed: seed)
        var bits: UInt64 = 0
        for position in 0..<count {
            if position % 16 == 0 { bits = random.next() }
            bytes.append(hexadecimal[Int(truncatingIfNeeded: bits & 15)])
            bits >>= 4
        }
    }
}
