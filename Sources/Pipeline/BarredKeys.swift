/// What a record that a redrive has brought back says of itself.
package struct Redriven: Sendable, Equatable {
    /// Where the record stood first, however often it was redriven.
    package let original: Int64
    /// Where the latest dead letter of the key stood that the redrive knew of when it was planned.
    package let known: Int64
    /// It was given up for good: it only takes its turn in the order of its key, and no stage runs.
    package let isDiscarded: Bool

    package init(original: Int64, known: Int64, isDiscarded: Bool = false) {
        self.original = original
        self.known = known
        self.isDiscarded = isDiscarded
    }
}

/// The keys of one partition that have dead letters which nobody has redriven: later records of such a key are parked, so that
/// none takes effect before the one that died.
///
/// A redrive brings all that waits of a key back in the order of original offsets, so its records may pass one after the
/// other; but when one of them dies again, those behind it were sent without knowing and are parked again. The bar is
/// lifted when the last that was parked has passed.
package struct BarredKeys: Sendable, Equatable {
    private struct Bar: Sendable, Equatable {
        /// Where the redriven record stood that died or was parked last; -1: none.
        var again: Int64
        /// The greatest original offset among the dead and parked.
        var last: Int64
        /// In the order of their coming.
        let number: UInt64
    }

    /// Keys that one partition remembers. So many fit into the metadata of a commit and leave room for an offset map, however far
    /// their offsets are from the frontier.
    package static let limit = 128
    /// Keys are known by so many bits of their hash. Two that share them are barred together, which costs the innocent one a
    /// redrive, once in a thousand million.
    private static let mask: UInt64 = (1 << 40) - 1

    /// The greatest distance that is written, in 62 bits: nine bytes.
    private static let farthest: UInt64 = (1 << 62) - 1

    private var bars: [UInt64: Bar] = [:]
    private var nextNumber: UInt64 = 0

    package init() {}

    package var isEmpty: Bool { bars.isEmpty }

    package var count: Int { bars.count }

    /// Whether a record of the key has to be parked.
    package func bars(_ key: UInt64, _ redriven: Redriven?) -> Bool {
        guard !bars.isEmpty, let bar = bars[key & Self.mask] else { return false }
        guard let redriven else { return true }
        return redriven.known < bar.again
    }

    /// A record at `offset` died at a stage. Returns true when the oldest bar had to be given up to make room.
    package mutating func died(_ key: UInt64, at offset: Int64, _ redriven: Redriven?) -> Bool {
        let known = key & Self.mask
        if bars[known] == nil {
            bars[known] = Bar(again: -1, last: redriven?.original ?? offset, number: nextNumber)
            nextNumber += 1
        }
        parked(key, at: offset, redriven)
        guard bars.count > Self.limit, let oldest = bars.min(by: { $0.value.number < $1.value.number })?.key else {
            return false
        }
        bars[oldest] = nil
        return true
    }

    /// A record at `offset` was parked.
    package mutating func parked(_ key: UInt64, at offset: Int64, _ redriven: Redriven?) {
        let key = key & Self.mask
        guard let bar = bars[key] else { return }
        bars[key]?.last = max(bar.last, redriven?.original ?? offset)
        if redriven != nil { bars[key]?.again = offset }
    }

    /// A redriven record was finished and is not dead again.
    package mutating func passed(_ key: UInt64, _ redriven: Redriven) {
        let key = key & Self.mask
        guard let bar = bars[key], redriven.original >= bar.last else { return }
        bars[key] = nil
    }

    /// Five bytes of hash, then the two offsets, as distances from `frontier`; the oldest bar first.
    func bytes(frontier: Int64) -> [UInt8] {
        var bytes: [UInt8] = []
        for (key, bar) in bars.sorted(by: { $0.value.number < $1.value.number }) {
            for shift in stride(from: 0, to: 40, by: 8) {
                bytes.append(UInt8(truncatingIfNeeded: key >> UInt64(shift)))
            }
            Varint.append(Self.distance(frontier, bar.again), to: &bytes)
            Varint.append(Self.distance(frontier, bar.last), to: &bytes)
        }
        return bytes
    }

    /// Reads what `bytes` gave; nil when it is nothing of that kind.
    init?(bytes: [UInt8], frontier: Int64) {
        var rest = bytes[...]
        while !rest.isEmpty {
            guard rest.count > 5 else { return nil }
            var key: UInt64 = 0
            for shift in stride(from: 0, to: 40, by: 8) { key |= UInt64(rest.removeFirst()) << UInt64(shift) }
            guard let again = Varint.take(from: &rest), let last = Varint.take(from: &rest),
                max(again, last) <= Self.farthest, bars[key] == nil, bars.count < Self.limit
            else { return nil }
            bars[key] = Bar(
                again: Self.offset(frontier, again),
                last: Self.offset(frontier, last),
                number: nextNumber
            )
            nextNumber += 1
        }
    }

    /// Zigzag: small whatever the sign. An original offset may lie on either side of the frontier.
    private static func distance(_ frontier: Int64, _ offset: Int64) -> UInt64 {
        let difference = frontier &- offset
        return UInt64(bitPattern: (difference << 1) ^ (difference >> 63)) & farthest
    }

    private static func offset(_ frontier: Int64, _ distance: UInt64) -> Int64 {
        frontier &- (Int64(bitPattern: distance >> 1) ^ -Int64(bitPattern: distance & 1))
    }
}

/// LEB128, seven bits a byte, the lowest first.
enum Varint {
    static func append(_ value: UInt64, to bytes: inout [UInt8]) {
        var value = value
        while value >= 0x80 {
            bytes.append(UInt8(truncatingIfNeeded: value) | 0x80)
            value >>= 7
        }
        bytes.append(UInt8(truncatingIfNeeded: value))
    }

    /// At most 63 bits; nil when the bytes end before the number does.
    static func take(from bytes: inout ArraySlice<UInt8>) -> UInt64? {
        var value: UInt64 = 0
        var shift: UInt64 = 0
        while shift < 63, let byte = bytes.popFirst() {
            value |= UInt64(byte & 0x7f) << shift
            if byte & 0x80 == 0 { return value }
            shift += 7
        }
        return nil
    }
}
