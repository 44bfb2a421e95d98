/// The names that mean something, made once from the table of settings.
enum KnownKeys {
    static let settings = Dictionary(uniqueKeysWithValues: Setting.all.map { ($0.key, $0) })
    /// Keys of settings, and of files that hold secrets.
    static let all: [String] = Setting.all.flatMap { [$0.key] + ($0.fileKey.map { [$0] } ?? []) }
    /// Key by option: `--kafka-topic` gives `kafka.topic`.
    static let options = Dictionary(uniqueKeysWithValues: all.map { (Setting.option($0), $0) })
    static let variables = Set(all.map(Setting.variable))
    static let secretVariables = Set(Setting.all.filter(\.isSecret).map(\.variable))
}

/// Finds what was probably meant.
enum Spelling {
    /// `; did you mean X?`, or nothing when no known word is near.
    static func suggestion(for word: String, among known: some Sequence<String>) -> String {
        let distances = known.map { (distance(word.lowercased(), $0.lowercased()), $0) }
        guard let nearest = distances.min(by: { ($0.0, $0.1) < ($1.0, $1.1) }),
            nearest.0 <= max(2, word.count / 3)
        else { return "" }
        return "; did you mean \(nearest.1)?"
    }

    /// Levenshtein's distance.
    static func distance(_ left: String, _ right: String) -> Int {
        let right = Array(right)
        var row = Array(0...right.count)
        for (i, character) in left.enumerated() {
            var diagonal = row[0]
            row[0] = i + 1
            for j in right.indices {
                let replaced = diagonal + (character == right[j] ? 0 : 1)
                diagonal = row[j + 1]
                row[j + 1] = min(replaced, diagonal + 1, row[j] + 1)
            }
        }
        return row.last ?? left.count
    }
}

extension String {
    /// The text on one line, without control characters, cut when it is long.
    func oneLine(upTo limit: Int = 500) -> String {
        let flat = String(
            String.UnicodeScalarView(
                unicodeScalars.map { scalar in
                    scalar.value < 0x20 || (0x7f...0x9f).contains(scalar.value) ? " " : scalar
                }
            )
        )
        return flat.count > limit ? flat.prefix(limit) + "…" : flat
    }
}
