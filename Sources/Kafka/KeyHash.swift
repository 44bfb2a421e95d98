/// Hash of a record's key that is the same in every process and on every machine (Swift's `Hasher` is seeded per
/// process). Not for secrets and not against attackers: two keys that collide share a lane, nothing worse.
package enum KeyHash {
    package static func hash(_ bytes: [UInt8]) -> UInt64 {
        hash(unsafe bytes.span.bytes)
    }

    /// Multiply-and-fold over eight bytes at a time, after wyhash (Wang Yi, public domain).
    package static func hash(_ bytes: RawSpan) -> UInt64 {
        var hash = 0x9e37_79b9_7f4a_7c15 ^ UInt64(truncatingIfNeeded: bytes.byteCount)
        var index = 0
        while index < bytes.byteCount {
            hash = fold(hash ^ word(bytes, at: index), 0xa076_1d64_78bd_642f)
            index += 8
        }
        return fold(hash ^ 0xe703_7ed1_a0b4_28db, 0x8ebc_6af0_9c88_c6e3)
    }

    /// Up to eight bytes, little endian whatever the machine; missing bytes are zero.
    private static func word(_ bytes: RawSpan, at index: Int) -> UInt64 {
        if index <= bytes.byteCount - 8 {
            return UInt64(littleEndian: unsafe bytes.unsafeLoadUnaligned(fromByteOffset: index, as: UInt64.self))
        }
        var word: UInt64 = 0
        for position in (index..<bytes.byteCount).reversed() {
            word = word << 8 | UInt64(unsafe bytes.unsafeLoad(fromByteOffset: position, as: UInt8.self))
        }
        return word
    }

    private static func fold(_ left: UInt64, _ right: UInt64) -> UInt64 {
        let product = left.multipliedFullWidth(by: right)
        return product.high ^ product.low
    }
}
