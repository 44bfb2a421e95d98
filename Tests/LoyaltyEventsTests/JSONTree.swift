import Foundation

/// A JSON text taken apart, so that it can be written again in another way.
indirect enum JSONTree: Decodable {
    case scalar(String)
    case text(String)
    case array([JSONTree])
    case object([(String, JSONTree)])

    init?(_ bytes: [UInt8]) {
        guard let tree = try? JSONDecoder().decode(JSONTree.self, from: Data(bytes)) else { return nil }
        self = tree
    }

    init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        if let text = try? container.decode(String.self) {
            self = .text(text)
        } else if let bool = try? container.decode(Bool.self) {
            self = .scalar(String(bool))
        } else if let integer = try? container.decode(Int64.self) {
            self = .scalar(String(integer))
        } else if let number = try? container.decode(Double.self) {
            self = .scalar(String(number))
        } else if let elements = try? container.decode([JSONTree].self) {
            self = .array(elements)
        } else if let members = try? container.decode([String: JSONTree].self) {
            self = .object(members.sorted { $0.key < $1.key }.map { ($0.key, $0.value) })
        } else {
            self = .scalar("null")
        }
    }

    /// The same value: keys in another order, blanks anywhere, numbers and characters spelled otherwise.
    func respelled(using random: inout SeededGenerator) -> [UInt8] {
        var text = ""
        write(to: &text, using: &random, respelling: true)
        return Array(text.utf8)
    }

    /// The same value with keys in another order, everything else spelled plainly.
    func shuffled(using random: inout SeededGenerator) -> JSONTree {
        switch self {
        case .scalar, .text: self
        case .array(let elements): .array(elements.map { $0.shuffled(using: &random) })
        case .object(let members):
            .object(members.shuffled(using: &random).map { ($0.0, $0.1.shuffled(using: &random)) })
        }
    }

    func plain() -> [UInt8] {
        var text = ""
        var unused = SeededGenerator(seed: 0)
        write(to: &text, using: &unused, respelling: false)
        return Array(text.utf8)
    }

    /// The value with a few members replaced by something else.
    func mutated(using random: inout SeededGenerator) -> [UInt8] {
        var text = ""
        var tree = self
        for _ in 0..<Int.random(in: 1...6, using: &random) { tree = tree.withOneChange(using: &random) }
        tree.write(to: &text, using: &random, respelling: Bool.random(using: &random))
        return Array(text.utf8)
    }

    private func withOneChange(using random: inout SeededGenerator) -> JSONTree {
        let others = [
            "null", "true", "7", "900.0", "9e2", "1.5", "1e999", "9223372036854775808",
            "123456789012345678901234567890", "-0.0",
            "1e-999", "\"\"", "\"x\"", "\"\\ud800\"", "[]", "{}", "[1,\"a\",null]", "{\"id\":3}", "{\"id\":\"z\"}",
            "9007199254740993.0",
        ]
        switch self {
        case .object(var members) where !members.isEmpty && Int.random(in: 0..<5, using: &random) > 0:
            let at = Int.random(in: 0..<members.count, using: &random)
            if Int.random(in: 0..<8, using: &random) == 0 {
                members.append((members[at].0, .scalar(others.randomElement(using: &random) ?? "0")))
            } else {
                members[at].1 = members[at].1.withOneChange(using: &random)
            }
            return .object(members)
        case .array(var elements) where !elements.isEmpty && Int.random(in: 0..<5, using: &random) > 0:
            let at = Int.random(in: 0..<elements.count, using: &random)
            elements[at] = elements[at].withOneChange(using: &random)
            return .array(elements)
        default:
            return .scalar(others.randomElement(using: &random) ?? "0")
        }
    }

    private func write(to text: inout String, using random: inout SeededGenerator, respelling: Bool) {
        func blank() {
            guard respelling, Int.random(in: 0..<3, using: &random) == 0 else { return }
            text += [" ", "\n", "\t", "\r\n", "  "].randomElement(using: &random) ?? ""
        }
        blank()
        switch self {
        case .scalar(let scalar):
            text += respelling ? Self.respelled(number: scalar, using: &random) : scalar
        case .text(let string):
            Self.write(string, to: &text, using: &random, respelling: respelling)
        case .array(let elements):
            text += "["
            for (index, element) in elements.enumerated() {
                if index > 0 { text += "," }
                element.write(to: &text, using: &random, respelling: respelling)
            }
            text += "]"
        case .object(let members):
            text += "{"
            for (index, member) in (respelling ? members.shuffled(using: &random) : members).enumerated() {
                if index > 0 { text += "," }
                blank()
                Self.write(member.0, to: &text, using: &random, respelling: respelling)
                blank()
                text += ":"
                member.1.write(to: &text, using: &random, respelling: respelling)
            }
            text += "}"
        }
        blank()
    }

    private static func respelled(number: String, using random: inout SeededGenerator) -> String {
        guard let integer = Int64(number) else { return number }
        switch Int.random(in: 0..<6, using: &random) {
        case 0: return number + ".0"
        case 1: return number + "e0"
        case 2: return number + ".000E+00"
        case 3 where integer != 0 && integer % 100 == 0: return "\(integer / 100)e2"
        case 4 where integer != 0: return number + "00e-2"
        default: return number
        }
    }

    private static func write(
        _ string: String,
        to text: inout String,
        using random: inout SeededGenerator,
        respelling: Bool
    ) {
        text += "\""
        for scalar in string.unicodeScalars {
            let mustEscape = scalar.value < 0x20 || scalar == "\"" || scalar == "\\"
            if mustEscape || (respelling && Int.random(in: 0..<20, using: &random) == 0) {
                for unit in String(Character(scalar)).utf16 {
                    let digits = String(unit, radix: 16)
                    text += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
                }
            } else {
                text.unicodeScalars.append(scalar)
            }
        }
        text += "\""
    }
}
