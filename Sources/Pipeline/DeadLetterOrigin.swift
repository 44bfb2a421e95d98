package import Kafka

extension DeadLetter {
    /// The first place of a record, as a dead letter and a record that was redriven tell it.
    package struct Origin: Hashable, Sendable {
        package let source: TopicPartition
        package let offset: Int64
        /// Milliseconds since 1970; tells apart records of a topic that was made anew.
        package let timestamp: Int64?

        package init(source: TopicPartition, offset: Int64, timestamp: Int64?) {
            self.source = source
            self.offset = offset
            self.timestamp = timestamp
        }

        /// Bytes that the name of a topic may have in Kafka.
        private static let topicLimit = 249

        /// Nil when the headers don't name a place.
        package init?(_ headers: [Header]) {
            guard let topic = headers.text(HeaderName.topic), (1...Self.topicLimit).contains(topic.utf8.count),
                let partition = headers.text(HeaderName.partition).flatMap({ Int32($0) }), partition >= 0,
                let offset = headers.text(HeaderName.offset).flatMap({ Int64($0) }), offset >= 0, offset < .max
            else { return nil }
            source = TopicPartition(topic: topic, partition: partition)
            self.offset = offset
            timestamp = headers.text(HeaderName.timestamp).flatMap { Int64($0) }
        }

        /// Where a record that was redriven was first; nil for one that never was.
        ///
        /// A redrive goes back to the topic and the partition that the record came from, so that other places mean a
        /// copied topic: its records are new ones.
        package init?(redriven headers: [Header], in source: TopicPartition, at offset: Int64) {
            guard !headers.isEmpty, DeadLetter.redrives(headers) > 0, let origin = Origin(headers),
                origin.source == source,
                origin.offset < offset
            else { return nil }
            self = origin
        }
    }

    /// What a record that a redrive has brought back says of itself; nil for any other record.
    package static func redriven(_ headers: [Header], in source: TopicPartition, at offset: Int64) -> Redriven? {
        guard let origin = Origin(redriven: headers, in: source, at: offset) else { return nil }
        return Redriven(
            original: origin.offset,
            known: headers.text(HeaderName.redriveAfter).flatMap { Int64($0) } ?? -1,
            isDiscarded: isDiscarded(headers)
        )
    }

    static let discardedText = "true"

    /// Whether somebody gave the record of these headers up for good.
    package static func isDiscarded(_ headers: [Header]) -> Bool {
        headers.text(HeaderName.discarded) == discardedText
    }

    /// How often the record of these headers was redriven.
    package static func redrives(_ headers: [Header]) -> Int {
        guard let count = headers.text(HeaderName.redrives).flatMap({ Int32($0) }), count > 0 else { return 0 }
        return Int(count)
    }

    /// Where the record of these headers stood when it died last; nil when they don't say.
    package static func standing(_ headers: [Header]) -> Int64? {
        headers.text(HeaderName.lastOffset).flatMap { Int64($0) } ?? Origin(headers)?.offset
    }

    /// The record that goes back to where it came from: key, value, headers and timestamp byte for byte, its first place
    /// and the count of redrives, this one included, and nothing else that the worker wrote. Nil when the letter does not
    /// say where it came from.
    ///
    /// - Parameters:
    ///   - known: where the latest dead letter of the key stood that the redrive knows of; nil: of this letter alone.
    ///   - discarding: it is given up for good. Once it was, it stays so.
    ///   - keepsTimestamp: false: the broker sets the time, because it refuses the record's own.
    package static func returned(
        _ letter: Record,
        after known: Int64? = nil,
        discarding: Bool = false,
        keepsTimestamp: Bool = true
    ) -> OutgoingRecord? {
        guard let origin = Origin(letter.headers) else { return nil }
        var headers = letter.headers.filter { !HeaderName.written.contains($0.name) }
        func add(_ name: String, _ text: String) {
            headers.append(Header(name: name, value: Array(text.utf8)))
        }
        add(HeaderName.topic, origin.source.topic)
        add(HeaderName.partition, String(origin.source.partition))
        add(HeaderName.offset, String(origin.offset))
        if let timestamp = origin.timestamp { add(HeaderName.timestamp, String(timestamp)) }
        // A count beyond Int32 would not be read again.
        add(HeaderName.redrives, String(min(redrives(letter.headers) + 1, Int(Int32.max))))
        add(HeaderName.redriveAfter, String(known ?? standing(letter.headers) ?? origin.offset))
        if discarding || isDiscarded(letter.headers) { add(HeaderName.discarded, discardedText) }
        return OutgoingRecord(
            topic: origin.source.topic,
            partition: origin.source.partition,
            key: letter.key.map(Array.init),
            value: letter.value.map(Array.init),
            headers: headers,
            // The dead-letter topic may have a clock of its own.
            timestamp: keepsTimestamp ? origin.timestamp ?? letter.timestamp?.milliseconds : nil
        )
    }
}

extension [Header] {
    /// The last header of this name as text; nil when there is none.
    package func text(_ name: String) -> String? {
        last { $0.name == name }?.value.map { String(decoding: $0, as: UTF8.self) }
    }
}
