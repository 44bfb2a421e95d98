import Kafka
import Pipeline
import Stages

/// Shows letters, one a line.
struct LetterList {
    let office: DeadLetterOffice
    let showsKeys: Bool

    /// Lines that are written at once.
    private static let block = 256

    /// - Parameters:
    ///   - states: empty: any.
    ///   - limit: lines at most.
    func show(states: Set<LetterIndex.State>, limit: Int, json: Bool) {
        var summary = LetterSummary()
        var lines: [String] = []
        for number in office.index.inOrder {
            let letter = office.index.letters[number]
            let state = office.index.state(of: number)
            guard letter.matches, states.isEmpty || states.contains(state) else { continue }
            summary.count(letter, state)
            guard summary.letters <= limit else { continue }
            lines.append(json ? self.json(letter, state).line : text(letter, state))
            guard lines.count == Self.block else { continue }
            Terminal.print(lines.joined(separator: "\n"))
            lines = []
        }
        if !lines.isEmpty { Terminal.print(lines.joined(separator: "\n")) }
        guard !json else { return }
        if summary.letters > limit { Terminal.print("… \(summary.letters - limit) more; --limit shows them") }
        Terminal.print(summary.text)
    }

    private func json(_ letter: Letter, _ state: LetterIndex.State) -> JSONValue {
        let source = office.source(of: letter)
        var fields: [(key: String, value: JSONValue)] = [
            ("topic", .text(source.topic)),
            ("partition", JSONValue(source.partition)),
            ("offset", JSONValue(letter.place.offset)),
            ("original_topic", JSONValue(letter.origin?.source.topic)),
            ("original_partition", JSONValue(letter.origin?.source.partition)),
            ("original_offset", JSONValue(letter.origin?.offset)),
            ("class", JSONValue(letter.errorClass?.rawValue)),
            ("stage", JSONValue(letter.stage)),
            ("attempts", JSONValue(letter.attempts)),
            ("reason", .text(letter.reason)),
            ("first_failure", JSONValue(letter.firstFailure?.iso8601)),
            ("redrives", JSONValue(letter.redrives)),
            ("state", .text(state.rawValue)),
            ("key_hash", JSONValue(letter.keyTag)),
            ("bytes", JSONValue(letter.byteCount)),
        ]
        if letter.isDiscarded { fields.append(("discarded", .bool(true))) }
        if let foreign = letter.foreign { fields.append(("foreign", .text(foreign.rawValue))) }
        if showsKeys { fields.append(("key", JSONValue(letter.key))) }
        return .object(fields)
    }

    private func text(_ letter: Letter, _ state: LetterIndex.State) -> String {
        let place = "\(office.source(of: letter))/\(letter.place.offset)"
        guard let origin = letter.origin else {
            return "\(place.padded(to: 28)) \(state.rawValue.padded(to: 10)) \(letter.foreign?.rawValue ?? "")"
        }
        let what = [letter.errorClass?.rawValue ?? "unknown", letter.stage].compactMap(\.self).joined(separator: " ")
        var parts = [
            place.padded(to: 28), state.rawValue.padded(to: 10),
            "from \(origin.source)/\(origin.offset)".padded(to: 30),
            "key \(letter.keyTag ?? "none")".padded(to: 16), what.padded(to: 20),
            (letter.firstFailure?.iso8601 ?? "").padded(to: 24),
        ]
        if letter.attempts > 0 { parts.append("\(letter.attempts) attempts,") }
        if letter.redrives > 0 { parts.append("\(letter.redrives) redrives,") }
        if letter.isDiscarded { parts.append("discarded,") }
        parts.append(letter.reason.oneLine(upTo: 120))
        if showsKeys { parts.append("key=\((letter.key ?? "").oneLine(upTo: 120))") }
        return parts.joined(separator: " ")
    }
}

/// Counts of letters, for people.
struct LetterSummary {
    private(set) var letters = 0
    private var states: [LetterIndex.State: Int] = [:]
    private var waiting: [LetterGroup: Int] = [:]
    private var foreign: [Letter.Foreign: Int] = [:]
    private var chains: Set<Letter.Chain> = []

    mutating func count(_ letter: Letter, _ state: LetterIndex.State) {
        letters += 1
        states[state, default: 0] += 1
        if let reason = letter.foreign { foreign[reason, default: 0] += 1 }
        guard state == .waiting else { return }
        waiting[LetterGroup(letter), default: 0] += 1
        if let chain = letter.chain { chains.insert(chain) }
    }

    var text: String {
        let counts = LetterIndex.State.allCases.compactMap { state in states[state].map { "\($0) \(state.rawValue)" } }
        var lines = ["\(letters) letters: \(counts.isEmpty ? "none" : counts.joined(separator: ", "))"]
        if !waiting.isEmpty {
            lines.append("waiting, \(chains.count) keys among them:")
            lines += LetterGroup.table(waiting).map { "  " + $0 }
        }
        for (reason, count) in foreign.sorted(by: { $0.key.rawValue < $1.key.rawValue }) {
            lines.append("foreign: \(count) \(reason.rawValue)")
        }
        return lines.joined(separator: "\n")
    }
}
