import ArgumentParser
import Pipeline
import Stages

/// The options that say which letters are meant.
struct LetterFilterOptions: ParsableArguments {
    @Option(help: ArgumentHelp("Part of the reason, upper and lower case alike.", valueName: "text"))
    var reason: String?

    @Option(
        name: .customLong("class"),
        help: ArgumentHelp("decode, stage, oversize or parked; several with commas.", valueName: "class")
    )
    var classes: [String] = []

    @Option(help: ArgumentHelp("The stage that failed: notification or publication.", valueName: "name"))
    var stage: String?

    @Option(parsing: .unconditional, help: ArgumentHelp("The record's whole key, as text.", valueName: "text"))
    var key: String?

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp(
            "First failure at this time or later: 2026-11-23T14:48:25Z, or -36h for 36 hours ago.",
            valueName: "time"
        )
    )
    var from: String?

    @Option(parsing: .unconditional, help: ArgumentHelp("First failure before this time.", valueName: "time"))
    var to: String?

    @Option(help: ArgumentHelp("Original partition; several with commas.", valueName: "numbers"))
    var partition: [String] = []

    @Option(
        help: ArgumentHelp(
            "Original offset in the one --partition that is given; several with commas.",
            valueName: "numbers"
        )
    )
    var offset: [String] = []

    @Option(help: ArgumentHelp("Original topic.", valueName: "name"))
    var topic: String?

    func validate() throws {
        let filter = try filter(now: .now())
        guard filter.offsets.isEmpty || filter.partitions.count == 1 else {
            throw ValidationError("--offset needs the one --partition that it is in")
        }
    }

    func filter(now: UTCTime) throws -> LetterFilter {
        LetterFilter(
            reason: reason,
            classes: Set(
                try Self.parts(classes)
                    .map { text in
                        guard let errorClass = DeadLetter.Cause.Class(rawValue: text) else {
                            throw ValidationError(
                                "--class takes decode, stage, oversize or parked, not \"\(text.oneLine(upTo: 40))\""
                            )
                        }
                        return errorClass
                    }
            ),
            stage: stage,
            key: key,
            from: try from.map { try Self.time("--from", $0, now: now) },
            to: try to.map { try Self.time("--to", $0, now: now) },
            partitions: Set(
                try Self.parts(partition)
                    .map { text in
                        guard let number = Int32(text), number >= 0 else {
                            throw ValidationError(
                                "--partition takes numbers of partitions, not \"\(text.oneLine(upTo: 40))\""
                            )
                        }
                        return number
                    }
            ),
            offsets: Set(
                try Self.parts(offset)
                    .map { text in
                        guard let number = Int64(text), number >= 0 else {
                            throw ValidationError("--offset takes offsets, not \"\(text.oneLine(upTo: 40))\"")
                        }
                        return number
                    }
            ),
            topic: topic
        )
    }

    /// Letters a second, from the option `--rate`.
    static func rate(_ text: String?) throws -> Double? {
        guard let text else { return nil }
        guard let number = Double(text.hasSuffix("/s") ? String(text.dropLast(2)) : text),
            (0.001...1_000_000).contains(number)
        else {
            throw ValidationError("--rate takes letters a second such as 50 or 50/s, not \"\(text.oneLine(upTo: 40))\"")
        }
        return number
    }

    private static func parts(_ values: [String]) -> [String] {
        values.flatMap { $0.split(separator: ",", omittingEmptySubsequences: false).map(\.trimmed) }
    }

    private static func time(_ option: String, _ text: String, now: UTCTime) throws -> UTCTime {
        guard let time = LetterFilter.time(text, now: now) else {
            throw ValidationError(
                "\(option) takes a time such as 2026-11-23T14:48:25Z, or -36h, not \"\(text.oneLine(upTo: 40))\""
            )
        }
        return time
    }
}
