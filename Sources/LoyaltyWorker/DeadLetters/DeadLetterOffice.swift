import Kafka
import LoyaltyEvents
import Pipeline
import Stages

/// The dead letters of a worker's settings, and what redrives have done with them.
///
/// One task at a time uses it.
final class DeadLetterOffice {
    let scope: LetterScope
    /// Topics that are not there, or not yet.
    let missing: [String]
    private(set) var index: LetterIndex
    private let settings: Settings
    private let survey: BrokerSurvey
    private let reading: LetterReading
    private let book: RedriveBook
    /// Tells what the worker orders records without a key by.
    private let intake = LoyaltyIntake(payloadLimit: .max, active: [], counts: IntakeCounts())
    private var texts = SharedTexts()
    private var ends: [Int64]
    /// Shelves of which this run has recorded something.
    private var saved: Set<Int> = []

    /// Reaches the brokers and finds the topics.
    init(_ settings: Settings, filter: LetterFilter, keepsKeys: Bool = false) async throws(CommandFailure) {
        self.settings = settings
        let pattern = settings.kafka.hasPattern ? settings.kafka.topics.first.flatMap { TopicPattern($0) } : nil
        let topics = Set(settings.kafka.topics)
        scope = LetterScope(
            group: settings.kafka.group,
            ordering: settings.ordering,
            isInput: { name in pattern?.matches(name) ?? topics.contains(name) },
            filter: filter,
            keepsKeys: keepsKeys
        )
        survey = try BrokerSurvey(settings)
        var found: [(name: String, partitions: Int)] = []
        var missing: [String] = []
        let names = settings.kafka.deadLetterTopic.map { [$0] } ?? settings.kafka.topics.map { $0 + ".dlq" }
        for name in names {
            switch await survey.topic(name, timeout: settings.kafka.reachTimeout) {
            case .partitions(let count): found.append((name, count))
            case .missing: missing.append(name)
            case .unreachable(let reason): throw survey.unreachable(reason, settings.kafka.reachTimeout)
            }
        }
        self.missing = missing
        do throws(KafkaError) {
            reading = try LetterReading(settings, topics: found)
            book = try RedriveBook(settings)
        } catch {
            throw .settings("Kafka can't be used with these settings: \(error.reason); check kafka.properties")
        }
        index = LetterIndex(shelves: reading.sources.count)
        ends = reading.sources.map { _ in 0 }
    }

    /// Takes up every letter that came since the last look; at first, all.
    ///
    /// - Parameter pause: called now and then with the count of letters read; throws to end early.
    func look(pause: (Int) throws(KafkaError) -> Void = { _ in }) async throws(CommandFailure) {
        do throws(KafkaError) {
            let marks = try await reading.watermarks()
            let starts = zip(ends, marks).map { max($0, $1.low) }
            let shelves = Dictionary(reading.sources.enumerated().map { ($1, $0) }) { first, _ in first }
            ends = try await reading.read(
                from: starts,
                to: marks.map(\.high),
                pause: { () throws(KafkaError) in try pause(index.letters.count) },
                { record in
                    guard let shelf = shelves[record.source] else { return }
                    enter(record, at: Letter.Place(shelf: shelf, offset: record.offset))
                }
            )
        } catch {
            throw unreadable(error)
        }
    }

    /// Notes what was redriven, as far as it is recorded.
    ///
    /// - Returns: what is odd about the record.
    @discardableResult
    func restore() async throws(CommandFailure) -> [String] {
        let entries = try await entries()
        index.restore { place in entries[place.shelf].entry?.isFinished(place.offset) ?? false }
        return entries.enumerated().compactMap { shelf, found in
            guard found.entry == nil, let offset = found.committed.offset else { return nil }
            return
                "\(reading.sources[shelf]) ends at \(ends[shelf]), but was redriven up to \(offset): it was made anew,"
                + " and none of its letters counts as redriven"
        }
    }

