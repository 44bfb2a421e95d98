extension Setting {
    /// All settings for `--help`: option, default, meaning, allowed values.
    static let help: String = {
        let introduction = wrapped(
            """
            Read from the command line, then from the environment, then from a YAML file (--config PATH or \
            \(SettingsSources.fileVariable)), then the default. The setting kafka.topic is --kafka-topic, \
            \(Setting.variable("kafka.topic")), and kafka: {topic: …} in the file. A secret is also read from the file that \
            the same name with -file or _FILE behind it gives (\(secretFiles)).
            """,
            indent: 2
        )
        let rows = all.map { setting in
            let value = setting.defaultText.map { "default \($0)" } ?? "no default"
            let secret = setting.isSecret ? "; secret" : ""
            return "  \(setting.option)  (\(value)\(secret))\n" + wrapped(setting.meaning + ".", indent: 6) + "\n"
                + wrapped("Allowed: \(setting.allowed).", indent: 6)
        }
        return (["SETTINGS", introduction] + rows).joined(separator: "\n\n")
    }()

    private static let secretFiles = all.compactMap { $0.fileKey.map(variable) }.joined(separator: ", ")

    /// Lines of at most 78 characters: ArgumentParser breaks longer ones itself, and forgets the indentation.
    private static func wrapped(_ text: String, indent: Int) -> String {
        let margin = String(repeating: " ", count: indent)
        var lines = [margin]
        for word in text.split(separator: " ") {
            let isFirst = lines[lines.count - 1].count == indent
            if !isFirst, lines[lines.count - 1].count + 1 + word.count > 78 {
                lines.append(margin + word)
            } else {
                lines[lines.count - 1] += (isFirst ? "" : " ") + word
            }
        }
        return lines.joined(separator: "\n")
    }

    /// All settings as a Markdown table, for the README.
    static let markdownTable: String = {
        func cell(_ text: String) -> String {
            text.split(separator: "|", omittingEmptySubsequences: false).joined(separator: "\\|")
        }
        let rows = all.map { setting in
            let value = setting.defaultText.map { "`\($0)`" } ?? "none"
            let secret = setting.isSecret ? " (secret)" : ""
            return "| `\(setting.key)`\(secret) | \(value) | \(cell(setting.meaning)) | \(cell(setting.allowed)) |"
        }
        return (["| key | default | meaning | allowed |", "| --- | --- | --- | --- |"] + rows).joined(
            separator: "\n"
        )
    }()
}
