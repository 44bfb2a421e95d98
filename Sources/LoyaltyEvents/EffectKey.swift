/// Identifies one stage's consequence for one accrual: the first 128 bits of a SHA-256. What is done once under a key
/// must not be done again.
package struct EffectKey: Hashable, Sendable, CustomStringConvertible {
    private let high: UInt64
    private let low: UInt64

    init(_ digest: [UInt8]) {
        high = digest.prefix(8).reduce(0) { $0 << 8 | UInt64($1) }
        low = digest.dropFirst(8).prefix(8).reduce(0) { $0 << 8 | UInt64($1) }
    }

    /// Reads a key from its description: 32 lower-case hexadecimal digits.
    package init?(_ text: String) {
        let digits = Array(text.utf8)
        guard digits.count == 32,
            let high = UInt64(text.prefix(16), radix: 16),
            let low = UInt64(text.dropFirst(16), radix: 16)
        else { return nil }
        self.high = high
        self.low = low
        guard description == text else { return nil }
    }

    /// 32 lower-case hexadecimal digits.
    package var description: String {
        Self.hex(high) + Self.hex(low)
    }

    /// The id of a webhook that delivers this effect: the same over retries, restarts and replays.
    package var webhookID: String {
        "msg_" + description
    }

    private static func hex(_ number: UInt64) -> String {
        let digits = String(number, radix: 16)
        return String(repeating: "0", count: 16 - digits.count) + digits
    }
}
