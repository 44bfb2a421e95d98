import Pipeline

/// What a redrive came to.
struct RedriveReport: Sendable {
    var isDryRun = false
    /// The letters were given up for good.
    var isDiscard = false
    /// Records in the topics.
    var read = 0
    /// Letters that waited and matched.
    var matched = 0
    /// Published and acknowledged, to be done again or to be given up; in a dry run: would be.
    var redriven = 0
    var overtaking = 0
    var overLimit = 0
    var failed = 0
    var alreadyRedriven = 0
    var superseded = 0
    var foreign = 0
    /// Keys of the redriven letters.
    var keys = 0
    /// Looks, the first one included.
    var rounds = 1
    /// Letters of those keys that came meanwhile and wait: they died again, or are behind one that did.
    var waitingAgain = 0
    /// Letters that wait behind discarded ones.
    var behind = 0
    /// The worker has not got to the end of what was redriven, so that more may have been parked.
    var isUnsettled = false
    var wasStopped = false
    var seconds = 0.0
    /// Redriven letters by class, stage and reason.
    var reasons: [LetterGroup: Int] = [:]
    /// What went wrong for good.
    var error: CommandFailure?
    var firstFailure: String?

    mutating func count(_ plan: RedrivePlan) {
        matched += plan.matched
        overLimit += plan.overLimit
        overtaking += plan.refused.count - plan.overLimit
        waitingAgain += plan.waitingAgain
    }

    /// Why the job is not done; nil when it is.
    var failure: CommandFailure? {
        if let error { return error }
        let left = matched - redriven - overtaking - overLimit - failed
        if wasStopped, left > 0 {
            return .failed("stopped: \(left) of \(matched) letters are left; the same command goes on where it ended")
        }
        if failed > 0 {
            let reason = firstFailure ?? "no reason given"
            return .failed("\(failed) of \(matched) letters could not be published, the first because: \(reason)")
        }
        guard overtaking + overLimit > 0 else { return nil }
        var parts: [String] = []
        if overtaking > 0 {
            parts.append(
                isDiscard
                    ? "\(overtaking) wait behind earlier ones of their keys: discard or redrive those first"
                    : "\(overtaking) would overtake earlier ones of their keys that stay"
            )
        }
        if overLimit > 0 { parts.append("\(overLimit) were redriven as often as --max-redrives allows") }
        return .failed("\(overtaking + overLimit) of \(matched) letters are refused: \(parts.joined(separator: ", "))")
    }

    /// One line for programs.
    var json: String { JSONValue.object(isDiscard ? discardFields : redriveFields).line }

    private var discardFields: [(key: String, value: JSONValue)] {
        [
            ("read", JSONValue(read)),
            ("matched", JSONValue(matched)),
            ("discarded", JSONValue(redriven)),
            ("refused", JSONValue(overtaking)),
            ("failed", JSONValue(failed)),
            ("keys", JSONValue(keys)),
            ("behind", JSONValue(behind)),
            ("seconds", .number(seconds.rounded(to: 3))),
            ("dry_run", .bool(isDryRun)),
        ]
    }

    private var redriveFields: [(key: String, value: JSONValue)] {
        [
            ("read", JSONValue(read)),
            ("matched", JSONValue(matched)),
            ("redriven", JSONValue(redriven)),
            (
                "refused",
                .object([("overtaking", JSONValue(overtaking)), ("redrive_limit", JSONValue(overLimit))])
            ),
            ("already_redriven", JSONValue(alreadyRedriven)),
            ("superseded", JSONValue(superseded)),
            ("foreign", JSONValue(foreign)),
            ("keys", JSONValue(keys)),
            ("seconds", .number(seconds.rounded(to: 3))),
            ("dry_run", .bool(isDryRun)),
            ("failed", JSONValue(failed)),
            ("waiting_again", JSONValue(waitingAgain)),
            ("rounds", JSONValue(rounds)),
            ("unsettled", .bool(isUnsettled)),
        ]
    }

