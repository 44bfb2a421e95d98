internal import Csimdjson

/// What one member of the core holds. Null and absent are the same everywhere.
enum Fact: Equatable {
    case absent
    case text(count: Int)
    case integer(Int64)
    /// A number that only its text can decide, and that text is not at hand.
    case inexact
    /// A number kept as its text.
    case digits
    case object
    /// A boolean or an array, which the core never wants.
    case other
}

/// The members that the core wants of one object: the event, or what carries it. Valid only inside the closure that
/// received them.
@safe
struct CoreFacts {
    private let slots: UnsafeMutablePointer<sj_slot>

    init(slots: UnsafeMutablePointer<sj_slot>) {
        unsafe self.slots = slots
    }

    /// The same of the object under `data`, which must be one, and at most SJ_LEVELS - 1 levels below the top.
    var ofData: CoreFacts {
        unsafe CoreFacts(slots: slots + Int(SJ_MEMBER_COUNT.rawValue))
    }

    subscript(_ member: sj_member) -> Fact {
        let slot = unsafe slots + Int(member.rawValue)
        switch unsafe sj_kind(slot.pointee.kind) {
        case SJ_ABSENT, SJ_NULL: return .absent
        case SJ_INTEGER: return unsafe .integer(slot.pointee.number)
        case SJ_INEXACT: return .inexact
        case SJ_DIGITS: return .digits
        case SJ_STRING: return unsafe .text(count: Int(slot.pointee.length))
        case SJ_OBJECT: return .object
        default: return .other
        }
    }

    /// Whether the member is a text of any length.
    func isText(_ member: sj_member) -> Bool {
        unsafe slots[Int(member.rawValue)].kind == SJ_STRING.rawValue
    }

    func isText(_ member: sj_member, _ expected: StaticString) -> Bool {
        guard case .text(expected.utf8CodeUnitCount) = self[member] else { return false }
        return unsafe sj_equal(slots[Int(member.rawValue)].text, expected.utf8Start, expected.utf8CodeUnitCount) != 0
    }

    /// Where an object is in the text; nil if only its place on a tape is known.
    func place(_ member: sj_member) -> Range<Int>? {
        let slot = unsafe slots[Int(member.rawValue)]
        guard unsafe slot.kind == SJ_OBJECT.rawValue, unsafe slot.length > 0 else { return nil }
        let start = unsafe Int(truncatingIfNeeded: slot.number)
        return unsafe start..<start + Int(slot.length)
    }

    /// The text of a member, or nil if it is no text.
    func string(_ member: sj_member) -> String? {
        isText(member) ? unsafe String(decoding: buffer(member), as: UTF8.self) : nil
    }

    /// Decides a number that was kept as its text.
    func exactInteger(_ member: sj_member) -> ExactInteger {
        unsafe ExactInteger(buffer(member))
    }

    /// Puts a member of these or other facts in the place of `member`.
    func set(_ member: sj_member, to other: sj_member, of facts: CoreFacts) {
        unsafe slots[Int(member.rawValue)] = facts.slots[Int(other.rawValue)]
    }

    /// Copies the texts of an event into one array; what is no text is left out.
    func texts() -> TextArena {
        let total = unsafe TextArena.tableCount + sj_texts_length(slots, TextArena.count)
        return TextArena(
            bytes: unsafe [UInt8](unsafeUninitializedCapacity: total) { target, count in
                guard let base = target.baseAddress else { return }
                unsafe sj_write_texts(slots, TextArena.count, base)
                count = total
            }
        )
    }

    private func buffer(_ member: sj_member) -> UnsafeBufferPointer<UInt8> {
        let slot = unsafe slots[Int(member.rawValue)]
        return unsafe UnsafeBufferPointer(start: slot.text, count: Int(slot.length))
    }
}
