import Crypto
import Foundation
import Kafka
import Pipeline

/// The page for people: reloads itself, asks nobody else for anything, runs no script.
enum StatusPage {
    static let style = """
        :root{color-scheme:light dark;--line:#8884;--soft:#888;--good:#1a7f37;--bad:#c62828;--warn:#b26a00}
        body{font:15px/1.5 system-ui,sans-serif;max-width:76rem;margin:2rem auto;padding:0 1rem}
        h1{font-size:1.4rem;margin:0}h2{font-size:1.05rem;margin:2rem 0 .5rem}
        p{margin:.2rem 0;color:var(--soft)}
        .cards{display:flex;flex-wrap:wrap;gap:.75rem;margin-top:1.25rem}
        .card{border:1px solid var(--line);border-radius:.5rem;padding:.6rem 1rem;min-width:8rem}
        .card b{display:block;font-size:1.35rem;font-variant-numeric:tabular-nums}
        .card span{color:var(--soft);font-size:.85rem}
        table{border-collapse:collapse;width:100%}
        th,td{text-align:right;padding:.3rem .6rem;border-bottom:1px solid var(--line);font-variant-numeric:tabular-nums}
        th{color:var(--soft);font-weight:500;font-size:.85rem}
        th:first-child,td:first-child,.text{text-align:left}
        .good{color:var(--good)}.bad{color:var(--bad)}.warn{color:var(--warn)}
        """

    /// What the header `content-security-policy` allows the page: its own style, by hash.
    static let contentPolicy: String = {
        let hash = Data(SHA256.hash(data: Data(style.utf8))).base64EncodedString()
        return
            "default-src 'none'; style-src 'sha256-\(hash)'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'"
    }()

    static func html(_ snapshot: WorkerSnapshot, stuck: [Liveness.Stuck]) -> String {
        let status = snapshot.status
        let counts = status.counts
        let uptime = Duration.seconds(Int64(snapshot.takenAt.timeIntervalSince(snapshot.startedAt)))
        var page = """
            <!doctype html><html lang="en"><head><meta charset="utf-8"><meta http-equiv="refresh" content="2">
            <meta name="viewport" content="width=device-width,initial-scale=1"><title>loyalty-worker</title>
            <style>\(style)</style></head><body>
            <h1>loyalty-worker \(headline(status, isStuck: !stuck.isEmpty))</h1>
            <p>group \(escaped(snapshot.group)) · \(escaped(snapshot.topics.joined(separator: ", "))) ·
            order by \(escaped(snapshot.ordering)) · up \(time(uptime)) · librdkafka \(LibraryVersion.current)</p>
            <p>\(escaped(snapshot.prefetch))</p>

            """
        for stuck in stuck { page += "<p class=\"bad\">\(escaped("\(stuck)"))</p>\n" }
        if let error = status.lastCommitError { page += "<p class=\"warn\">last commit: \(escaped(error))</p>\n" }
        page += "<div class=\"cards\">\n"
        page += card("lag", number(snapshot.lag)) + card("finished", "\(counts.finished)")
        page += card("in flight", "\(status.inFlight)")
        page += card("buffered", "\((Double(status.bufferedBytes) / 1_048_576).rounded(to: 1)) MiB")
        page += card("dead letters", "\(counts.deadLetters)") + card("ignored", "\(counts.ignored)")
        page += card("latency p50", milliseconds(counts.latency.milliseconds(at: 0.5)))
        page += card("latency p99", milliseconds(counts.latency.milliseconds(at: 0.99)))
        page += card("memory", snapshot.residentBytes.map { "\($0 >> 20) MiB" } ?? "–")
        page += "</div>\n<h2>Stages</h2>\n" + stages(status) + "<h2>Partitions</h2>\n" + partitions(snapshot)
        return page
            + "<p>For programs: <a href=\"/status\">/status</a> · <a href=\"/metrics\">/metrics</a> ·"
            + " <a href=\"/livez\">/livez</a> · <a href=\"/readyz\">/readyz</a></p></body></html>\n"
    }

