extension StrictParser {
    /// The bytes still to read.
    struct Input {
        let bytes: [UInt8]
        /// Where the next byte is.
        var at: Int
        let end: Int

        /// The next byte, or nil at the end.
        var next: UInt8? {
            at < end ? bytes[at] : nil
        }

        mutating func skipBlanks() {
            while let byte = next, byte == 0x20 || byte == 0x0A || byte == 0x0D || byte == 0x09 { at += 1 }
        }

        /// Reads the ASCII in front of a quote, a backslash, a control character or anything else.
        mutating func plainText() -> ArraySlice<UInt8> {
            let start = at
            while let byte = next, 0x20..<0x80 ~= byte, byte != UInt8(ascii: "\""), byte != UInt8(ascii: "\\") {
                at += 1
            }
            return bytes[start..<at]
        }

        /// Names what is wrong with the next byte.
        func error() -> Rejection {
            guard let byte = next else { return Rejection(reason: "invalid_json", offset: at) }
            if byte == 0 { return Rejection(reason: "raw_nul", offset: at) }
            if byte >= 0x80, utf8Count == nil { return Rejection(reason: "invalid_utf8", offset: at) }
            return Rejection(reason: "invalid_json", offset: at)
        }

        /// The length of the well-formed multi-byte UTF-8 sequence at the next byte, or nil if it is ill-formed.
        /// The ranges are Table 3-7 of the Unicode standard.
        var utf8Count: Int? {
            guard let lead = next else { return nil }
            let second: ClosedRange<UInt8>
            let count: Int
            switch lead {
            case 0xC2...0xDF: (count, second) = (2, 0x80...0xBF)
            case 0xE0: (count, second) = (3, 0xA0...0xBF)
            case 0xED: (count, second) = (3, 0x80...0x9F)
            case 0xE1...0xEF: (count, second) = (3, 0x80...0xBF)
            case 0xF0: (count, second) = (4, 0x90...0xBF)
            case 0xF1...0xF3: (count, second) = (4, 0x80...0xBF)
            case 0xF4: (count, second) = (4, 0x80...0x8F)
            default: return nil
            }
            guard end - at >= count, second ~= bytes[at + 1] else { return nil }
            for index in 2..<max(count, 2) where bytes[at + index] & 0xC0 != 0x80 { return nil }
            return count
        }

        /// Reads one escape, from its backslash on. A surrogate without its other half is U+FFFD.
        mutating func escape() throws(Rejection) -> Unicode.Scalar {
            at += 1
            guard let byte = next else { throw error() }
            let scalar: Unicode.Scalar
            switch byte {
            case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): scalar = Unicode.Scalar(byte)
            case UInt8(ascii: "b"): scalar = "\u{8}"
            case UInt8(ascii: "f"): scalar = "\u{C}"
            case UInt8(ascii: "n"): scalar = "\n"
            case UInt8(ascii: "r"): scalar = "\r"
            case UInt8(ascii: "t"): scalar = "\t"
            case UInt8(ascii: "u"):
                at += 1
                return try unicodeEscape()
            default: throw error()
            }
            at += 1
            return scalar
        }

        private mutating func unicodeEscape() throws(Rejection) -> Unicode.Scalar {
            let unit = try hexUnit()
            guard 0xD800...0xDBFF ~= unit, next == UInt8(ascii: "\\") else {
                return Unicode.Scalar(unit) ?? "\u{FFFD}"
            }
            var rest = self
            rest.at += 1
            guard rest.next == UInt8(ascii: "u") else { return "\u{FFFD}" }
            rest.at += 1
            let low = try rest.hexUnit()
            guard 0xDC00...0xDFFF ~= low else { return "\u{FFFD}" }
            self = rest
            return Unicode.Scalar(0x10000 + (UInt32(unit - 0xD800) << 10 | UInt32(low - 0xDC00))) ?? "\u{FFFD}"
        }

        private mutating func hexUnit() throws(Rejection) -> UInt16 {
            var unit: UInt16 = 0
            for _ in 0..<4 {
                guard let byte = next, let digit = Self.hexDigit(byte) else { throw error() }
                unit = unit << 4 | digit
                at += 1
            }
            return unit
        }

        private static func hexDigit(_ byte: UInt8) -> UInt16? {
            switch byte {
            case UInt8(ascii: "0")...UInt8(ascii: "9"): UInt16(byte - UInt8(ascii: "0"))
            case UInt8(ascii: "a")...UInt8(ascii: "f"): UInt16(byte - UInt8(ascii: "a") + 10)
            case UInt8(ascii: "A")...UInt8(ascii: "F"): UInt16(byte - UInt8(ascii: "A") + 10)
            default: nil
            }
        }
    }
}
