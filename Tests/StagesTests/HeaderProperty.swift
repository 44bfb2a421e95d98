import Kafka
import LoyaltyEvents
import Pipeline

@testable import Stages

/// What holds of any headers, for the fuzzer and for the replay of its corpus. The data are headers: a byte that picks the
/// name, one for the length, the value.
enum HeaderProperty {
    private typealias Name = DeadLetter.HeaderName

    private static let names = [
        Name.topic, Name.partition, Name.offset, Name.timestamp, Name.redrives, Name.redriveAfter, Name.lastOffset,
        Name.message, "traceparent", "retry-after", "ce_type", "ce_id", "content-type", "ce_source", "x",
    ]

    /// What does not hold; nil when all does.
    static func broken(by data: [UInt8]) -> String? {
        let headers = headers(data)
        return brokenReading(headers) ?? brokenLetter(headers)
    }

    private static func headers(_ data: [UInt8]) -> [Header] {
        var rest = data[...]
        var headers: [Header] = []
        while let pick = rest.popFirst(), headers.count < 64 {
            let length = rest.popFirst().map(Int.init)
            // Long values need few bytes of data.
            let times = pick >= 0x80 ? 20 : 1
            let value = length.map { length in (0..<times).flatMap { _ in rest.prefix(length) } }
            rest = rest.dropFirst(length ?? 0)
            headers.append(Header(name: names[Int(pick) % names.count], value: value))
        }
        return headers
    }

    private static func brokenReading(_ headers: [Header]) -> String? {
        _ = CloudEventAttributes(headers: headers.lazy.map { ($0.name, $0.value) })
        let record = Record(
            source: TopicPartition(topic: "t", partition: 0),
            offset: 7,
            key: nil,
            value: nil,
            headers: headers
        )
        if let trace = TraceParent.received(in: record), trace.utf8.count != 55 { return "a trace of \(trace)" }
        guard let text = headers.text("retry-after") else { return nil }
        for milliseconds in [0, 1_790_000_000_000, .min, .max] as [Int64] {
            let now = UTCTime(milliseconds: milliseconds)
            let wait = RetryAfter.duration(text, now: now, limit: .seconds(3600))
            if let wait, wait < .zero || wait > .seconds(3600) { return "a wait of \(wait)" }
        }
        _ = UTCTime(iso8601: text)?.iso8601
        return nil
    }

    private static func brokenLetter(_ headers: [Header]) -> String? {
        // In its first place, and where a redrive may have brought it.
        let told = DeadLetter.Origin(headers)?.source
        for source in [TopicPartition(topic: "t", partition: 0), told].compactMap({ $0 }) {
            for offset in [0, 7, Int64.max - 1] {
                let record = Record(
                    source: source,
                    offset: offset,
                    timestamp: Timestamp(milliseconds: 5, kind: .create),
                    key: [1],
                    value: nil,
                    headers: headers
                )
                if let reason = brokenLetter(of: record) { return reason }
            }
        }
        return nil
    }

    private static func brokenLetter(of record: Record) -> String? {
        let message = record.headers.text(Name.message) ?? "m"
        let letter = DeadLetter(
            record: record,
            cause: DeadLetter.Cause(.stage, message, stage: message, attempts: 3),
            firstFailure: "2026-11-23T14:48:25.123Z"
        )
        let written = letter.outgoing(to: "dlt", group: message).headers
        if let long = tooLong(written) { return "\(long) is too long in a dead letter" }
        let first = DeadLetter.Origin(redriven: record.headers, in: record.source, at: record.offset)
        guard let origin = DeadLetter.Origin(written), origin.source == record.source,
            origin.offset == first?.offset ?? record.offset
        else { return "a dead letter does not tell its first place" }

        let stored = Record(
            source: TopicPartition(topic: "dlt", partition: 0),
            offset: 1,
            key: [1],
            value: nil,
            headers: written
        )
        guard let returned = DeadLetter.returned(stored) else { return "a dead letter can't be redriven" }
        if let long = tooLong(returned.headers) { return "\(long) is too long in a redriven record" }
        guard returned.topic == record.source.topic, returned.partition == record.source.partition else {
            return "a record was redriven to \(returned.topic)"
        }
        guard DeadLetter.redriven(returned.headers, in: record.source, at: .max)?.original == origin.offset else {
            return "a redriven record does not tell its first place"
        }
        return nil
    }

    /// The header of this worker's that has more bytes than are allowed.
    private static func tooLong(_ headers: [Header]) -> String? {
        let own = [
            Name.topic, Name.partition, Name.offset, Name.timestamp, Name.group, Name.message, Name.errorClass,
            Name.stage,
            Name.attempts, Name.firstFailure, Name.redrives, Name.redriveAfter, Name.lastOffset,
        ]
        return headers.first { own.contains($0.name) && ($0.value ?? []).count > DeadLetter.headerLimit }?.name
    }
}
