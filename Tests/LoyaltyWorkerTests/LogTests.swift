import Foundation
import Kafka
import Logging
import Testing

@testable import LoyaltyWorker

@Suite struct `Log lines` {
    private let time = Date(timeIntervalSince1970: 1_700_000_000.25)

    private func line(_ format: Settings.Log.Format, _ message: String, _ metadata: Logger.Metadata = [:]) -> String {
        var handler = LineLogHandler(label: "worker", level: .info, format: format) { _ in }
        handler.metadata["group"] = "g"
        let event = LogEvent(
            level: .warning,
            message: "\(message)",
            metadata: metadata,
            source: "s",
            file: "f",
            function: "f",
            line: 1
        )
        return handler.line(event, at: time)
    }

    @Test func `for people they are aligned`() {
        #expect(
            line(.text, "a message", ["b": "two words", "a": "1"])
                == #"2023-11-14T22:13:20.250Z WARNING  worker  a message a=1 b="two words" group=g"#
        )
    }

    @Test func `for machines they are objects`() throws {
        let text = line(.json, "say \"hi\"\n", ["list": ["x", "y"], "number": .stringConvertible(5)])
        let object = try #require(try JSONSerialization.jsonObject(with: Data(text.utf8)) as? [String: Any])
        #expect(object["time"] as? String == "2023-11-14T22:13:20.250Z")
        #expect(object["level"] as? String == "warning")
        #expect(object["message"] as? String == "say \"hi\"\n")
        #expect(object["list"] as? [String] == ["x", "y"])
        #expect(object["number"] as? Int == 5)
        #expect(object["group"] as? String == "g")
    }

    @Test(arguments: [Settings.Log.Format.text, .json])
    func `whatever a message holds, there is one line and no control character`(_ format: Settings.Log.Format) {
        let evil = "a\nb\r\u{1b}[31mc\u{85}\u{0}"
        let text = line(format, evil, ["key": "\(evil)"])
        #expect(text.unicodeScalars.allSatisfy { $0.value >= 0x20 && !(0x7f...0x9f).contains($0.value) })
    }

    @Test func `repeated connection errors are left out and counted`() {
        let log = KafkaLog(logger: Logger(label: "kafka", factory: { _ in SwiftLogNoOpLogHandler() }))
        let failure = LogLine(level: 3, facility: "FAIL", message: "refused")
        let start = ContinuousClock.now
        #expect(log.suppressedBefore(failure, at: start) == 0)
        #expect(log.suppressedBefore(failure, at: start + .seconds(1)) == nil)
        #expect(log.suppressedBefore(failure, at: start + .seconds(29)) == nil)
        #expect(log.suppressedBefore(failure, at: start + .seconds(31)) == 2)
        let other = LogLine(level: 4, facility: "MAXPOLL", message: "late")
        #expect(log.suppressedBefore(other, at: start) == 0)
        #expect(log.suppressedBefore(other, at: start) == 0)
    }

    @Test(arguments: [(0, Logger.Level.error), (3, .warning), (4, .warning), (5, .notice), (6, .info), (7, .debug)])
    func `syslog levels become ours`(_ syslog: Int, _ level: Logger.Level) {
        #expect(KafkaLog.level(syslog) == level)
    }

    @Test func `the name of librdkafka's thread is left out`() {
        let line = LogLine(level: 3, facility: "FAIL", message: "[thrd:a:1/bootstrap]: a:1/bootstrap: refused")
        #expect(line.words == "a:1/bootstrap: refused")
    }
}
