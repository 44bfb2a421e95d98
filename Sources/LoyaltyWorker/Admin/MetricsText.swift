import Foundation
import Pipeline

/// Builds the Prometheus text format 0.0.4.
struct MetricsText {
    enum Kind: String {
        case counter, gauge, histogram
    }

    typealias Labels = [(name: String, value: String)]

    private(set) var text = ""

    /// Begins a metric; its samples must follow before the next one.
    mutating func family(_ name: String, _ kind: Kind, _ help: String) {
        text += "# HELP \(name) \(Self.escaped(help, quotes: false))\n# TYPE \(name) \(kind.rawValue)\n"
    }

    mutating func sample(_ name: String, _ labels: Labels = [], _ value: Double) {
        text += name
        if !labels.isEmpty {
            text += "{" + labels.map { "\($0.name)=\"\(Self.escaped($0.value, quotes: true))\"" }.joined(separator: ",")
            text += "}"
        }
        text += " \(Self.number(value))\n"
    }

    mutating func sample(_ name: String, _ labels: Labels = [], _ value: some BinaryInteger) {
        sample(name, labels, Double(value))
    }

    /// A metric with one sample.
    mutating func single(
        _ name: String,
        _ kind: Kind,
        _ help: String,
        _ labels: Labels = [],
        _ value: some BinaryInteger
    ) {
        family(name, kind, help)
        sample(name, labels, Double(value))
    }

    mutating func histogram(_ name: String, _ help: String, _ labels: Labels, _ histogram: LatencyHistogram) {
        family(name, .histogram, help)
        for bound in Self.bounds {
            let limit: Labels = labels + [("le", Self.number(bound))]
            sample(name + "_bucket", limit, histogram.count(upTo: bound))
        }
        sample(name + "_bucket", labels + [("le", "+Inf")], histogram.count)
        sample(name + "_sum", labels, histogram.sum)
        sample(name + "_count", labels, histogram.count)
    }

    /// OpenTelemetry's advice for durations of messaging, in seconds.
    static let bounds: [Double] = [0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10]

    private static func number(_ value: Double) -> String {
        if value.isNaN { return "NaN" }
        if value.isInfinite { return value < 0 ? "-Inf" : "+Inf" }
        return value == value.rounded() && abs(value) < 1e15 ? String(Int64(value)) : String(value)
    }

    private static func escaped(_ text: String, quotes: Bool) -> String {
        var escaped = ""
        for character in text.unicodeScalars {
            switch character {
            case "\\": escaped += "\\\\"
            case "\n": escaped += "\\n"
            case "\"" where quotes: escaped += "\\\""
            default: escaped.unicodeScalars.append(character)
            }
        }
        return escaped
    }
}
