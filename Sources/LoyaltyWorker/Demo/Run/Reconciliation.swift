/// Holds what happened against what had to happen, from sources that know nothing of each other.
struct Reconciliation: Sendable {
    /// One comparison.
    struct Line: Sendable, Equatable {
        let what: String
        let expected: Int
        let seen: Int

        var holds: Bool { expected == seen }
    }

    private(set) var lines: [Line] = []
    /// Consequences that had to come and did not.
    private(set) var lost = 0
    /// Consequences that came more than once.
    private(set) var doubled = 0
    /// Everything else that is not as it must be.
    private(set) var unexplained = 0
    /// What is wrong, in words.
    private(set) var remarks: [String] = []

    var holds: Bool { lost == 0 && doubled == 0 && unexplained == 0 }

    mutating func compare(_ what: String, expected: Int, seen: Int) {
        lines.append(Line(what: what, expected: expected, seen: seen))
    }

    /// A comparison whose difference has no other account.
    mutating func require(_ what: String, expected: Int, seen: Int) {
        compare(what, expected: expected, seen: seen)
        explain(abs(expected - seen), "\(what): \(expected) expected, \(seen) seen")
    }

    mutating func lose(_ count: Int, _ what: @autoclosure () -> String) {
        guard count > 0 else { return }
        lost += count
        remarks.append("\(count) lost: \(what())")
    }

    mutating func double(_ count: Int, _ what: @autoclosure () -> String) {
        guard count > 0 else { return }
        doubled += count
        remarks.append("\(count) doubled: \(what())")
    }

    mutating func explain(_ count: Int, _ what: @autoclosure () -> String) {
        guard count > 0 else { return }
        unexplained += count
        remarks.append("\(count) unexplained: \(what())")
    }

    /// A table for people.
    var table: String {
        let width = lines.map(\.what.count).max() ?? 0
        func row(_ mark: String, _ what: String, _ expected: String, _ seen: String) -> String {
            let name = what.padding(to: width)
            return "\(mark) \(name)  \(expected.padding(to: 10, atStart: true))  \(seen.padding(to: 10, atStart: true))"
        }
        let head = row(" ", "", "expected", "seen")
        let rows = lines.map { row($0.holds ? "✓" : "✗", $0.what, String($0.expected), String($0.seen)) }
        return ([head] + rows).joined(separator: "\n")
    }

    /// The fields that the demonstration's report has besides those of every run.
    var fields: [(key: String, value: JSONValue)] {
        [
            ("doubled", JSONValue(doubled)),
            ("unexplained", JSONValue(unexplained)),
            (
                "reconciliation",
                .list(
                    lines.map { line in
                        .object([
                            ("what", .text(line.what)), ("expected", JSONValue(line.expected)),
                            ("seen", JSONValue(line.seen)),
                        ])
                    }
                )
            ),
        ]
    }
}

extension String {
    fileprivate func padding(to width: Int, atStart: Bool = false) -> String {
        let blanks = String(repeating: " ", count: max(0, width - count))
        return atStart ? blanks + self : self + blanks
    }
}
