import Kafka
import Pipeline

/// Everything that can be seen of a demonstration after it, without asking the worker's own code.
struct DemoEvidence: Sendable {
    let expectedBooks: ExpectedBooks
    let expectations: DemoExpectations
    let counts: WorkerCounts
    /// Whether the worker was to keep the order of each customer's events.
    let isOrdered: Bool
    let receiver: ReceiverBooks
    /// Keys of the notification effects in the journal.
    let notificationKeys: Set<String>
    /// Number of publication effects in the journal.
    let publicationEffects: Int
    let publicationIDs: Set<String>
    let deadLetters: DeadLetterAudit
    /// What the broker holds of each partition, and what the group committed of it.
    let watermarks: [Watermarks]
    let committed: [Int64?]
}

extension Reconciliation {
    /// Compares the evidence of a demonstration with what was generated.
    init(_ evidence: DemoEvidence) {
        self.init()
        compareInput(evidence)
        compareNotifications(evidence)
        comparePublications(evidence)
        compareDeadLetters(evidence)
    }

    private mutating func compareInput(_ evidence: DemoEvidence) {
        let books = evidence.expectedBooks
        let counts = evidence.counts
        let stored = evidence.watermarks.reduce(Int64(0)) { $0 + $1.high - $1.low }
        require("records in the topic", expected: books.records, seen: Int(stored))
        require("records read by the worker", expected: books.records, seen: Int(clamping: counts.received))
        require("  accepted", expected: books.accepted, seen: Int(clamping: counts.accepted))
        require("  ignored (other types, tombstones)", expected: books.ignored, seen: Int(clamping: counts.ignored))
        require("  dead letters", expected: books.deadLetters, seen: Int(clamping: counts.deadLetters))
        let finished = zip(evidence.watermarks, evidence.committed).count { marks, committed in
            committed == marks.high || (committed == nil && marks.high == 0)
        }
        require("partitions committed to their end", expected: evidence.watermarks.count, seen: finished)
    }

    private mutating func compareNotifications(_ evidence: DemoEvidence) {
        let expected = evidence.expectations.accruals
        let receiver = evidence.receiver
        let seen = Set(receiver.accruals.keys)
        compare("accruals notified", expected: expected.count, seen: seen.count)
        lose(expected.subtracting(seen).count, "accruals of which the receiver heard nothing")
        explain(seen.subtracting(expected).count, "notifications of accruals that were never generated")
        let twice = receiver.accruals.values.reduce(0) { $0 + $1.count - 1 }
        double(twice, "accruals notified under more than one webhook-id")
        // A call whose answer did not come in time is made again under the same id, by which a receiver knows it.
        let failedCalls = evidence.counts.stages.first { $0.name == "notification" }.map { Int(clamping: $0.failed) }
        let retold = min(receiver.repeated, failedCalls ?? 0)
        compare(
            "webhook calls (\(retold) again after no answer)",
            expected: seen.count + twice + retold,
            seen: receiver.received
        )
        double(receiver.repeated - retold, "calls with a webhook-id that was answered before, without a failed call")
        require("calls with a bad signature", expected: 0, seen: receiver.badSignatures)
        if evidence.isOrdered {
            require("calls out of order for a customer", expected: 0, seen: receiver.outOfOrder)
        }
        explain(receiver.unreadable, "calls whose body is no notification")
        let ids = Set(receiver.calls.keys)
        let recorded = Set(evidence.notificationKeys.map { "msg_" + $0 })
        compare("notification effects in the journal", expected: expected.count, seen: recorded.count)
        let unmatched = ids.symmetricDifference(recorded)
        explain(unmatched.count, "webhook-ids and notification effects that don't belong together")
    }

    private mutating func comparePublications(_ evidence: DemoEvidence) {
        let expected = evidence.expectations.publications
        let seen = evidence.publicationIDs
        compare("publications in the journal", expected: expected.count, seen: seen.count)
        lose(expected.subtracting(seen).count, "publications that are not in the journal")
        explain(seen.subtracting(expected).count, "publications in the journal that were never generated")
        compare("publication effects in the journal", expected: expected.count, seen: evidence.publicationEffects)
        double(evidence.publicationEffects - seen.count, "publications with more than one effect")
        explain(seen.count - evidence.publicationEffects, "publications without an effect")
    }

    private mutating func compareDeadLetters(_ evidence: DemoEvidence) {
        let audit = evidence.deadLetters
        let expected = evidence.expectations.broken.count
        compare("dead letters in their topic", expected: expected, seen: audit.letters)
        compare("  byte for byte, with the right reason", expected: expected, seen: audit.faithful)
        lose(audit.lost, "broken records without a dead letter")
        double(audit.doubled, "broken records with more than one dead letter")
        explain(audit.unexplained, audit.remarks.joined(separator: "; "))
        explain(evidence.expectations.unplacedCount, "broken records whose place the broker did not tell")
    }
}
