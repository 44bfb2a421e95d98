/// An address of IP version 4 or 6. Version 4 is kept in its mapped form, so that `::ffff:10.0.0.1` and `10.0.0.1` are equal.
package struct IPAddress: Hashable, Sendable {
    /// 128 bits, the first byte highest.
    package let bits: UInt128

    /// `::ffff:0:0/96`
    private static let mapped: UInt128 = 0xFFFF << 32

    /// Version 4.
    init(_ bits: UInt32) {
        self.bits = Self.mapped | UInt128(bits)
    }

    init(bits: UInt128) {
        self.bits = bits
    }

    /// Reads the usual textual forms; a zone (`%eth0`) and square brackets around version 6 are dropped.
    package init?(_ text: some StringProtocol) {
        var text = Substring(text)
        if text.hasPrefix("["), text.hasSuffix("]") { text = text.dropFirst().dropLast() }
        if text.contains(":") {
            guard let bits = Self.version6(text.prefix(while: { $0 != "%" })) else { return nil }
            self.init(bits: bits)
        } else {
            guard let bits = Self.version4(text) else { return nil }
            self.init(bits)
        }
    }

    /// Nil for version 6.
    package var version4: UInt32? {
        bits >> 32 == 0xFFFF ? UInt32(truncatingIfNeeded: bits) : nil
    }

    /// Whether the first `length` bits (of 128) are those of `prefix`.
    package func has(prefix: IPAddress, length: Int) -> Bool {
        length <= 0 || (bits ^ prefix.bits) >> UInt128(max(0, 128 - length)) == 0
    }

    private static func version4(_ text: Substring) -> UInt32? {
        let parts = text.split(separator: ".", omittingEmptySubsequences: false)
        guard parts.count == 4 else { return nil }
        var bits: UInt32 = 0
        for part in parts {
            // Leading zeros mean octal to some readers: not to be guessed.
            guard (1...3).contains(part.utf8.count), part.utf8.allSatisfy({ (0x30...0x39).contains($0) }),
                part.count == 1 || part.first != "0", let byte = UInt8(part)
            else { return nil }
            bits = bits << 8 | UInt32(byte)
        }
        return bits
    }

    private static func version6(_ text: Substring) -> UInt128? {
        guard let gap = text.firstRange(of: "::") else {
            guard let groups = groups(text), groups.count == 8 else { return nil }
            return joined(groups)
        }
        guard let head = groups(text[..<gap.lowerBound], isLast: false), let tail = groups(text[gap.upperBound...]),
            head.count + tail.count <= 7
        else { return nil }
        return joined(head + Array(repeating: 0, count: 8 - head.count - tail.count) + tail)
    }

    /// Groups of 16 bits; the last two may be spelled as version 4.
    private static func groups(_ text: Substring, isLast: Bool = true) -> [UInt16]? {
        guard !text.isEmpty else { return [] }
        var groups: [UInt16] = []
        let parts = text.split(separator: ":", omittingEmptySubsequences: false)
        for (index, part) in parts.enumerated() {
            if isLast, index == parts.count - 1, part.contains(".") {
                guard let bits = version4(part) else { return nil }
                groups.append(UInt16(truncatingIfNeeded: bits >> 16))
                groups.append(UInt16(truncatingIfNeeded: bits))
            } else {
                guard (1...4).contains(part.utf8.count), part.utf8.allSatisfy({ isHexDigit($0) }),
                    let group = UInt16(part, radix: 16)
                else { return nil }
                groups.append(group)
            }
        }
        return groups
    }

    private static func isHexDigit(_ byte: UInt8) -> Bool {
        (0x30...0x39).contains(byte) || (0x61...0x66).contains(byte) || (0x41...0x46).contains(byte)
    }

    private static func joined(_ groups: [UInt16]) -> UInt128 {
        groups.reduce(0) { $0 << 16 | UInt128($1) }
    }
}

extension IPAddress: CustomStringConvertible {
    package var description: String {
        if let version4 {
            return (0..<4).map { String(version4 >> (24 - 8 * UInt32($0)) & 0xFF) }.joined(separator: ".")
        }
        return (0..<8).map { String(bits >> UInt128(112 - 16 * $0) & 0xFFFF, radix: 16) }.joined(separator: ":")
    }
}
