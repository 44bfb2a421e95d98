import Foundation
import Kafka
import Pipeline
import Testing

@testable import LoyaltyWorker

@Suite struct `Metrics are Prometheus text` {
    /// Names of metrics in order, from text that is checked line by line.
    private func families(_ text: String) throws -> [String] {
        let sample = try Regex(
            #"^([a-zA-Z_:][a-zA-Z0-9_:]*)(\{([a-z_]+="(\\.|[^"\\])*",?)+\})? (NaN|[+-]Inf|-?[0-9.e+-]+)$"#
        )
        var families: [String] = []
        var kinds: [String: Substring] = [:]
        #expect(text.hasSuffix("\n"))
        var pendingHelp: Substring?
        for line in text.split(separator: "\n") {
            let words = line.split(separator: " ", maxSplits: 3)
            if line.hasPrefix("# HELP ") {
                pendingHelp = words[2]
                #expect(words.count == 4)
            } else if line.hasPrefix("# TYPE ") {
                #expect(words[2] == pendingHelp, "TYPE follows HELP of the same name")
                let earlier = kinds.updateValue(words[3], forKey: String(words[2]))
                #expect(earlier == nil, "TYPE is given once")
                families.append(String(words[2]))
            } else {
                let match = try #require(try sample.wholeMatch(in: String(line)), "not a sample: \(line)")
                let name = String(try #require(match.output[1].substring))
                let family = try #require(families.last)
                let suffixes = kinds[family] == "histogram" ? ["_bucket", "_sum", "_count"] : [""]
                #expect(suffixes.contains { family + $0 == name }, "\(name) is not of \(family)")
                if kinds[family] == "counter" { #expect(family.hasSuffix("_total")) }
            }
        }
        return families
    }

    @Test func `every line is valid, and help and type come once for each name`() throws {
        let families = try families(WorkerMetrics.text(StatusFixture.snapshot()))
        #expect(Set(families).count == families.count)
        for name in [
            "messaging_client_consumed_messages_total", "messaging_process_duration_seconds",
            "loyalty_worker_frontier_offset", "loyalty_worker_lag_records",
            "loyalty_worker_oldest_unfinished_age_seconds", "loyalty_worker_in_flight", "loyalty_worker_buffered_bytes",
            "loyalty_worker_retries_total", "loyalty_worker_dead_letters_total", "loyalty_worker_breaker_state",
            "loyalty_worker_commits_total", "process_resident_memory_bytes",
        ] {
            #expect(families.contains(name))
        }
    }

    @Test func `values and labels are those of the status`() {
        let text = WorkerMetrics.text(StatusFixture.snapshot(StatusFixture.status(breaker: .halted)))
        let place = "{topic=\"loyalty.events\",partition=\"3\"}"
        for line in [
            "loyalty_worker_frontier_offset\(place) 42", "loyalty_worker_lag_records\(place) 58",
            "loyalty_worker_oldest_unfinished_age_seconds\(place) 600",
            "loyalty_worker_breaker_state{stage=\"notification\",state=\"halted\"} 1",
            "loyalty_worker_breaker_state{stage=\"notification\",state=\"closed\"} 0",
            "loyalty_worker_events_total{outcome=\"accepted\"} 50", "process_start_time_seconds 1000",
        ] {
            #expect(text.contains("\n\(line)\n"))
        }
    }

    @Test func `the lag counts to the newest end that is known`() {
        var snapshot = StatusFixture.snapshot()
        #expect(snapshot.lag == 58)
        snapshot.ends[StatusFixture.source] = 142
        #expect(snapshot.lag == 100)
        snapshot.ends[StatusFixture.source] = 50
        #expect(snapshot.lag == 58)
        #expect(StatusFixture.snapshot(WorkerStatus()).lag == nil)
    }

    @Test func `a histogram is cumulative and ends with all`() {
        let text = WorkerMetrics.text(StatusFixture.snapshot())
        let name = "messaging_process_duration_seconds"
        let counts = text.split(separator: "\n").filter { $0.hasPrefix(name + "_bucket") }.compactMap {
            $0.split(separator: " ").last.flatMap { Int($0) }
        }
        #expect(counts.count == MetricsText.bounds.count + 1)
        #expect(counts == counts.sorted())
        #expect(counts.first == 40)
        #expect(counts.last == 41)
    }

    @Test func `labels are escaped`() throws {
        let text = WorkerMetrics.text(StatusFixture.snapshot(topics: ["a\"b\\c\nd"]))
        #expect(text.contains(#"messaging_destination_name="a\"b\\c\nd""#))
        _ = try families(text)
    }

    @Test func `an empty worker has valid metrics too`() throws {
        _ = try families(WorkerMetrics.text(StatusFixture.snapshot(WorkerStatus())))
    }

    @Test func `finished events are a counter of their own`() {
        let text = WorkerMetrics.text(StatusFixture.snapshot())
        #expect(!text.contains("outcome=\"finished\""))
        #expect(text.contains("\nloyalty_worker_events_finished_total 0\n"))
    }

    @Test(arguments: [CircuitBreaker.State.open(until: .seconds(1)), CircuitBreaker.State.halted])
    func `the headline is green only when no breaker is in the way`(_ state: CircuitBreaker.State) {
        let calm = StatusPage.html(StatusFixture.snapshot(), stuck: [])
        #expect(calm.contains("<h1>loyalty-worker <span class=\"good\">working</span></h1>"))
        let held = StatusPage.html(StatusFixture.snapshot(StatusFixture.status(breaker: state)), stuck: [])
        #expect(
            held.contains(
                "<h1>loyalty-worker <span class=\"bad\">working, notification breaker \(state.word)</span></h1>"
            )
        )
    }

    @Test func `the status is json and the page is escaped`() throws {
        let evil = "<script>alert('x')</script>"
        let oldest = StatusFixture.oldest(lastFailure: evil)
        let status = StatusFixture.status([StatusFixture.partition(oldest: oldest)])
        let snapshot = StatusFixture.snapshot(status, group: evil)
        let page = StatusPage.html(snapshot, stuck: [])
        #expect(!page.contains("<script"))
        #expect(page.contains("&lt;script&gt;alert(&#39;x&#39;)&lt;/script&gt;"))
        #expect(page.contains(StatusPage.style))
        let object = try JSONSerialization.jsonObject(with: Data(StatusJSON.text(snapshot).utf8)) as? [String: Any]
        #expect(object?["group"] as? String == evil)
        #expect(object?["lag"] as? Int == 58)
    }
}
