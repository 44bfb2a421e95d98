import Kafka
import Pipeline
import Synchronization

/// Publishes letters back, those of one key one after the other: the next one leaves when the broker has acknowledged the
/// one before.
struct RedrivePublishing: Sendable {
    /// One letter and its record.
    struct Item: Sendable {
        let number: Int
        let chain: Letter.Chain?
        let record: Record
        /// Where the latest letter of its chain stood.
        let known: Int64
    }

    struct Failure: Sendable {
        let number: Int
        let error: KafkaError
    }

    struct Outcome: Sendable {
        var published: [Int] = []
        var failures: [Failure] = []
    }

    let publisher: Publisher
    let pace: Pace
    /// The worker is to run no stage of what is published.
    let isDiscarding: Bool

    /// Returns when everything is acknowledged or has failed. Behind a failure nothing of its key is published, and nothing
    /// at all any more when the run was stopped.
    func publish(_ items: [Item]) async -> Outcome {
        var lines: [[Item]] = []
        var lineOfChain: [Letter.Chain: Int] = [:]
        for item in items {
            if let chain = item.chain, let line = lineOfChain[chain] {
                lines[line].append(item)
            } else {
                if let chain = item.chain { lineOfChain[chain] = lines.count }
                lines.append([item])
            }
        }
        return await withTaskGroup { group in
            for line in lines {
                group.addTask { await publish(line: line) }
            }
            var all = Outcome()
            for await outcome in group {
                all.published += outcome.published
                all.failures += outcome.failures
            }
            return all
        }
    }

    private func publish(line: [Item]) async -> Outcome {
        var outcome = Outcome()
        for item in line {
            guard await pace.next() else { break }
            if let error = await publish(item.record, after: item.known) {
                outcome.failures.append(Failure(number: item.number, error: error))
                break
            }
            outcome.published.append(item.number)
        }
        return outcome
    }

    private func publish(_ letter: Record, after known: Int64) async -> KafkaError? {
        guard let record = DeadLetter.returned(letter, after: known, discarding: isDiscarding) else {
            return .invalidArgument("it does not say where it came from")
        }
        do throws(KafkaError) {
            do throws(KafkaError) {
                try await publisher.publish(record)
            } catch  where error.code == .invalidTimestamp {
                // The topic has got a limit since.
                guard
                    let undated = DeadLetter.returned(
                        letter,
                        after: known,
                        discarding: isDiscarding,
                        keepsTimestamp: false
                    )
                else { throw error }
                try await publisher.publish(undated)
            }
            return nil
        } catch {
            return error
        }
    }
}

/// Lets so many through each second, over all tasks, until it is stopped.
final class Pace: Sendable {
    private struct State {
        var next: ContinuousClock.Instant?
        var isStopped = false
    }

    /// How soon waiting tasks notice a stop.
    private static let slice: Duration = .milliseconds(100)

    private let interval: Duration?
    private let state = Mutex(State())

    /// - Parameter rate: a second; nil: no limit.
    init(rate: Double?) {
        interval = rate.map { .seconds(1 / $0) }
    }

    var isStopped: Bool { state.withLock { $0.isStopped } }

    func stop() {
        state.withLock { $0.isStopped = true }
    }

    /// Returns when it is one's turn; false when stopped.
    func next() async -> Bool {
        let due: ContinuousClock.Instant? = state.withLock { state in
            guard let interval else { return nil }
            let due = max(state.next ?? .now, .now)
            state.next = due + interval
            return due
        }
        while let due, due > .now, !isStopped {
            try? await Task.sleep(until: min(due, .now + Self.slice))
        }
        return !isStopped
    }
}
