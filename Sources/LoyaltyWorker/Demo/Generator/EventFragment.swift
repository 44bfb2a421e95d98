/// The places of an event's text that differ from event to event.
enum EventField: Int, CaseIterable, Sendable {
    case customerID, customerName, customerEmail, customerSource, region
    case voucherID, voucherCode, pointsBefore, balanceBefore, joinedAt, campaignID, campaignName
    case points, balance, total, visits, lifetimeValue
    case orderID, orderedAt, paidAt, status, amount, discount, payable, currency, redemptionID
    case productID, productSource, productName, quantity, price, itemAmount, itemSubtotal
    case triggerID, triggerGroup
    case sendingID, sentAt, sendingEventID, sendingGroup, label, eventType
    case publicationID, publishedAt, discountVoucherID, discountCode

    /// The fields by the names that fragments give them.
    static let named = Dictionary(uniqueKeysWithValues: allCases.map { (String(describing: $0), $0) })
}

/// A part of an event's text, cut at its fields once, so that an event is made by copying bytes.
struct EventFragment: Sendable {
    fileprivate struct Piece: Sendable {
        let literal: [UInt8]
        /// The index of the field behind the literal; nil at the end of the fragment.
        let field: Int?
    }

    fileprivate let pieces: [Piece]

    /// - Parameter text: JSON in which `<name>` stands for the value of the field of that name, whose line breaks and indentation
    ///   are left out.
    init(_ text: String) {
        let minified = text.split(separator: "\n").map { $0.drop { $0 == " " } }.joined()
        var pieces: [Piece] = []
        var literal: [UInt8] = []
        var rest = minified[...]
        while let open = rest.firstIndex(of: "<"), let close = rest[open...].firstIndex(of: ">") {
            literal += rest[..<open].utf8
            let name = String(rest[rest.index(after: open)..<close])
            if let field = EventField.named[name] {
                pieces.append(Piece(literal: literal, field: field.rawValue))
                literal = []
            } else {
                literal += rest[open...close].utf8
            }
            rest = rest[rest.index(after: close)...]
        }
        literal += rest.utf8
        pieces.append(Piece(literal: literal, field: nil))
        self.pieces = pieces
    }
}

/// The bytes of the event being written, and the values of its fields.
struct EventCanvas: Sendable {
    private(set) var bytes: [UInt8] = []
    private var values: [UInt8] = []
    private var places = Array(repeating: 0..<0, count: EventField.allCases.count)

    init() {
        bytes.reserveCapacity(8192)
        values.reserveCapacity(2048)
    }

    /// Starts the next event.
    mutating func clear() {
        bytes.removeAll(keepingCapacity: true)
        values.removeAll(keepingCapacity: true)
    }

    mutating func set(_ field: EventField, _ write: (inout [UInt8]) -> Void) {
        let start = values.count
        write(&values)
        places[field.rawValue] = start..<values.count
    }

    mutating func set(_ field: EventField, _ number: Int64) {
        set(field) { Self.append(number, to: &$0) }
    }

    mutating func set(_ field: EventField, _ text: [UInt8]) {
        set(field) { $0.append(contentsOf: text) }
    }

    mutating func set(_ field: EventField, _ identifier: Identifier, of seed: UInt64) {
        set(field) { identifier.append(of: seed, to: &$0) }
    }

    mutating func append(_ fragment: EventFragment) {
        for piece in fragment.pieces {
            bytes.append(contentsOf: piece.literal)
            if let field = piece.field {
                bytes.append(contentsOf: values[places[field]])
            }
        }
    }

    private static func append(_ number: Int64, to bytes: inout [UInt8]) {
        if number < 0 { bytes.append(UInt8(ascii: "-")) }
        var rest = number.magnitude
        let start = bytes.count
        repeat {
            bytes.append(UInt8(truncatingIfNeeded: rest % 10) + UInt8(ascii: "0"))
            rest /= 10
        } while rest > 0
        bytes[start...].reverse()
    }
}
