import Foundation
import Testing

/// A place in a group that is filled again whenever its worker has ended.
final class Member {
    enum Ending {
        /// None was asked for: it must go on.
        case none
        case kill
        case terminate
    }

    private let arguments: [String]
    private(set) var worker: Program
    private(set) var ending = Ending.none
    /// Reports of the workers that ended as asked.
    private(set) var reports: [[String: Any]] = []
    /// Assignments that were lost, not asked back, by workers that have ended.
    private var earlierLosses = 0
    /// Workers that stopped as asked, but could not close their client in time and left without.
    private(set) var forcedExits = 0
    private let mayBeForced: Bool
    var isPaused = false

    /// - Parameter mayBeForced: the broker may keep a worker from closing, so that its watchdog must end it.
    init(_ arguments: [String], mayBeForced: Bool = false) throws {
        self.arguments = arguments
        self.mayBeForced = mayBeForced
        worker = try Self.start(arguments)
    }

    /// A write beyond a limit on the size of files is to fail, not to end the process.
    private static func start(_ arguments: [String]) throws -> Program {
        try Program(
            ["-c", "trap '' XFSZ; exec \"$0\" \"$@\"", Program.executable.path, "run", "--json"] + arguments,
            executable: URL(filePath: "/bin/sh")
        )
    }

    var hasEnded: Bool { !worker.process.isRunning }

    var losses: Int { earlierLosses + lossesNow }

    private var lossesNow: Int { worker.errorLines.count { $0.contains("revoked") && $0.contains("lost=true") } }

    func kill() {
        ending = .kill
        worker.send(SIGKILL)
        isPaused = false
    }

    func terminate() {
        if ending == .none { ending = .terminate }
        worker.send(SIGTERM)
    }

    func pause() {
        isPaused = true
        worker.send(SIGSTOP)
    }

    func resume() {
        isPaused = false
        worker.send(SIGCONT)
    }

    /// Waits for the end that was asked for, and checks that it was that one.
    func finish() async throws {
        let outcome = await worker.finish()
        switch ending {
        case .kill:
            // It may have been about to end as asked before.
            #expect(outcome.wasKilled || outcome.status == 0, "\(outcome.errors.suffix(3000))")
        case .terminate:
            // Nobody listens to signals yet in a process that has not said anything either.
            let isBeforeStart = outcome.wasKilled && outcome.status == SIGTERM && outcome.errors.isEmpty
            let isOrderly = outcome.status == 0 && !outcome.wasKilled
            let isForced =
                mayBeForced && outcome.status == 1 && outcome.errors.contains("the Kafka client did not close")
            if isForced { forcedExits += 1 }
            #expect(isOrderly || isBeforeStart || isForced, "\(outcome.status): \(outcome.errors.suffix(3000))")
            if isOrderly, !outcome.output.isEmpty { reports.append(try outcome.json) }
        case .none:
            Issue.record("a worker ended by itself with \(outcome.status): \(outcome.errors.suffix(3000))")
        }
    }

    /// Puts a new worker in the place of the one that has ended.
    func refill() throws {
        earlierLosses += lossesNow
        isPaused = false
        ending = .none
        worker = try Self.start(arguments)
    }

    /// Sets the largest size of a file that the worker may write; nil: any.
    func limitFiles(to bytes: Int?) async throws {
        let limit = bytes.map { "\($0)" } ?? "unlimited"
        let arguments = ["--pid", "\(worker.process.processIdentifier)", "--fsize=\(limit):"]
        // The worker may have ended meanwhile.
        _ = await (try Program(arguments, executable: URL(filePath: "/usr/bin/prlimit"))).finish()
    }

    func sum(_ path: String...) -> Int {
        reports.reduce(0) { sum, report in
            var value: Any? = report
            for name in path { value = (value as? [String: Any])?[name] }
            return sum + (value as? Int ?? 0)
        }
    }
}
