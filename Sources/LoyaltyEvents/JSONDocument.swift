internal import Csimdjson

/// One parsed JSON text at a time, in buffers that are reused: simdjson's tape, or the strict parser's tape of the same
/// format. This file and `JSONObject.swift` are the only ones that touch memory by address.
@safe
final class JSONDocument {
    private let parser: OpaquePointer?
    private let slots: UnsafeMutablePointer<sj_slot>
    private let doubt: UnsafeMutablePointer<Bool>
    private var strict = StrictParser()
    private var padded: [UInt8] = []

    /// Zero bytes that simdjson may read behind a value.
    static let padding = 64

    init() {
        unsafe parser = sj_parser_create()
        unsafe slots = .allocate(capacity: Int(SJ_MEMBER_COUNT.rawValue))
        unsafe slots.initialize(repeating: sj_slot(), count: Int(SJ_MEMBER_COUNT.rawValue))
        unsafe doubt = .allocate(capacity: 1)
        unsafe doubt.initialize(to: false)
    }

    deinit {
        unsafe slots.deallocate()
        unsafe doubt.deallocate()
        if let parser = unsafe parser { unsafe sj_parser_destroy(parser) }
    }

    /// Parses with simdjson and hands the tape to `body`; nil when simdjson refuses the text for whatever reason.
    func withFastTape<Answer>(_ bytes: [UInt8], count: Int, _ body: (JSONTape) -> Answer?) -> Answer? {
        guard let parser = unsafe parser else { return nil }
        if bytes.count - count < Self.padding {
            padded.removeAll(keepingCapacity: true)
            padded.append(contentsOf: bytes[..<count])
            padded.append(contentsOf: repeatElement(0, count: Self.padding))
            return unsafe parse(padded, count, parser).flatMap { body($0) }
        }
        return unsafe parse(bytes, count, parser).flatMap { body($0) }
    }

    private func parse(_ bytes: [UInt8], _ count: Int, _ parser: OpaquePointer) -> JSONTape? {
        let start = Self.start(bytes, count: count)
        var tape = unsafe sj_tape()
        let failure = unsafe bytes.withUnsafeBufferPointer { buffer -> Int32 in
            guard let base = buffer.baseAddress else { return -1 }
            return unsafe sj_parse(parser, base + start, count - start, &tape)
        }
        guard failure == 0 else { return nil }
        return unsafe JSONTape(tape: tape, slots: slots, doubt: doubt)
    }

    /// Parses with the strict parser, which says why when it refuses.
    func withStrictTape<Answer>(
        _ bytes: [UInt8],
        count: Int,
        _ body: (JSONTape) -> Answer?
    ) throws(Rejection) -> Answer? {
        try strict.parse(bytes, from: Self.start(bytes, count: count), to: count)
        return unsafe strict.words.withUnsafeBufferPointer { words -> Answer? in
            unsafe strict.text.withUnsafeBufferPointer { text -> Answer? in
                // A text without any string has an empty buffer, which nothing on the tape points into.
                guard let words = words.baseAddress else { return nil }
                let nowhere = unsafe UnsafeRawPointer(words).assumingMemoryBound(to: UInt8.self)
                let tape = unsafe sj_tape(words: words, text: text.baseAddress ?? nowhere)
                return unsafe body(JSONTape(tape: tape, slots: slots, doubt: doubt))
            }
        }
    }

    /// Where the text begins: behind a byte-order mark, if there is one.
    static func start(_ bytes: [UInt8], count: Int) -> Int {
        count >= 3 && bytes[0] == 0xEF && bytes[1] == 0xBB && bytes[2] == 0xBF ? 3 : 0
    }
}

/// A parsed text. Valid only inside the closure that received it.
@safe
struct JSONTape {
    let tape: sj_tape
    let doubt: UnsafeMutablePointer<Bool>
    fileprivate let slots: UnsafeMutablePointer<sj_slot>

    fileprivate init(tape: sj_tape, slots: UnsafeMutablePointer<sj_slot>, doubt: UnsafeMutablePointer<Bool>) {
        unsafe self.tape = tape
        unsafe self.slots = slots
        unsafe self.doubt = doubt
    }

