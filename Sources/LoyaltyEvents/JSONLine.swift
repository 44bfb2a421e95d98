/// Writes one JSON object on one line, its keys in the order in which they are added.
package struct JSONLine {
    private(set) var text = "{"

    mutating func add(_ key: String, _ value: String?) {
        add(key, raw: value.map(Self.quoted) ?? "null")
    }

    mutating func add(_ key: String, _ value: Int64?) {
        add(key, raw: value.map(String.init) ?? "null")
    }

    mutating func add(_ key: String, _ value: Bool) {
        add(key, raw: value ? "true" : "false")
    }

    mutating func add(_ key: String, _ values: [String?]?) {
        let list = values.map { "[" + $0.map { $0.map(Self.quoted) ?? "null" }.joined(separator: ",") + "]" }
        add(key, raw: list ?? "null")
    }

    func finished() -> String {
        text + "}"
    }

    private mutating func add(_ key: String, raw: String) {
        if text.utf8.count > 1 { text += "," }
        text += Self.quoted(key) + ":" + raw
    }

    /// A JSON string, safe on a terminal and in a line-based reader.
    package static func quoted(_ value: String) -> String {
        var text = "\""
        for scalar in value.unicodeScalars {
            switch scalar {
            case "\"": text += "\\\""
            case "\\": text += "\\\\"
            case "\n": text += "\\n"
            case "\r": text += "\\r"
            case "\t": text += "\\t"
            // Line ends for some readers, and control characters that a terminal would obey.
            case "\u{0}"..<"\u{20}", "\u{7F}"..."\u{9F}", "\u{2028}", "\u{2029}":
                let digits = String(scalar.value, radix: 16)
                text += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
            default: text.unicodeScalars.append(scalar)
            }
        }
        return text + "\""
    }
}
