/// A strict RFC 8259 parser that answers what simdjson can't: which byte is wrong, and what a document says that
/// simdjson refuses as a whole (numbers beyond Double, lone surrogates). It writes simdjson's tape, so that one reader
/// serves both, with two differences: a number that is no plain Int64 is kept as its text under the tag `#`, and a
/// lone surrogate becomes U+FFFD.
///
/// Iterative: the nesting of the data never reaches the stack of the process.
struct StrictParser {
    /// Objects and arrays may nest this deep.
    static let maxDepth = 512
    /// Tape indices have 32 bits; a byte of JSON makes at most two words.
    static let maxCount = 1 << 30

    /// The sign and the digits of Int64.min.
    private static let longestInteger = 20

    private(set) var words: [UInt64] = []
    private(set) var text: [UInt8] = []
    private var open: [Int] = []

    private enum Expectation {
        case value, firstElement, firstKey, key, colon, separator, end
    }

    /// Parses the bytes from `start` up to `end`, which must both lie inside `bytes`.
    mutating func parse(_ bytes: [UInt8], from start: Int, to end: Int) throws(Rejection) {
        words.removeAll(keepingCapacity: true)
        text.removeAll(keepingCapacity: true)
        open.removeAll(keepingCapacity: true)
        guard start < end else { throw Rejection(reason: "empty_value") }
        guard end - start <= Self.maxCount else { throw Rejection(reason: "value_too_large") }

        words.append(Self.word("r", 0))
        var input = Input(bytes: bytes, at: start, end: end)
        var expected = Expectation.value
        while true {
            input.skipBlanks()
            guard let byte = input.next else {
                if expected == .end { break }
                throw input.error()
            }
            switch expected {
            case .value, .firstElement:
                expected = try value(byte, &input, mayClose: expected == .firstElement)
            case .firstKey where byte == UInt8(ascii: "}"), .separator where byte == UInt8(ascii: "}"):
                expected = try close("{", "}", &input)
            case .firstKey, .key:
                guard byte == UInt8(ascii: "\"") else { throw input.error() }
                try string(&input)
                expected = .colon
            case .colon:
                guard byte == UInt8(ascii: ":") else { throw input.error() }
                input.at += 1
                expected = .value
            case .separator where byte == UInt8(ascii: "]"):
                expected = try close("[", "]", &input)
            case .separator:
                guard byte == UInt8(ascii: ","), let container = open.last else { throw input.error() }
                input.at += 1
                expected = Self.tag(words[container]) == UInt8(ascii: "{") ? .key : .value
            case .end:
                throw input.error()
            }
        }
    }

    private var afterValue: Expectation {
        open.isEmpty ? .end : .separator
    }

    private mutating func value(
        _ byte: UInt8,
        _ input: inout Input,
        mayClose: Bool
    ) throws(Rejection) -> Expectation {
        switch byte {
        case UInt8(ascii: "{"):
            try push(&input)
            return .firstKey
        case UInt8(ascii: "["):
            try push(&input)
            return .firstElement
        case UInt8(ascii: "]") where mayClose:
            return try close("[", "]", &input)
        case UInt8(ascii: "\""):
            try string(&input)
        case UInt8(ascii: "-"), UInt8(ascii: "0")...UInt8(ascii: "9"):
            try number(&input)
        case UInt8(ascii: "t"):
            try literal("true", &input)
        case UInt8(ascii: "f"):
            try literal("false", &input)
        case UInt8(ascii: "n"):
            try literal("null", &input)
        default:
            throw input.error()
        }
        return afterValue
    }

    private mutating func push(_ input: inout Input) throws(Rejection) {
        guard open.count < Self.maxDepth else { throw Rejection(reason: "nesting_too_deep", offset: input.at) }
        open.append(words.count)
        words.append(UInt64(input.bytes[input.at]) << 56)
        input.at += 1
    }

    private mutating func close(
        _ opening: Unicode.Scalar,
        _ closing: Unicode.Scalar,
        _ input: inout Input
    ) throws(Rejection) -> Expectation {
        guard let start = open.last, Self.tag(words[start]) == UInt8(ascii: opening) else { throw input.error() }
        open.removeLast()
        words.append(Self.word(closing, UInt64(start)))
        words[start] = Self.word(opening, UInt64(words.count))
        input.at += 1
        return afterValue
    }

    private mutating func literal(_ name: StaticString, _ input: inout Input) throws(Rejection) {
        var rest = input
        for scalar in name.description.utf8 {
            guard rest.next == scalar else { throw rest.error() }
            rest.at += 1
        }
        words.append(UInt64(input.bytes[input.at]) << 56)
        input = rest
    }

    private mutating func number(_ input: inout Input) throws(Rejection) {
        let start = input.at
        if input.next == UInt8(ascii: "-") { input.at += 1 }
        if input.next == UInt8(ascii: "0") {
            input.at += 1
        } else {
            try digits(&input)
        }
        var plain = true
        if input.next == UInt8(ascii: ".") {
            plain = false
            input.at += 1
            try digits(&input)
        }
        if input.next == UInt8(ascii: "e") || input.next == UInt8(ascii: "E") {
            plain = false
            input.at += 1
            if input.next == UInt8(ascii: "+") || input.next == UInt8(ascii: "-") { input.at += 1 }
            try digits(&input)
        }
        let spelled = input.bytes[start..<input.at]
        if plain, spelled.count <= Self.longestInteger, case .value(let integer) = ExactInteger(spelled) {
            words.append(Self.word("l", 0))
            words.append(UInt64(bitPattern: integer))
        } else {
            words.append(Self.word("#", UInt64(text.count)))
            appendLength(spelled.count)
            text.append(contentsOf: spelled)
        }
    }

    private func digits(_ input: inout Input) throws(Rejection) {
        let start = input.at
        while let byte = input.next, UInt8(ascii: "0")...UInt8(ascii: "9") ~= byte { input.at += 1 }
        guard input.at > start else { throw input.error() }
    }

    private mutating func string(_ input: inout Input) throws(Rejection) {
        words.append(Self.word("\"", UInt64(text.count)))
        let start = text.count
        appendLength(0)
        input.at += 1
        while true {
            guard let byte = input.next else { throw input.error() }
            switch byte {
            case UInt8(ascii: "\""):
                input.at += 1
                setLength(text.count - start - 4, at: start)
                return
            case UInt8(ascii: "\\"):
                text.append(contentsOf: try input.escape().utf8)
            case 0..<0x20:
                throw input.error()
            case 0..<0x80:
                text.append(contentsOf: input.plainText())
            default:
                guard let count = input.utf8Count else { throw input.error() }
                text.append(contentsOf: input.bytes[input.at..<input.at + count])
                input.at += count
            }
        }
    }

    /// Room for the length of a text, and that length in host order.
    private mutating func appendLength(_ count: Int) {
        for _ in 0..<4 { text.append(0) }
        setLength(count, at: text.count - 4)
    }

    private mutating func setLength(_ count: Int, at start: Int) {
        let length = UInt32(truncatingIfNeeded: count)
        let isLittleEndian = length.littleEndian == length
        for index in 0..<4 {
            let shift = 8 * (isLittleEndian ? index : 3 - index)
            text[start + index] = UInt8(truncatingIfNeeded: length >> UInt32(shift))
        }
    }

    private static func word(_ tag: Unicode.Scalar, _ payload: UInt64) -> UInt64 {
        UInt64(UInt8(ascii: tag)) << 56 | payload
    }

    private static func tag(_ word: UInt64) -> UInt8 {
        UInt8(truncatingIfNeeded: word >> 56)
    }
}
