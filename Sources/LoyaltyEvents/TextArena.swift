/// The texts of one event in a single array, so that an event is small to pass on.
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
    /// The table in front of the texts: 32-bit words, little-endian. Bit n of the first says that text n is there, so
    /// that an empty text and no text differ; then, in the order of `Name`, how far behind the table each text ends.
    static let tableCount = 4 * (1 + count)

    private var bytes: [UInt8]

    /// `bytes` are the table and the texts.
    init(bytes: [UInt8]) {
        self.bytes = bytes
    }

    /// The UTF-8 of a text, or nil when the event has none.
    subscript(_ name: Name) -> ArraySlice<UInt8>? {
        guard word(0) >> UInt32(name.rawValue) & 1 == 1 else { return nil }
        let start = name.rawValue == 0 ? 0 : Int(word(name.rawValue))
        return bytes[Self.tableCount + start..<Self.tableCount + Int(word(1 + name.rawValue))]
    }

    func string(_ name: Name) -> String? {
        self[name].map { String(decoding: $0, as: UTF8.self) }
    }

    /// The arena with one more text, which must come after all those that it has.
    func adding(_ text: String?, as name: Name) -> TextArena {
        guard let text, word(0) >> UInt32(name.rawValue) == 0 else { return self }
        var arena = self
        arena.bytes.append(contentsOf: text.utf8)
        arena.set(0, to: word(0) | 1 << UInt32(name.rawValue))
        let end = UInt32(truncatingIfNeeded: arena.bytes.count - Self.tableCount)
        for index in name.rawValue..<Self.count { arena.set(1 + index, to: end) }
        return arena
    }

    private func word(_ index: Int) -> UInt32 {
        let start = 4 * index
        return UInt32(bytes[start]) | UInt32(bytes[start + 1]) << 8 | UInt32(bytes[start + 2]) << 16
            | UInt32(bytes[start + 3]) << 24
    }

    private mutating func set(_ index: Int, to word: UInt32) {
        for byte in 0..<4 { bytes[4 * index + byte] = UInt8(truncatingIfNeeded: word >> UInt32(8 * byte)) }
    }
}
