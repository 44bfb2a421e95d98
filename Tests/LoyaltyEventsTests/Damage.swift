/// Damage to a JSON text that often leaves it valid, and often just not.
enum Damage {
    /// Pieces that meet the grammar's corners.
    private static let pieces: [[UInt8]] =
        [
            "9e2", "900.0", "1e999", "-", "0", "00", ".", "e", "123456789012345678901234567890", "18446744073709551615",
            "\\ud800",
            "\\udc00", "\\ud83d\\ude00", "\\u0000", "\\", "\"", "{", "}", "[", "]", ":", ",", "null", "true",
            "\u{FEFF}", "é", "😀",
            " ", "\n", "\u{0}", "\u{1}", "{\"data\":{}}", "\"type\":\"x\",", "\"id\":null,", "\"id\":7,",
            "\"points\":1.5,", "[[[[",
        ].map { Array($0.utf8) } + [[0xFF], [0xC3], [0xED, 0xA0, 0x80]]

    /// The value after one to three changes.
    static func done(to sample: [UInt8], using random: inout SeededGenerator) -> [UInt8] {
        var value = sample
        for _ in 0..<Int.random(in: 1...3, using: &random) {
            guard !value.isEmpty else { break }
            let at = Int.random(in: 0..<value.count, using: &random)
            switch Int.random(in: 0..<7, using: &random) {
            case 0: value[at] ^= 1 << UInt8.random(in: 0..<8, using: &random)
            case 1: value[at] = UInt8.random(in: 0...255, using: &random)
            case 2: value.removeSubrange(at...)
            case 3: value.remove(at: at)
            case 4: value.insert(value[at], at: at)
            case 5: value.replaceSubrange(at...at, with: pieces.randomElement(using: &random) ?? [])
            default: value.insert(contentsOf: pieces.randomElement(using: &random) ?? [], at: at)
            }
        }
        return value
    }
}
