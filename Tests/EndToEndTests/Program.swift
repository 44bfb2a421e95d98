import Foundation
import Synchronization
import Testing

/// A process of the program under test, or of a broker, with its output line by line.
final class Program: Sendable {
    struct Outcome {
        let status: Int32
        let wasKilled: Bool
        let output: [String]
        let errors: String

        /// The last line of the output as a JSON object.
        var json: [String: Any] {
            get throws {
                let line = try #require(output.last, "no output; errors: \(errors.suffix(2000))")
                return try #require(try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any])
            }
        }
    }

    /// Everything that one pipe has brought so far, and who waits for more.
    private final class Lines: Sendable {
        private struct State {
            var rest: [UInt8] = []
            var lines: [String] = []
            var isAtEnd = false
            var waiters: [CheckedContinuation<Void, Never>] = []
        }

        private let state = Mutex(State())

        func read(from pipe: Pipe) {
            let handle = pipe.fileHandleForReading
            let thread = Thread { [self] in
                while true {
                    let data = handle.availableData
                    append(data)
                    if data.isEmpty { break }
                }
            }
            thread.start()
        }

        private func append(_ data: Data) {
            state.withLock { state in
                if data.isEmpty { state.isAtEnd = true }
                state.rest.append(contentsOf: data)
                while let end = state.rest.firstIndex(of: 10) {
                    state.lines.append(String(decoding: state.rest[..<end], as: UTF8.self))
                    state.rest.removeSubrange(...end)
                }
            }
            wake()
        }

        /// Waits until `condition` holds for what was read; false when the pipe ended, or the test ran out of time, before.
        func wait(_ condition: ([String]) -> Bool) async -> Bool {
            while true {
                let (holds, isAtEnd, seen) = state.withLock { (condition($0.lines), $0.isAtEnd, $0.lines.count) }
                if holds { return true }
                if isAtEnd || Task.isCancelled { return false }
                await withTaskCancellationHandler {
                    await withCheckedContinuation { continuation in
                        let isStale = state.withLock { state in
                            guard state.lines.count == seen, !state.isAtEnd, !Task.isCancelled else { return true }
                            state.waiters.append(continuation)
                            return false
                        }
                        if isStale { continuation.resume() }
                    }
                } onCancel: {
                    wake()
                }
            }
        }

        private func wake() {
            let waiters = state.withLock { state in
                defer { state.waiters = [] }
                return state.waiters
            }
            for waiter in waiters { waiter.resume() }
        }

        var all: [String] { state.withLock { $0.lines } }
    }

    static let executable = Bundle.module.bundleURL.deletingLastPathComponent().appending(path: "loyalty-worker")

    let process = Process()
    private let output = Lines()
    private let errors = Lines()
    private let input = Pipe()

    private let ending: Int32

    /// - Parameter ending: the signal that ends it when nobody holds it any more.
    init(_ arguments: [String], executable: URL = Program.executable, ending: Int32 = SIGKILL) throws {
        self.ending = ending
        process.executableURL = executable
        process.arguments = arguments
        let (outputPipe, errorPipe) = (Pipe(), Pipe())
        process.standardInput = input
        process.standardOutput = outputPipe
        process.standardError = errorPipe
        try process.run()
        output.read(from: outputPipe)
        errors.read(from: errorPipe)
    }

    deinit {
        if process.isRunning { kill(process.processIdentifier, ending) }
    }

    func send(_ signal: Int32) {
        if process.isRunning { kill(process.processIdentifier, signal) }
    }

    func write(_ line: String) throws {
        try input.fileHandleForWriting.write(contentsOf: Data((line + "\n").utf8))
    }

    /// The first line of the output.
    func firstLine() async throws -> String {
        _ = await output.wait { !$0.isEmpty }
        return try #require(output.all.first, "no output; errors: \(errorText.suffix(2000))")
    }

    /// Waits until the output has so many lines.
    func outputReaches(_ count: Int) async -> Bool {
        await output.wait { $0.count >= count }
    }

    /// Waits until a line on stderr holds the text, or so many of them do.
    func logs(_ text: String, times: Int = 1) async -> Bool {
        await errors.wait { $0.count { $0.contains(text) } >= times }
    }

    /// As `logs`, but no longer than `patience`.
    func logs(_ text: String, times: Int = 1, within patience: Duration) async -> Bool {
        await withTaskGroup(of: Bool.self) { group in
            group.addTask { await self.logs(text, times: times) }
            group.addTask {
                try? await Task.sleep(for: patience)
                return false
            }
            defer { group.cancelAll() }
            return await group.next() ?? false
        }
    }

    /// Waits for one more line on stderr.
    func logsMore() async -> Bool {
        let before = errors.all.count
        return await errors.wait { $0.count > before }
    }

    var lines: [String] { output.all }

    var errorLines: [String] { errors.all }

    var errorText: String { errors.all.joined(separator: "\n") }

    /// Waits for the end; a test that ran out of time kills it.
    func finish() async -> Outcome {
        _ = await output.wait { _ in false }
        _ = await errors.wait { _ in false }
        if Task.isCancelled { send(SIGKILL) }
        process.waitUntilExit()
        return Outcome(
            status: process.terminationStatus,
            wasKilled: process.terminationReason == .uncaughtSignal,
            output: output.all,
            errors: errorText
        )
    }

    /// Runs to the end and asks for a status.
    @discardableResult
    static func run(_ arguments: [String], expecting status: Int32 = 0) async throws -> Outcome {
        let outcome = await (try Program(arguments)).finish()
        #expect(outcome.status == status, "\(arguments.joined(separator: " ")): \(outcome.errors.suffix(3000))")
        return outcome
    }
}
