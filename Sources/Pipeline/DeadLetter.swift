package import Kafka

/// A record that can't be processed, kept whole in another topic with the reason.
package struct DeadLetter: Sendable {
    /// Why a record is dead, in words that carry no payload data.
    package struct Cause: Sendable, Equatable {
        /// The header `loyalty-error-class`.
        package enum Class: String, Sendable {
            case decode, stage, oversize, parked
        }

        package let errorClass: Class
        package let message: String
        /// The stages that failed, by name, when `errorClass` is `stage`.
        package var stage: String?
        /// Attempts made at the stage.
        package var attempts: Int

        package init(_ errorClass: Class, _ message: String, stage: String? = nil, attempts: Int = 0) {
            self.errorClass = errorClass
            self.message = message
            self.stage = stage
            self.attempts = attempts
        }
    }

    /// Headers that this worker writes; they are replaced, never doubled, when a record dies again after a redrive. Its
    /// first place and the count of redrives are kept.
    package enum HeaderName {
        package static let topic = "kafka_dlt-original-topic"
        package static let partition = "kafka_dlt-original-partition"
        package static let offset = "kafka_dlt-original-offset"
        package static let timestamp = "kafka_dlt-original-timestamp"
        package static let group = "kafka_dlt-original-consumer-group"
        package static let message = "kafka_dlt-exception-message"
        package static let errorClass = "loyalty-error-class"
        package static let stage = "loyalty-stage"
        package static let attempts = "loyalty-attempts"
        package static let firstFailure = "loyalty-first-failure-at"
        package static let redrives = "loyalty-redrives"
        /// Where a redriven record stood when it died again.
        package static let lastOffset = "loyalty-last-offset"
        /// On redriven records: where the latest dead letter of the key stood (`loyalty-last-offset`, or else the original offset)
        /// that the redrive knew of.
        package static let redriveAfter = "loyalty-redrive-after"
        /// On redriven records, `true`: given up for good, no stage runs.
        package static let discarded = "loyalty-discarded"

        static let written: Set<String> = [
            topic, partition, offset, timestamp, group, message, errorClass, stage, attempts, firstFailure, redrives,
            redriveAfter, lastOffset, discarded,
        ]
    }

    /// Bytes that one header value may have.
    package static let headerLimit = 256

    package let record: Record
    package let cause: Cause
    /// ISO 8601, when the record failed first.
    package let firstFailure: String

    package init(record: Record, cause: Cause, firstFailure: String) {
        self.record = record
        self.cause = cause
        self.firstFailure = firstFailure
    }

    /// The record to publish: key, value, headers and timestamp byte for byte, and the reason as headers.
    package func outgoing(to topic: String, group: String, keepsTimestamp: Bool = true) -> OutgoingRecord {
        var headers = record.headers.filter { !HeaderName.written.contains($0.name) }
        func add(_ name: String, _ text: String) {
            headers.append(Header(name: name, value: Self.bounded(text)))
        }
        let first = Origin(redriven: record.headers, in: record.source, at: record.offset)
        add(HeaderName.topic, record.source.topic)
        add(HeaderName.partition, String(record.source.partition))
        add(HeaderName.offset, String(first?.offset ?? record.offset))
        if let timestamp = first?.timestamp ?? record.timestamp?.milliseconds {
            add(HeaderName.timestamp, String(timestamp))
        }
        add(HeaderName.group, group)
        add(HeaderName.message, cause.message)
        add(HeaderName.errorClass, cause.errorClass.rawValue)
        if let stage = cause.stage {
            add(HeaderName.stage, stage)
        }
        add(HeaderName.attempts, String(cause.attempts))
        add(HeaderName.firstFailure, firstFailure)
        if first != nil { add(HeaderName.lastOffset, String(record.offset)) }
        let redrives = Self.redrives(record.headers)
        if redrives > 0 { add(HeaderName.redrives, String(redrives)) }
        // Parked again, it stays given up.
        if first != nil, Self.isDiscarded(record.headers) { add(HeaderName.discarded, Self.discardedText) }
        return OutgoingRecord(
            topic: topic,
            partition: nil,
            key: record.key.map(Array.init),
            value: record.value.map(Array.init),
            headers: headers,
            timestamp: keepsTimestamp ? record.timestamp?.milliseconds : nil
        )
    }

    /// At most `headerLimit` bytes of UTF-8, cut between characters.
    private static func bounded(_ text: String) -> [UInt8] {
        guard text.utf8.count > headerLimit else { return Array(text.utf8) }
        var bytes: [UInt8] = []
        for character in text {
            let next = character.utf8
            if bytes.count + next.count > headerLimit { break }
            bytes.append(contentsOf: next)
        }
        return bytes
    }
}
