import Kafka
import LoyaltyEvents
import Pipeline
import Stages

/// The intake of a replay: leaves out what the filter does not want, and looks at the order of what comes. For the real run and the
/// rehearsal alike; one task owns it.
final class ReplayIntake: Intake {
    private struct Key: Hashable {
        let partition: Int32
        let lane: UInt64
    }

    private struct Progress {
        var newest: Int64
        var isOutOfOrder = false
    }

    /// Keys whose order is looked at, about 40 bytes each; later ones are not counted.
    private static let keyLimit = 1_000_000

    private let intake: LoyaltyIntake
    /// Decodes what has no stage to go to, when a filter must see it.
    private let filter: ReplayFilter?
    private let decoder = EventDecoder()
    private let books: ReplayBooks
    private let gaps: LogGaps
    private var keys: [Key: Progress] = [:]
    private var hasLogAppendTime = false
    /// The partition that the last record came from, and its next offset; records come in batches.
    private var current: TopicPartition?
    private var next: Int64 = 0
    /// The next offsets of the other partitions.
    private var others: [TopicPartition: Int64] = [:]

    init(_ intake: LoyaltyIntake, filter: ReplayFilter, books: ReplayBooks, gaps: LogGaps) {
        self.intake = intake
        self.filter = filter.isNone ? nil : filter
        self.books = books
        self.gaps = gaps
    }

    func receive(_ message: borrowing Message, of source: TopicPartition) -> Reception {
        receive(message.record(of: source))
    }

    func receive(_ record: Record) -> Reception {
        follow(record)
        let reception = intake.receive(record)
        let lane: UInt64
        let work: LoyaltyWork?
        switch reception {
        case .settled(let key): (lane, work) = (key, nil)
        case .accept(let key, _, let item): (lane, work) = (key, item as? LoyaltyWork)
        case .ignore, .reject: return reception
        }
        if let filter, !isWanted(record, work, filter) {
            books.countFiltered()
            return .ignore
        }
        if let timestamp = record.timestamp { look(at: timestamp, Key(partition: record.source.partition, lane: lane)) }
        return reception
    }

    /// Looks for offsets that did not come.
    private func follow(_ record: Record) {
        if record.source != current {
            if let current { others[current] = next }
            current = record.source
            next = others[record.source] ?? record.offset
        }
        if record.offset > next { gaps.skipped(next..<record.offset, of: record.source) }
        next = record.offset &+ 1
    }

    private func isWanted(_ record: Record, _ work: LoyaltyWork?, _ filter: ReplayFilter) -> Bool {
        if let work { return filter.matches(work.event) }
        let attributes =
            record.headers.isEmpty
            ? nil : CloudEventAttributes(headers: record.headers.lazy.map { (name: $0.name, value: $0.value) })
        guard case .accept(let event) = decoder.decode(record.bytes, count: record.valueCount, attributes: attributes)
        else { return false }
        return filter.matches(event)
    }

    private func look(at timestamp: Timestamp, _ key: Key) {
        if timestamp.kind == .logAppend, !hasLogAppendTime {
            hasLogAppendTime = true
            books.noteLogAppendTime()
        }
        guard let place = keys.index(forKey: key) else {
            if keys.count < Self.keyLimit { keys[key] = Progress(newest: timestamp.milliseconds) }
            return
        }
        if timestamp.milliseconds >= keys.values[place].newest {
            keys.values[place].newest = timestamp.milliseconds
        } else if !keys.values[place].isOutOfOrder {
            keys.values[place].isOutOfOrder = true
            books.countKeyOutOfOrder()
        }
    }
}
