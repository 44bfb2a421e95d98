internal import Csimdjson

/// One JSON text at a time, in buffers that are reused: the core's facts straight from the text, simdjson's tape, or the
/// strict parser's tape of the same format. This file and `JSONObject.swift` are the only ones that touch memory by
/// address.
@safe
final class JSONDocument {
    private let parser: OpaquePointer?
    private let slots: UnsafeMutablePointer<sj_slot>
    private let doubt: UnsafeMutablePointer<Bool>
    private var strict = StrictParser()
    private var padded: [UInt8] = []

    /// Bytes that simdjson may read behind a text of which it makes a tape.
    private static let padding = 64

    init() {
        unsafe parser = sj_parser_create()
        unsafe slots = .allocate(capacity: Int(SJ_SLOT_COUNT))
        unsafe slots.initialize(repeating: sj_slot(), count: Int(SJ_SLOT_COUNT))
        unsafe doubt = .allocate(capacity: 1)
        unsafe doubt.initialize(to: false)
    }

    deinit {
        unsafe slots.deallocate()
        unsafe doubt.deallocate()
        if let parser = unsafe parser { unsafe sj_parser_destroy(parser) }
    }

    /// Reads the core's facts where they are and hands them to `body`; nil when the text is not valid or not usual.
    func withFacts<Answer>(of text: RawSpan, _ body: (CoreFacts) -> Answer?) -> Answer? {
        guard let parser = unsafe parser else { return nil }
        return unsafe text.withUnsafeBytes { buffer -> Answer? in
            guard let base = unsafe buffer.baseAddress?.assumingMemoryBound(to: UInt8.self),
                unsafe sj_walk(parser, base, buffer.count, slots) != 0
            else { return nil }
            return body(unsafe CoreFacts(slots: slots))
        }
    }

    /// Copies the text that the tapes are to be made of.
    func hold(_ text: RawSpan) {
        padded.removeAll(keepingCapacity: true)
        unsafe text.withUnsafeBytes { unsafe padded.append(contentsOf: $0) }
        padded.append(contentsOf: repeatElement(0, count: Self.padding))
    }

    /// Parses the held text with simdjson and hands the tape to `body`; nil when simdjson refuses it for whatever reason.
    func withFastTape<Answer>(_ body: (JSONTape) -> Answer?) -> Answer? {
        guard let parser = unsafe parser else { return nil }
        var tape = unsafe sj_tape()
        let failure = unsafe padded.withUnsafeBufferPointer { buffer -> Int32 in
            guard let base = buffer.baseAddress else { return -1 }
            return unsafe sj_parse(parser, base + start, count - start, &tape)
        }
        guard failure == 0 else { return nil }
        return unsafe body(JSONTape(tape: tape, slots: slots, doubt: doubt))
    }

    /// Parses the held text with the strict parser, which says why when it refuses.
    func withStrictTape<Answer>(_ body: (JSONTape) -> Answer?) throws(Rejection) -> Answer? {
        try strict.parse(padded, from: start, to: count)
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

    /// How long the held text is.
    private var count: Int {
        padded.count - Self.padding
    }

    private var start: Int {
        Self.start(padded, count: count)
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
    private let slots: UnsafeMutablePointer<sj_slot>

    fileprivate init(tape: sj_tape, slots: UnsafeMutablePointer<sj_slot>, doubt: UnsafeMutablePointer<Bool>) {
        unsafe self.tape = tape
        unsafe self.slots = slots
        unsafe self.doubt = doubt
    }

    /// What the core needs, if the top level is an object.
    func facts() -> CoreFacts? {
        guard unsafe tape.words[1] >> 56 == UInt64(UInt8(ascii: "{")) else { return nil }
        unsafe sj_read(tape, slots)
        return unsafe CoreFacts(slots: slots)
    }
}

extension Span<UInt8> {
    /// The same bytes without a type; safe for these, since a byte has no padding.
    var raw: RawSpan {
        @_lifetime(copy self)
        get { unsafe bytes }
    }
}

extension [UInt8] {
    init(copying bytes: RawSpan) {
        self = unsafe bytes.withUnsafeBytes { unsafe Array($0) }
    }
}
