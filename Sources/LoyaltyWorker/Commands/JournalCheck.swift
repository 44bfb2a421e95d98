import Foundation
import Stages

/// Whether the journal opens and can be written.
enum JournalCheck {
    static func finding(_ location: JournalLocation) async -> Finding {
        switch location {
        case .none:
            return Finding(.warning, "journal", "none: repeated deliveries have repeated effects after a restart")
        case .sqlite(let path):
            let files = FileManager.default
            guard files.fileExists(atPath: path) else {
                let folder = URL(fileURLWithPath: path).deletingLastPathComponent().path
                return files.isWritableFile(atPath: folder)
                    ? Finding(.ok, "journal", "\(path) will be made")
                    : Finding(
                        .failed,
                        "journal",
                        "\(path) can't be made: \(folder) is no folder that this user may write"
                    )
            }
            guard files.isWritableFile(atPath: path) else {
                return Finding(
                    .failed,
                    "journal",
                    "\(path) may not be written by this user; mend that or set journal.url"
                )
            }
            do throws(JournalError) {
                try await Journal.open(path: path).close()
                return Finding(.ok, "journal", "\(path) opens")
            } catch {
                return Finding(.failed, "journal", "\(error); mend that or set journal.url")
            }
        }
    }
}
