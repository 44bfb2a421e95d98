/// Why a command ends without success: one line for stderr that says what, where and what to do, and the exit code for
/// scripts.
struct CommandFailure: Error, Equatable {
    enum Status: Int32, Sendable {
        /// The job failed, or an invariant broke.
        case failed = 1
        case usage = 64
        case unreachable = 69
        case settings = 78
    }

    let status: Status
    let message: String

    init(_ status: Status, _ message: String) {
        self.status = status
        self.message = message.oneLine(upTo: 2000)
    }

    static func failed(_ message: String) -> Self { Self(.failed, message) }
    static func usage(_ message: String) -> Self { Self(.usage, message) }
    static func unreachable(_ message: String) -> Self { Self(.unreachable, message) }
    static func settings(_ message: String) -> Self { Self(.settings, message) }
}