    /// A few lines for people.
    var text: String {
        var lines = [
            "read        \(read): \(alreadyRedriven) redriven before, \(superseded) superseded, \(foreign) foreign",
            "matched     \(matched) that wait",
            "\(isDryRun ? "would go " : isDiscard ? "discarded" : "redriven ")   \(redriven), of \(keys) keys",
        ]
        lines += LetterGroup.table(reasons).map { "  " + $0 }
        lines.append(
            isDiscard
                ? "refused     \(overtaking), behind earlier ones of their keys"
                : "refused     \(overtaking + overLimit): \(overtaking) would overtake, \(overLimit) redriven too often"
        )
        if failed > 0 { lines.append("failed      \(failed)") }
        if behind > 0 { lines.append("behind      \(behind) of these keys wait: redrive them") }
        guard !isDryRun else { return (lines + ["nothing was published, nothing recorded"]).joined(separator: "\n") }
        guard !isDiscard else { return (lines + ["time        \(seconds.rounded(to: 2)) s"]).joined(separator: "\n") }
        lines.append("rounds      \(rounds), for what was parked meanwhile")
        if waitingAgain > 0 {
            lines.append("again       \(waitingAgain) of these keys died again, or wait behind one that did")
        }
        if isUnsettled {
            lines.append(
                "            the worker has not got to the last of them: more of these keys may be parked by then"
            )
        }
        lines.append("time        \(seconds.rounded(to: 2)) s")
        return lines.joined(separator: "\n")
    }

    /// The fields of the report, for `--help`.
    static let help = """
        REPORT

          --json prints these fields as the last line:

          read                   records in the dead-letter topics
          matched                letters that wait and match the filter
          redriven               published and acknowledged (--dry-run: would be)
          refused.overtaking     would overtake an earlier letter of their key that
                                 stays
          refused.redrive_limit  were redriven --max-redrives times
          already_redriven       by earlier runs
          superseded             by a later letter of the same record
          foreign                records without the headers of a dead letter, or
                                 of another group or topic
          keys                   whose letters were redriven
          seconds                all in all
          dry_run                whether it was one
          failed                 could not be published
          waiting_again          came meanwhile: redriven ones that died again, and
                                 those parked behind them
          rounds                 looks for letters, the first one included
          unsettled              the worker has not got to the end of what was
                                 redriven, or none is running
        """

    /// The fields of the report of a discard, for `--help`.
    static let discardHelp = """
        REPORT

          --json prints these fields as the last line:

          read       records in the dead-letter topics
          matched    letters that wait and match the filter
          discarded  published as discarded and acknowledged (--dry-run: would be)
          refused    wait behind an earlier letter of their key that stays
          failed     could not be published
          keys       whose letters were discarded
          behind     letters of these keys that still wait: to be redriven
          seconds    all in all
          dry_run    whether it was one
        """
}

/// Letters that have the same thing wrong with them.
struct LetterGroup: Hashable, Sendable {
    let errorClass: String
    let stage: String?
    let reason: String

    init(_ letter: Letter) {
        errorClass = letter.errorClass?.rawValue ?? "unknown"
        stage = letter.stage
        reason = letter.reason
    }

    /// Rows that are shown; the rest is one row.
    private static let rows = 20

    /// One line for each group, the largest first.
    static func table(_ groups: [LetterGroup: Int]) -> [String] {
        let sorted = groups.sorted {
            ($1.value, $0.key.errorClass, $0.key.stage ?? "", $0.key.reason)
                < ($0.value, $1.key.errorClass, $1.key.stage ?? "", $1.key.reason)
        }
        var lines = sorted.prefix(rows)
            .map { group, count in
                let what = [group.errorClass, group.stage].compactMap(\.self).joined(separator: " ")
                return "\(String(count).padded(to: 8)) \(what.padded(to: 22)) \(group.reason.oneLine(upTo: 120))"
            }
        let rest = sorted.dropFirst(rows)
        if !rest.isEmpty {
            lines.append("\(String(rest.reduce(0) { $0 + $1.value }).padded(to: 8)) with \(rest.count) other reasons")
        }
        return lines
    }
}

extension String {
    /// With blanks behind it, and never cut.
    func padded(to width: Int) -> String {
        self + String(repeating: " ", count: max(0, width - count))
    }
}
