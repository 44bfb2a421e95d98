internal import Csimdjson

/// One value on a tape. Reading is lenient: what is not of the asked type is nil. Valid only as long as its tape.
@safe
struct JSONElement {
    fileprivate let tape: sj_tape
    fileprivate let doubt: UnsafeMutablePointer<Bool>
    fileprivate let index: Int

    private var tag: UInt8 {
        unsafe UInt8(truncatingIfNeeded: tape.words[index] >> 56)
    }

    private func tag(is expected: Unicode.Scalar) -> Bool {
        tag == UInt8(ascii: expected)
    }

    private var number: UInt64 {
        unsafe tape.words[index + 1]
    }

    fileprivate var utf8: UnsafeBufferPointer<UInt8> {
        let text = unsafe tape.text + Int(truncatingIfNeeded: tape.words[index] & 0x00FF_FFFF_FFFF_FFFF)
        let count = unsafe UnsafeRawPointer(text).loadUnaligned(as: UInt32.self)
        return unsafe UnsafeBufferPointer(start: text + 4, count: Int(count))
    }

    /// The index of what follows this value.
    fileprivate var next: Int {
        switch tag {
        case UInt8(ascii: "{"), UInt8(ascii: "["): unsafe Int(tape.words[index] & 0xFFFF_FFFF)
        case UInt8(ascii: "l"), UInt8(ascii: "u"), UInt8(ascii: "d"): index + 2
        default: index + 1
        }
    }

    fileprivate func at(_ index: Int) -> JSONElement {
        unsafe JSONElement(tape: tape, doubt: doubt, index: index)
    }

    var text: String? {
        tag(is: "\"") ? unsafe String(decoding: utf8, as: UTF8.self) : nil
    }

    var bool: Bool? {
        tag(is: "t") ? true : tag(is: "f") ? false : nil
    }

    /// An integer inside Int64, however spelled.
    var integer: Int64? {
        switch tag {
        case UInt8(ascii: "l"): return Int64(bitPattern: number)
        case UInt8(ascii: "u"): return nil
        case UInt8(ascii: "d"):
            // Only the spelling could tell, and this tape has lost it.
            unsafe doubt.pointee = true
            return nil
        case UInt8(ascii: "#"):
            guard case .value(let value) = unsafe ExactInteger(utf8) else { return nil }
            return value
        default: return nil
        }
    }

    /// The nearest Double; nil for a number beyond its range.
    var double: Double? {
        switch tag {
        case UInt8(ascii: "l"): return Double(Int64(bitPattern: number))
        case UInt8(ascii: "u"): return Double(number)
        case UInt8(ascii: "d"): return Double(bitPattern: number)
        case UInt8(ascii: "#"):
            let value = unsafe Double(String(decoding: utf8, as: UTF8.self))
            return value.flatMap { $0.isFinite ? $0 : nil }
        default: return nil
        }
    }

    var object: JSONObject? {
        tag(is: "{") ? JSONObject(element: self) : nil
    }

    /// The elements of an array.
    var elements: JSONElements? {
        tag(is: "[") ? JSONElements(array: self) : nil
    }

    /// The elements of an array that `make` can read.
    func list<Value>(_ make: (JSONElement) -> Value?) -> [Value]? {
        elements?.compactMap(make)
    }

    /// The members of a map whose keys are data, as far as `make` can read them.
    func map<Value>(_ make: (JSONElement) -> Value?) -> [String: Value]? {
        guard let object else { return nil }
        var values: [String: Value] = [:]
        for (key, element) in object { values[key.text] = make(element) }
        return values
    }

    /// The value as it is, down to a bounded depth.
    func value(depth: Int = JSONValue.maxDepth) -> JSONValue {
        switch tag {
        case UInt8(ascii: "\""): return unsafe .text(String(decoding: utf8, as: UTF8.self))
        case UInt8(ascii: "t"): return .bool(true)
        case UInt8(ascii: "f"): return .bool(false)
        case UInt8(ascii: "l"): return .integer(Int64(bitPattern: number))
        case UInt8(ascii: "{") where depth > 0: return .object(map { $0.value(depth: depth - 1) } ?? [:])
        case UInt8(ascii: "[") where depth > 0: return .array(list { $0.value(depth: depth - 1) } ?? [])
        default: return double.map(JSONValue.number) ?? .null
        }
    }
}

/// The members of an object, in their order.
struct JSONObject: Sequence, IteratorProtocol {
    private let element: JSONElement
    private var index: Int
    private let end: Int

    fileprivate init(element: JSONElement) {
        self.element = element
        index = element.index + 1
        end = element.next - 1
    }

    mutating func next() -> (JSONKey, JSONElement)? {
        guard index < end else { return nil }
        let value = element.at(index + 1)
        defer { index = value.next }
        return (JSONKey(element: element.at(index)), value)
    }

    /// The object as it is.
    var value: JSONValue {
        element.value()
    }

    /// One member; of repeated keys the last one.
    subscript(name: StaticString) -> JSONElement? {
        var found: JSONElement?
        for (key, value) in self where name ~= key { found = value }
        return found
    }
}

/// The elements of an array, in their order.
struct JSONElements: Sequence, IteratorProtocol {
    private let array: JSONElement
    private var index: Int

    fileprivate init(array: JSONElement) {
        self.array = array
        index = array.index + 1
    }

    mutating func next() -> JSONElement? {
        guard index < array.next - 1 else { return nil }
        let value = array.at(index)
        index = value.next
        return value
    }
}

/// The name of a member, compared without making a `String`.
@safe
struct JSONKey {
    private let bytes: UnsafeBufferPointer<UInt8>

    fileprivate init(element: JSONElement) {
        unsafe bytes = element.utf8
    }

    var text: String {
        unsafe String(decoding: bytes, as: UTF8.self)
    }

    @inline(__always)
    static func ~= (name: StaticString, key: JSONKey) -> Bool {
        guard unsafe key.bytes.count == name.utf8CodeUnitCount else { return false }
        return unsafe sj_equal(key.bytes.baseAddress, name.utf8Start, name.utf8CodeUnitCount) != 0
    }
}

extension JSONTape {
    /// The top level.
    var root: JSONElement {
        unsafe JSONElement(tape: tape, doubt: doubt, index: 1)
    }

    /// Whether an integer was asked for that only the strict tape can give, since the last call.
    func takeDoubt() -> Bool {
        defer { unsafe doubt.pointee = false }
        return unsafe doubt.pointee
    }
}
