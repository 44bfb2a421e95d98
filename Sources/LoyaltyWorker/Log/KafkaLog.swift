import Kafka
import Logging
import Synchronization

/// Hands librdkafka's lines to the log, and each kind of line only now and then: while a broker is away it says so many
/// times a second.
final class KafkaLog: Sendable {
    private struct Line {
        var nextAt: ContinuousClock.Instant
        var left: Int
    }

    /// Between two lines of the same facility.
    private static let interval: Duration = .seconds(30)
    /// Facilities of lost and refused connections, of errors that come again with each try.
    private static let repeated: Set<String> = [
        "FAIL", "ERROR", "CONFAIL", "REQTMOUT", "APIVERSION", "BRKMAIN", "HBEAT", "CONNECT", "GETPID", "_ERROR",
    ]

    private let logger: Logger
    private let lines = Mutex<[String: Line]>([:])

    init(logger: Logger) {
        self.logger = logger
    }

    func write(_ line: LogLine) {
        let suppressed = suppressedBefore(line, at: .now)
        guard let suppressed else { return }
        var metadata: Logger.Metadata = ["facility": "\(line.facility)"]
        if suppressed > 0 { metadata["more_like_it"] = "\(suppressed)" }
        logger.log(level: Self.level(line.level), "librdkafka: \(line.words)", metadata: metadata)
    }

    /// How many lines of this kind were left out since the last one that was written; nil when this one is left out
    /// too.
    func suppressedBefore(_ line: LogLine, at now: ContinuousClock.Instant) -> Int? {
        guard Self.repeated.contains(line.facility) else { return 0 }
        return lines.withLock { lines in
            let known = lines[line.facility]
            if let known, known.nextAt > now {
                lines[line.facility]?.left += 1
                return nil
            }
            lines[line.facility] = Line(nextAt: now + Self.interval, left: 0)
            return known?.left ?? 0
        }
    }

    /// From syslog's levels. librdkafka's errors are worries at most: it tries again by itself.
    static func level(_ syslog: Int) -> Logger.Level {
        switch syslog {
        case ...2: .error
        case 3, 4: .warning
        case 5: .notice
        case 6: .info
        default: .debug
        }
    }
}
