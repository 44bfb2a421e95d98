/// The texts of one event behind each other in a single array.
struct TextArena: Sendable, Equatable {
    /// What an event keeps as text.
    enum Name: Int, CaseIterable {
        case customerID, customerSourceID, customerName, customerEmail
        case voucherID, voucherCode, campaignID, campaignName
        case earningRuleID, earningRuleType, calculationType
        case relatedObjectID, orderID, triggerID, triggerType, triggerCreatedAt
        case publicationID, publicationChannel
        case envelopeID, envelopeEventID, cloudEventSource, cloudEventID
    }

    static let count = 22

    private(set) var bytes: [UInt8]
    private var ends: [22 of UInt32]
    private var present: UInt32

    /// `ends` holds for each name, in the order of `Name`, where its text ends; bit n of `present` says that text n is
    /// there, so that an empty text and no text differ.
    init(bytes: [UInt8], ends: [22 of UInt32], present: UInt32) {
        self.bytes = bytes
        self.ends = ends
        self.present = present
    }

    /// The UTF-8 of a text, or nil when the event has none.
    subscript(_ name: Name) -> ArraySlice<UInt8>? {
        guard present >> UInt32(name.rawValue) & 1 == 1 else { return nil }
        let start = name.rawValue == 0 ? 0 : Int(ends[name.rawValue - 1])
        return bytes[start..<Int(ends[name.rawValue])]
    }

    func string(_ name: Name) -> String? {
        self[name].map { String(decoding: $0, as: UTF8.self) }
    }

    /// The arena with one more text, which must come after all those that it has.
    func adding(_ text: String?, as name: Name) -> TextArena {
        guard let text, present >> UInt32(name.rawValue) == 0 else { return self }
        var arena = self
        arena.bytes.append(contentsOf: text.utf8)
        arena.present |= 1 << UInt32(name.rawValue)
        for index in name.rawValue..<Self.count { arena.ends[index] = UInt32(truncatingIfNeeded: arena.bytes.count) }
        return arena
    }

    static func == (one: TextArena, other: TextArena) -> Bool {
        guard one.present == other.present, one.bytes == other.bytes else { return false }
        return Name.allCases.allSatisfy { one[$0] == other[$0] }
    }
}
