import Foundation
import Synchronization

/// The process's output, one whole line at a time. Whoever reads it may have gone: that is no reason to end.
enum Terminal {
    private static let lock = Mutex(())

    /// For results.
    static func print(_ line: String) {
        write(line + "\n", to: .standardOutput)
    }

    /// For messages.
    static func printError(_ line: String) {
        write(line + "\n", to: .standardError)
    }

    /// Text as it is, such as a help page.
    static func write(_ text: String, to file: FileHandle) {
        lock.withLock { _ in try? file.write(contentsOf: Data(text.utf8)) }
    }
}