    private static func stages(_ status: WorkerStatus) -> String {
        let rows = status.counts.stages.map { stage in
            let breaker = status.breakers.first { $0.stage == stage.name }
            let state = breaker.map(\.state.word) ?? "closed"
            let tone = state == "closed" ? "good" : state == "half_open" ? "warn" : "bad"
            return "<tr><td>\(escaped(stage.name))</td><td class=\"\(tone)\">\(state)</td>"
                + [
                    stage.performed, stage.suppressed, stage.repeated, stage.retries, stage.rejected,
                    UInt64(breaker?.waiting ?? 0),
                ].map { "<td>\($0)</td>" }.joined() + "</tr>\n"
        }
        return table(
            ["stage", "breaker", "performed", "suppressed", "repeated", "retries", "rejected", "waiting"],
            rows
        )
    }

    private static func partitions(_ snapshot: WorkerSnapshot) -> String {
        let status = snapshot.status
        guard !status.partitions.isEmpty else { return "<p>None assigned.</p>\n" }
        let rows = status.partitions.map { partition in
            let cells = [
                number(partition.frontier), number(partition.committed), number(snapshot.end(of: partition)),
                number(snapshot.lag(of: partition)),
                "\(partition.unfinished)", "\(partition.running)", "\(partition.retrying)",
            ]
            return "<tr><td>\(escaped("\(partition.source)"))\(partition.isDraining ? " (draining)" : "")</td>"
                + cells.map { "<td>\($0)</td>" }.joined()
                + "<td class=\"text\">\(partition.oldest.map(oldest) ?? "")</td></tr>\n"
        }
        return table(
            [
                "partition", "frontier", "committed", "end", "lag", "unfinished", "running", "retrying",
                "oldest unfinished",
            ],
            rows
        )
    }

    private static func oldest(_ oldest: WorkerStatus.Oldest) -> String {
        var text = "offset \(oldest.offset), \(time(oldest.age)), \(oldest.stages.joined(separator: ", "))"
        if oldest.attempts > 1 { text += ", attempt \(oldest.attempts)" }
        if let next = oldest.nextAttemptIn { text += ", next in \(time(next))" }
        if let failure = oldest.lastFailure { text += ": \(failure)" }
        return escaped(text)
    }

    private static func table(_ titles: [String], _ rows: [String]) -> String {
        "<table><tr>" + titles.map { "<th>\($0)</th>" }.joined() + "</tr>\n" + rows.joined() + "</table>\n"
    }

    private static func card(_ title: String, _ value: String) -> String {
        "<div class=\"card\"><b>\(escaped(value))</b><span>\(escaped(title))</span></div>\n"
    }

    /// The phase in green only when nothing is in the way.
    private static func headline(_ status: WorkerStatus, isStuck: Bool) -> String {
        let troubled = status.breakers.filter { $0.state != .closed }
        let isHeld = troubled.contains { $0.state != .halfOpen }
        let tone = isHeld || isStuck ? "bad" : !troubled.isEmpty || status.phase != .working ? "warn" : "good"
        let words =
            [status.phase.rawValue]
            + troubled.map { "\($0.stage) breaker \($0.state.word)" } + (isStuck ? ["stuck"] : [])
        return "<span class=\"\(tone)\">\(escaped(words.joined(separator: ", ")))</span>"
    }

    private static func number(_ value: Int64?) -> String { value.map { "\($0)" } ?? "–" }

    private static func milliseconds(_ value: Double?) -> String { value.map { "\($0.rounded(to: 1)) ms" } ?? "–" }

    private static func time(_ duration: Duration) -> String {
        let seconds = duration.components.seconds
        if seconds < 60 { return "\(duration.inSeconds.rounded(to: 1)) s" }
        if seconds < 3600 { return "\(seconds / 60) min \(seconds % 60) s" }
        return "\(seconds / 3600) h \(seconds % 3600 / 60) min"
    }

    /// Text that HTML can't take for anything else.
    static func escaped(_ text: String) -> String {
        var escaped = ""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "&": escaped += "&amp;"
            case "<": escaped += "&lt;"
            case ">": escaped += "&gt;"
            case "\"": escaped += "&quot;"
            case "'": escaped += "&#39;"
            default: escaped.unicodeScalars.append(scalar)
            }
        }
        return escaped
    }
}
