import Kafka
import Pipeline
import Stages

/// What a replay came to, or what a rehearsal expects of it: the same fields from the same books.
struct ReplayReport: Sendable {
    let job: ReplayJob
    let isRehearsal: Bool
    let run: RunReport
    let books: ReplayBooks.Snapshot
    /// Offsets of the range that the log did not have any more.
    let missing: UInt64
    /// All partitions of the job are finished, by whatever process.
    let isFinished: Bool

    /// - Parameter worker: of this process; other processes of the job report their own part.
    init(
        _ job: ReplayJob,
        _ worker: WorkerReport,
        books: ReplayBooks.Snapshot,
        missing: UInt64,
        isRehearsal: Bool
    ) {
        self.job = job
        self.isRehearsal = isRehearsal
        self.books = books
        self.missing = missing
        isFinished = worker.hasReachedEnd
        // What the filter left out was handed to the worker as nothing to do.
        var counts = worker.counts
        counts.ignored &-= min(counts.ignored, UInt64(clamping: books.filtered))
        run = RunReport(
            WorkerReport(counts: counts, seconds: worker.seconds, hasReachedEnd: worker.hasReachedEnd)
        )
    }

    private var unreplayed: Int { books.reasons.values.reduce(0, +) }

    private var sendable: Int { books.lines.values.reduce(0) { $0 + $1.sendable } }

    /// Why the job counts as failed; nil: everything was replayed.
    var failure: CommandFailure? {
        guard isFinished || isRehearsal else {
            return .failed(
                "stopped before the end of the job: \(run.counts.abandoned) events are unfinished; go on with --job \(job.name)"
                    + " and the same options"
            )
        }
        var reasons: [String] = []
        if unreplayed > 0 { reasons.append("\(unreplayed) records can't be replayed, see the list") }
        if missing > 0 { reasons.append("\(missing) offsets of the range are not in the log any more") }
        return reasons.isEmpty ? nil : .failed(reasons.joined(separator: "; "))
    }

    /// One line for programs: the fields of every report, then those of a replay.
    var json: String { JSONValue.object(run.fields + fields).line }

    private var fields: [(key: String, value: JSONValue)] {
        var fields: [(key: String, value: JSONValue)] = [
            ("job", .text("\(job.name)")),
            ("dry_run", .bool(isRehearsal)),
            ("finished", .bool(isFinished)),
            ("definition", .text(job.definition.digest)),
            ("range_offsets", JSONValue(job.definition.total)),
            ("filtered", JSONValue(books.filtered)),
            ("keys_out_of_order", JSONValue(books.keysOutOfOrder)),
            ("missing_offsets", JSONValue(missing)),
            ("log_append_time", .bool(books.isLogAppendTime)),
            (
                "dead_letter_reasons",
                .object(books.reasons.sorted { $0.key < $1.key }.map { ($0.key, JSONValue($0.value)) })
            ),
            ("unreplayed", .list(listed.map(\.json))),
            ("by", .list(rows.map { Self.json($0.key, $0.value) })),
        ]
        if isRehearsal { fields.append(("would_send_if_allowed", JSONValue(sendable))) }
        return fields
    }

    private var listed: [ReplayBooks.Unreplayed] {
        books.unreplayed.sorted {
            ($0.source.topic, $0.source.partition, $0.offset) < ($1.source.topic, $1.source.partition, $1.offset)
        }
    }

    private var rows: [(key: ReplayBooks.Entry, value: ReplayBooks.Line)] {
        // What only permission would do is a field of its own.
        books.lines.filter { $0.value.isVisible }
            .sorted { ($0.key.day ?? -1, $0.key.campaign ?? "") < ($1.key.day ?? -1, $1.key.campaign ?? "") }
    }

    private static func json(_ entry: ReplayBooks.Entry, _ line: ReplayBooks.Line) -> JSONValue {
        .object([
            ("day", JSONValue(entry.day.map(name))),
            ("campaign", JSONValue(entry.campaign)),
            ("recorded", JSONValue(line.recorded)),
            ("already_recorded", JSONValue(line.alreadyRecorded)),
            ("sent", JSONValue(line.sent)),
            ("suppressed", JSONValue(line.suppressed)),
        ])
    }