    /// Records what was redriven, under the sign of this run.
    ///
    /// - Returns: how many letters more the record has room for, wherever they lie.
    @discardableResult
    func save() async throws(CommandFailure) -> Int {
        var offsets: [CommittedOffset] = []
        var room = OffsetMap.limit
        for (shelf, source) in reading.sources.enumerated() where !index.shelves[shelf].isEmpty {
            let map = index.progress(of: shelf, end: ends[shelf])
            let entry = RedriveEntry.commit(map, of: source, run: book.run)
            offsets.append(entry.offset)
            room = min(room, entry.room)
        }
        for shelf in reading.sources.indices where !index.shelves[shelf].isEmpty { saved.insert(shelf) }
        do throws(KafkaError) {
            try await book.commit(offsets)
        } catch {
            throw .unreachable(
                "what was redriven can't be recorded for the group \(RedriveBook.group(of: settings)): \(error.reason);"
                    + " may this user commit for it, and has it no members?"
            )
        }
        return room / Self.charactersPerLetter
    }

    /// A letter among ones that wait makes two runs of at most four bytes, in base64.
    private static let charactersPerLetter = 11

    /// Whether no other run has recorded anything since this one did. What has no sign was set by hand, or the broker keeps
    /// no metadata.
    func isAlone() async throws(CommandFailure) -> Bool {
        let entries = try await entries()
        return zip(reading.sources.indices, entries).allSatisfy { shelf, found in
            !saved.contains(shelf) || found.entry?.run ?? book.run == book.run
        }
    }

    func finish(_ numbers: [Int]) {
        for number in numbers { index.finish(number) }
    }

    /// The whole records of letters, by their numbers; without those that are gone.
    func records(of numbers: [Int]) async throws(CommandFailure) -> [Int: Record] {
        do throws(KafkaError) {
            let places = numbers.map { index.letters[$0].place }
            let records = try await reading.records(at: places)
            return Dictionary(zip(numbers, places).compactMap { number, place in records[place].map { (number, $0) } })
            {
                first,
                _ in first
            }
        } catch {
            throw unreadable(error)
        }
    }

    /// Where a letter lies, for people.
    func place(of number: Int) -> String {
        let place = index.letters[number].place
        return "\(reading.sources[place.shelf])/\(place.offset)"
    }

    /// Which letter it is and why it died, for people.
    func description(of number: Int) -> String {
        let letter = index.letters[number]
        let origin = letter.origin.map { "\($0.source)/\($0.offset)" } ?? "nowhere"
        let what = [letter.errorClass?.rawValue ?? "unknown", letter.stage].compactMap(\.self).joined(separator: " ")
        return "\(place(of: number)) from \(origin), key \(letter.keyTag ?? "none"), \(what):"
            + " \(letter.reason.oneLine(upTo: 120))"
    }

    func source(of letter: Letter) -> TopicPartition { reading.sources[letter.place.shelf] }

    func close() {
        reading.close()
    }

    private func entries() async throws(CommandFailure) -> [(committed: CommittedOffset, entry: RedriveEntry?)] {
        do throws(KafkaError) {
            let committed = try await book.committed(reading.sources)
            return zip(committed, ends).map { ($0, RedriveEntry($0, end: $1)) }
        } catch {
            throw .unreachable(
                "the offsets of the group \(RedriveBook.group(of: settings)) can't be fetched: \(error.reason); may this"
                    + " user read the group?"
            )
        }
    }

    private func enter(_ record: Record, at place: Letter.Place) {
        var lane = record.keyHash
        if lane == nil, scope.ordering != .none, case .settled(let customer) = intake.receive(record) {
            lane = customer
        }
        let letter = Letter(
            at: place,
            headers: record.headers,
            key: record.key.map(Array.init),
            lane: lane,
            byteCount: (record.valueCount ?? 0) + (record.keyCount ?? 0),
            scope: scope,
            texts: &texts
        )
        index.enter(letter)
    }

    private func unreadable(_ error: KafkaError) -> CommandFailure {
        guard error.code != .destroyed else { return .failed(error.reason) }
        return .unreachable("the dead letters can't be read: \(error.reason); try again")
    }
}
