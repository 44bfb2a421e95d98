import ArgumentParser
import Foundation
import Pipeline
import Testing

@testable import LoyaltyWorker

@Suite struct `The report has the documented keys` {
    private var counts: WorkerCounts {
        var counts = WorkerCounts(stages: ["notification", "publication"])
        counts.received = 100
        counts.accepted = 90
        counts.ignored = 7
        counts.deadLetters = 3
        counts.stages[0].performed = 85
        counts.stages[0].suppressed = 4
        counts.stages[0].repeated = 1
        counts.stages[1].performed = 20
        counts.stages[1].suppressed = 2
        counts.latency.record(microseconds: 1500, times: 90)
        return counts
    }

    @Test func `every key and value`() throws {
        let worker = WorkerReport(counts: counts, seconds: 2, handlingSeconds: 1.25, hasReachedEnd: true)
        let line = RunReport(worker).json
        #expect(!line.contains("\n"))
        let report = try #require(try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any])
        #expect(report["events"] as? Int == 100)
        #expect(report["accepted"] as? Int == 90)
        #expect(report["ignored"] as? Int == 7)
        #expect(report["dead_letters"] as? Int == 3)
        #expect(report["notifications"] as? [String: Int] == ["sent": 85, "suppressed": 4, "repeated": 1])
        #expect(report["publications"] as? [String: Int] == ["recorded": 20, "repeated": 2])
        #expect(report["lost"] as? Int == 0)
        #expect(report["seconds"] as? Double == 2)
        #expect(report["handling_seconds"] as? Double == 1.25)
        #expect(report["events_per_second"] as? Double == 50)
        let latency = try #require(report["latency_ms"] as? [String: Double])
        #expect(Set(latency.keys) == ["p50", "p99"])
        #expect(latency["p50"].map { (1.4...1.6).contains($0) } == true)
        #expect((report["max_resident_mib"] as? Int).map { $0 > 0 } == true)
    }

    @Test func `a run to the end that was stopped before is a failure`() {
        var counts = counts
        let whole = RunReport(WorkerReport(counts: counts, seconds: 2, hasReachedEnd: true))
        #expect(whole.failure == nil)
        #expect(whole.text.contains("\nunfinished     0\n"))
        counts.abandoned = 12
        let rebalanced = RunReport(WorkerReport(counts: counts, seconds: 2, hasReachedEnd: true))
        #expect(rebalanced.failure == nil, "given up to another member, and the end was reached all the same")
        let cut = RunReport(WorkerReport(counts: counts, seconds: 2, hasReachedEnd: false))
        #expect(cut.failure?.status == .failed)
        #expect(cut.failure?.message.contains("12 of 100 events are unfinished and were not committed") == true)
        #expect(cut.text.contains("\nunfinished     12\n"))
    }

    @Test func `the help of run explains every field`() {
        let report = RunReport(WorkerReport(counts: counts, seconds: 2, hasReachedEnd: true))
        for (key, _) in report.fields { #expect(RunReport.help.contains(key)) }
        for line in RunReport.help.split(separator: "\n") { #expect(line.count <= 78) }
        let help = RunCommand.helpMessage()
        for words in ["EXIT CODES", "REPORT", "LOYALTY_CONFIG", "LOYALTY_NOTIFICATION_WEBHOOK_SECRET_FILE"] {
            #expect(help.contains(words))
        }
    }

    @Test func `a run without events has a report too`() throws {
        let line = RunReport(WorkerReport(counts: WorkerCounts(), seconds: 0, hasReachedEnd: true)).json
        let report = try #require(try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any])
        #expect(report["events_per_second"] as? Double == 0)
        #expect((report["latency_ms"] as? [String: Any])?["p50"] is NSNull)
    }

    @Test func `json texts survive every character`() throws {
        let text = "\u{0}\u{1b}\"\\/\n\r\t\u{7f}\u{9f}\u{2028}é🎁"
        let line = JSONValue.object([(text, .list([.text(text), .number(.nan), .number(1.5), .integer(-1), true]))])
            .line
        #expect(line.unicodeScalars.allSatisfy { $0.value >= 0x20 && !(0x7f...0x9f).contains($0.value) })
        let object = try #require(try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: [Any]])
        #expect(object[text]?.first as? String == text)
        #expect(object[text]?[1] is NSNull)
    }
}
