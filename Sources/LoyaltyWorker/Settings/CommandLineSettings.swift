/// Reads options strictly: swift-configuration's own provider ignores what it doesn't know and splits values at commas.
enum CommandLineSettings {
    /// Values by key from `--kafka-topic X` and `--kafka-topic=X`.
    static func values(_ arguments: [String]) throws(CommandFailure) -> [String: String] {
        var values: [String: String] = [:]
        var rest = arguments[...]
        while let argument = rest.popFirst() {
            guard argument.hasPrefix("--") else {
                throw .usage(
                    "unexpected argument \"\(argument.oneLine(upTo: 100))\"; settings are given as --name value"
                )
            }
            let parts = argument.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
            let option = parts[0]
            guard let key = KnownKeys.options[option] else {
                // A flag of another command is no suggestion for itself.
                let known = (Array(KnownKeys.options.keys) + ownOptions).filter { $0 != option }
                throw .usage(
                    "unknown option \(option.oneLine(upTo: 100))\(Spelling.suggestion(for: option, among: known))"
                        + "; loyalty-worker run --help lists them all"
                )
            }
            let value = parts.count > 1 ? parts[1] : rest.popFirst()
            guard let value, parts.count > 1 || !value.hasPrefix("--") else {
                throw .usage("\(option) needs a value, as in \(option)=VALUE")
            }
            guard !value.isEmpty else {
                let known = KnownKeys.settings[key]?.defaultText
                throw .settings(
                    "\(key) from the command line (\(option)) is empty; leave it out"
                        + (known.map { " for the default \($0)" } ?? ", it has no default")
                )
            }
            guard let earlier = values[key] else {
                values[key] = value
                continue
            }
            guard let separator = KnownKeys.settings[key]?.separator else {
                throw .usage("\(option) is given twice; keep one")
            }
            values[key] = earlier + separator + value
        }
        return values
    }

    /// Flags of the commands themselves, for suggestions only.
    private static let ownOptions = ["--config", "--until-end", "--json", "--help"]
}
