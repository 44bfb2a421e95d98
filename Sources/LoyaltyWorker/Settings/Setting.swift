/// One row of the table of settings: all that reading, checking, `--help` and the documentation need.
struct Setting: Sendable {
    /// As written in files and messages: `kafka.bootstrapServers`.
    let key: String
    /// Nil: none.
    let defaultText: String?
    let meaning: String
    /// Completes "allowed: …".
    let allowed: String
    /// Never printed, and also read from a file named by the same key with `File` behind it.
    let isSecret: Bool
    /// What joins repeated options; nil: an option may be given once.
    let separator: String?
    /// What a message may show of a value that was refused.
    let shown: @Sendable (String) -> String
    private let assign: @Sendable (String, inout Settings) throws(Refusal) -> Void

    init<Value: Sendable>(
        _ key: String,
        default defaultText: String?,
        _ format: SettingFormat<Value>,
        _ path: any WritableKeyPath<Settings, Value> & Sendable,
        secret isSecret: Bool = false,
        _ meaning: String
    ) {
        self.key = key
        self.defaultText = defaultText
        self.meaning = meaning
        self.allowed = format.allowed
        self.isSecret = isSecret
        self.separator = format.separator
        shown = format.shown
        assign = { text, settings throws(Refusal) in settings[keyPath: path] = try format.parse(text) }
    }

    /// A setting that may be absent.
    init<Value: Sendable>(
        _ key: String,
        default defaultText: String?,
        _ format: SettingFormat<Value>,
        _ path: any WritableKeyPath<Settings, Value?> & Sendable,
        secret isSecret: Bool = false,
        _ meaning: String
    ) {
        self.key = key
        self.defaultText = defaultText
        self.meaning = meaning
        self.allowed = format.allowed
        self.isSecret = isSecret
        self.separator = format.separator
        shown = format.shown
        assign = { text, settings throws(Refusal) in settings[keyPath: path] = try format.parse(text) }
    }

    /// Puts the value that `text` stands for into `settings`.
    func apply(_ text: String, to settings: inout Settings) throws(Refusal) {
        try assign(text, &settings)
    }

    /// `--kafka-bootstrap-servers`
    var option: String { Self.option(key) }
    /// `LOYALTY_KAFKA_BOOTSTRAP_SERVERS`
    var variable: String { Self.variable(key) }
    /// The key of the file that holds the value, for secrets.
    var fileKey: String? { isSecret ? key + "File" : nil }

    static func option(_ key: String) -> String {
        "--" + words(key).joined(separator: "-")
    }

    static func variable(_ key: String) -> String {
        variablePrefix + words(key).joined(separator: "_").uppercased()
    }

    static let variablePrefix = "LOYALTY_"

    /// The lower-case words of a key: dots separate, and so does a capital letter behind a small one.
    private static func words(_ key: String) -> [String] {
        var words = [""]
        for character in key {
            if character == "." {
                words.append("")
            } else if character.isUppercase, words.last?.last?.isLowercase == true {
                words.append(character.lowercased())
            } else {
                words[words.count - 1] += character.lowercased()
            }
        }
        return words
    }
}

/// Where the value of a setting came from.
enum SettingOrigin: Sendable, Equatable {
    case commandLine(option: String)
    case environment(variable: String)
    case file(path: String)
    case `default`

    var description: String {
        switch self {
        case .commandLine(let option): "from the command line (\(option))"
        case .environment(let variable): "from the environment variable \(variable)"
        case .file(let path): "from the file \(path)"
        case .default: "the default"
        }
    }
}