    /// The tape index of the top level if it is an object.
    var rootObject: Int64? {
        unsafe tape.words[1] >> 56 == UInt64(UInt8(ascii: "{")) ? 1 : nil
    }

    /// What the core needs, after one walk over the objects that were read.
    var facts: CoreFacts {
        unsafe CoreFacts(slots: slots)
    }

    func clearFacts() {
        unsafe slots.update(repeating: sj_slot(), count: Int(SJ_MEMBER_COUNT.rawValue))
    }

    func readCloudEvent(_ object: Int64) {
        unsafe sj_read_cloud_event(tape, UInt64(object), slots)
    }

    func readEnvelope(_ object: Int64) {
        unsafe sj_read_envelope(tape, UInt64(object), slots)
    }

    func readEvent(_ object: Int64) {
        unsafe sj_read_event(tape, UInt64(object), slots)
    }
}

/// What one member of the core holds. Null and absent are the same everywhere.
enum Fact: Equatable {
    case absent
    case text(count: Int)
    case integer(Int64)
    /// A number that only its text can decide; simdjson's tape has lost that text.
    case inexact
    /// A number kept as its text.
    case digits
    case object(Int64)
    /// A boolean or an array, which the core never wants.
    case other
}

/// The members of the core as the walk found them. Valid as long as their tape.
@safe
struct CoreFacts {
    fileprivate let slots: UnsafeMutablePointer<sj_slot>

    subscript(_ member: sj_member) -> Fact {
        let slot = unsafe slots[Int(member.rawValue)]
        switch unsafe sj_kind(slot.kind) {
        case SJ_ABSENT, SJ_NULL: return .absent
        case SJ_INTEGER: return unsafe .integer(slot.number)
        case SJ_INEXACT: return .inexact
        case SJ_DIGITS: return .digits
        case SJ_STRING: return unsafe .text(count: Int(slot.length))
        case SJ_OBJECT: return unsafe .object(slot.number)
        default: return .other
        }
    }

    /// The text of a member, or nil if it is no text.
    func string(_ member: sj_member) -> String? {
        guard case .text = self[member] else { return nil }
        return unsafe String(decoding: buffer(member), as: UTF8.self)
    }

    func isText(_ member: sj_member, _ expected: StaticString) -> Bool {
        guard case .text(expected.utf8CodeUnitCount) = self[member] else { return false }
        return unsafe buffer(member).elementsEqual(
            UnsafeBufferPointer(start: expected.utf8Start, count: expected.utf8CodeUnitCount)
        )
    }

    /// Decides a number that was kept as its text.
    func exactInteger(_ member: sj_member) -> ExactInteger {
        unsafe ExactInteger(buffer(member))
    }

    /// Forgets a member, as if it were absent.
    func drop(_ member: sj_member) {
        unsafe slots[Int(member.rawValue)].kind = SJ_ABSENT.rawValue
    }

    /// Copies texts into one array, in the order of `members`; what is no text is left out.
    func texts(_ members: [22 of sj_member]) -> TextArena {
        var total = 0
        var present: UInt32 = 0
        var ends = [22 of UInt32](repeating: 0)
        for index in members.indices {
            if case .text(let count) = self[members[index]] {
                total += count
                present |= 1 << UInt32(index)
            }
            ends[index] = UInt32(truncatingIfNeeded: total)
        }
        let bytes = unsafe [UInt8](unsafeUninitializedCapacity: total) { target, count in
            for index in members.indices where present >> UInt32(index) & 1 == 1 {
                let text = unsafe buffer(members[index])
                guard let source = text.baseAddress, let base = target.baseAddress else { continue }
                unsafe (base + count).update(from: source, count: text.count)
                count += text.count
            }
        }
        return TextArena(bytes: bytes, ends: ends, present: present)
    }

    private func buffer(_ member: sj_member) -> UnsafeBufferPointer<UInt8> {
        let slot = unsafe slots[Int(member.rawValue)]
        return unsafe UnsafeBufferPointer(start: slot.text, count: Int(slot.length))
    }
}