    private static func name(_ day: Int64) -> String {
        String(UTCTime(milliseconds: day &* 86_400_000).iso8601.prefix(10))
    }

    /// For people.
    var text: String {
        let words = isRehearsal ? ["would record", "would send", "would not send"] : ["recorded", "sent", "not sent"]
        let counts = run.counts
        var lines = [
            "\(isRehearsal ? "dry run of" : "replay") \(job.name): "
                + (isRehearsal
                    ? "nothing was sent, recorded or committed"
                    : isFinished ? "the job is finished" : "the job is not finished"),
            "events         \(counts.received): \(counts.accepted) accepted, \(counts.ignored) ignored,"
                + " \(books.filtered) filtered, \(unreplayed) can't be replayed",
            "publications   \(words[0]) \(sum(\.recorded)), already recorded \(sum(\.alreadyRecorded))",
            "notifications  \(words[1]) \(sum(\.sent)), \(words[2]) \(sum(\.suppressed))"
                + (isRehearsal ? "; with permission for all it would send \(sendable)" : ""),
            "order          \(books.keysOutOfOrder) keys with timestamps out of order",
        ]
        if missing > 0 { lines.append("missing        \(missing) offsets of the range are not in the log any more") }
        lines += table("campaign", words) { $0.campaign ?? "(none)" }
        lines += table(books.isLogAppendTime ? "day of append (UTC)" : "day (UTC)", words) {
            $0.day.map(Self.name) ?? "(none)"
        }
        if !listed.isEmpty {
            lines.append(
                "can't be replayed\(unreplayed > listed.count ? ", the first \(listed.count) of \(unreplayed)" : ""):"
            )
            lines += listed.map { "  \($0.source)/\($0.offset): \($0.reason)" }
        }
        if !isRehearsal {
            let speed = run.seconds > 0 ? (Double(counts.received) / run.seconds).rounded(to: 1) : 0
            lines.append("speed          \(speed) events/s over \(run.seconds.rounded(to: 2)) s")
        }
        return lines.joined(separator: "\n")
    }

    private func sum(_ path: KeyPath<ReplayBooks.Line, Int>) -> Int {
        books.lines.values.reduce(0) { $0 + $1[keyPath: path] }
    }

    private func table(
        _ title: String,
        _ words: [String],
        _ name: (ReplayBooks.Entry) -> String
    ) -> [String] {
        var sums: [String: ReplayBooks.Line] = [:]
        for (entry, line) in rows { sums[name(entry), default: ReplayBooks.Line()].add(line) }
        guard !sums.isEmpty else { return [] }
        let width = max(title.count, sums.keys.map(\.count).max() ?? 0)
        let columns = [words[0], "already recorded", words[1], words[2]]
        func row(_ first: String, _ cells: [String]) -> String {
            let padded = zip(cells, columns).map { cell, column in
                String(repeating: " ", count: max(0, column.count - cell.count) + 2) + cell
            }
            return first + String(repeating: " ", count: width - first.count) + padded.joined()
        }
        return [row(title, columns)]
            + sums.sorted { $0.key < $1.key }
            .map { name, line in
                row(name, [line.recorded, line.alreadyRecorded, line.sent, line.suppressed].map(String.init))
            }
    }
}

extension ReplayBooks.Unreplayed {
    var json: JSONValue {
        .object([
            ("topic", .text(source.topic)), ("partition", JSONValue(source.partition)), ("offset", JSONValue(offset)),
            ("reason", .text(reason)),
        ])
    }
}

extension ReplayBooks.Line {
    /// Something happened, or would.
    var isVisible: Bool { recorded + alreadyRecorded + sent + suppressed > 0 }

    mutating func add(_ other: Self) {
        recorded += other.recorded
        alreadyRecorded += other.alreadyRecorded
        sent += other.sent
        suppressed += other.suppressed
        sendable += other.sendable
    }
}
