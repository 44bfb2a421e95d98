internal import Kafka
internal import LoyaltyEvents

/// The W3C trace context of a call.
enum TraceParent {
    /// What the record brought, if it is well formed.
    static func received(in record: Record) -> String? {
        guard let value = record.headers.last(where: { $0.name.lowercased() == "traceparent" })?.value else {
            return nil
        }
        return isValid(value) ? String(decoding: value, as: UTF8.self) : nil
    }

    /// A new trace for an effect: its id is the effect's key, so that all attempts are found together.
    static func new(for key: EffectKey) -> String {
        let span = String(UInt64.random(in: 1 ... .max), radix: 16)
        return "00-\(key)-\(String(repeating: "0", count: 16 - span.count))\(span)-01"
    }

    /// Version 00: `00-<32 hex>-<16 hex>-<2 hex>`, ids not all zero.
    private static func isValid(_ text: [UInt8]) -> Bool {
        let parts = text.split(separator: UInt8(ascii: "-"), omittingEmptySubsequences: false)
        guard parts.map(\.count) == [2, 32, 16, 2], parts[0].elementsEqual("00".utf8) else { return false }
        let isHex = parts.allSatisfy { part in
            part.allSatisfy { (0x30...0x39).contains($0) || (0x61...0x66).contains($0) }
        }
        return isHex && parts[1].contains { $0 != 0x30 } && parts[2].contains { $0 != 0x30 }
    }
}
