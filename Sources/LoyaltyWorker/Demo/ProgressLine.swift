import Foundation

/// Shows how far a job is, on stderr: one line that is rewritten on a terminal, a new line now and then elsewhere.
struct ProgressLine {
    private let isTerminal: Bool
    private let interval: Duration
    private var next: ContinuousClock.Instant
    private var isShown = false

    init() {
        isTerminal = isatty(STDERR_FILENO) == 1
        interval = isTerminal ? .milliseconds(200) : .seconds(5)
        next = .now + (isTerminal ? .zero : interval)
    }

    /// Shows `text` when it is time to.
    mutating func show(_ text: @autoclosure () -> String) {
        let now = ContinuousClock.now
        guard now >= next else { return }
        next = now + interval
        write(text())
    }

    /// Shows `text` now, for good.
    mutating func finish(_ text: String) {
        write(text)
        if isTerminal { Terminal.write("\n", to: .standardError) }
        isShown = false
    }

    /// Leaves the line that stands there as it is.
    mutating func end() {
        if isShown { Terminal.write("\n", to: .standardError) }
        isShown = false
    }

    private mutating func write(_ text: String) {
        guard isTerminal else { return Terminal.printError(text) }
        // To the start of the line, and nothing left of what stood there. What a narrow terminal can't show is cut off,
        // because a line that goes on below could not be rewritten.
        Terminal.write("\r\u{1b}[2K\u{1b}[?7l" + text + "\u{1b}[?7h", to: .standardError)
        isShown = true
    }
}
