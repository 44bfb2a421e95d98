import Foundation
import Kafka
import Synchronization

/// Keeps the last worry that librdkafka had.
final class LastLine: Sendable {
    private let line = Mutex<String?>(nil)

    var text: String? { line.withLock { $0 } }

    func take(_ new: LogLine) {
        guard new.level <= 4 else { return }
        line.withLock { $0 = new.words }
    }
}

extension LogLine {
    /// The message without the name of librdkafka's thread in front.
    var words: String {
        guard message.hasPrefix("[thrd:"), let end = message.range(of: "]: ") else { return message }
        return String(message[end.upperBound...])
    }
}
