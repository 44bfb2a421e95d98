import Foundation
import Logging

/// Writes each message as one line on stderr: aligned text for people, or one JSON object for machines.
struct LineLogHandler: LogHandler {
    let label: String
    let format: Settings.Log.Format
    var logLevel: Logger.Level
    var metadata: Logger.Metadata = [:]
    var metadataProvider: Logger.MetadataProvider?
    private let write: @Sendable (String) -> Void

    init(
        label: String,
        level: Logger.Level,
        format: Settings.Log.Format,
        write: @escaping @Sendable (String) -> Void = Terminal.printError
    ) {
        self.label = label
        self.logLevel = level
        self.format = format
        self.write = write
    }

    subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    func log(event: LogEvent) {
        write(line(event, at: Date.now))
    }

    /// The line for `event`; never more than one, whatever the message holds.
    func line(_ event: LogEvent, at time: Date) -> String {
        let time = time.formatted(.iso8601.year().month().day().time(includingFractionalSeconds: true))
        var fields = metadata
        if let provided = metadataProvider?.get() { fields.merge(provided) { $1 } }
        if let own = event.metadata { fields.merge(own) { $1 } }
        if let error = event.error { fields["error"] = "\(error)" }
        let sorted = fields.sorted { $0.key < $1.key }
        switch format {
        case .json:
            let start: [(key: String, value: JSONValue)] = [
                ("time", .text(time + "Z")), ("level", .text(event.level.rawValue)), ("logger", .text(label)),
                ("message", .text("\(event.message)")),
            ]
            return JSONValue.object(start + sorted.map { ($0.key, Self.json($0.value)) }).line
        case .text:
            let level = event.level.rawValue.uppercased().padding(toLength: 8, withPad: " ", startingAt: 0)
            let name = label.padding(toLength: max(7, label.count), withPad: " ", startingAt: 0)
            let message = "\(event.message)".oneLine(upTo: 4000)
            let values = sorted.map { " \($0.key)=\(Self.word("\($0.value)"))" }.joined()
            return "\(time)Z \(level) \(name) \(message)\(values)"
        }
    }

    private static func json(_ value: Logger.Metadata.Value) -> JSONValue {
        switch value {
        case .string(let text): .text(text)
        case .stringConvertible(let number as any BinaryInteger): JSONValue(Int64(clamping: number))
        case .stringConvertible(let value): .text("\(value)")
        case .array(let values): .list(values.map(json))
        case .dictionary(let values): .object(values.sorted { $0.key < $1.key }.map { ($0.key, json($0.value)) })
        }
    }

    private static func word(_ text: String) -> String {
        let isPlain = !text.isEmpty && !text.contains { $0.isWhitespace || $0 == "\"" || $0 == "=" }
        return isPlain && text.oneLine() == text ? text : JSONValue.text(text).line
    }
}

extension Settings.Log {
    /// A logger that writes as the settings say.
    func logger(_ label: String) -> Logger {
        let level = Logger.Level(rawValue: level.rawValue) ?? .info
        return Logger(label: label, factory: { LineLogHandler(label: $0, level: level, format: format) })
    }
}
