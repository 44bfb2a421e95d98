import Foundation
import GRDB
import Kafka
import Testing

/// What a history came to, by the books of those who took part.
struct Tally {
    var events = 0
    /// Effects that were due and are missing at the receiver or in the journal.
    var lost = 0
    /// Effects in the journal beyond those that were due.
    var repeatedEffects = 0
    /// Webhooks that the receiver has taken more than once, each repeat counted.
    var repeatedWebhooks = 0
    /// Notifications that first came after a later one of the same key.
    var outOfOrder = 0

    static func + (one: Tally, other: Tally) -> Tally {
        Tally(
            events: one.events + other.events,
            lost: one.lost + other.lost,
            repeatedEffects: one.repeatedEffects + other.repeatedEffects,
            repeatedWebhooks: one.repeatedWebhooks + other.repeatedWebhooks,
            outOfOrder: one.outOfOrder + other.outOfOrder
        )
    }
}

/// The books of a site: topic, journal, receiver and dead letters, side by side.
struct Books {
    private struct Effect {
        let webhookID: String
        let partition: Int32
        let offset: Int64
    }

    private let records: [Kafka.Record]
    private let arrivals: [String]
    private let notifications: [Effect]
    private let publicationEffects: Int
    private let publications: Int
    /// Accruals over all publications; each is entered in the same transaction as its effect.
    private let publishedAccruals: Int
    private let deadLetters: Set<String>

    /// - Parameter expected: of all events that were published.
    init(of site: Site, expected: Site.Expected) async throws {
        records = try await site.records(expected.events)
        arrivals = site.notified
        let letters = try await site.read(site.topic + ".dlq") {
            Set($0.map(\.origin)).count >= expected.deadLetters
        }
        deadLetters = Set(letters.map(\.origin))
        let journal = try site.journalDatabase()
        (notifications, publicationEffects, publications, publishedAccruals) = try await journal.read { database in
            (
                try Row.fetchAll(
                    database,
                    sql: """
                        SELECT 'msg_' || effect_key AS id, partition, "offset" FROM effects WHERE stage = 'notification'
                        """
                )
                .map { Effect(webhookID: $0["id"], partition: $0["partition"], offset: $0["offset"]) },
                try Int.fetchOne(database, sql: "SELECT count(*) FROM effects WHERE stage = 'publication'") ?? 0,
                try Int.fetchOne(database, sql: "SELECT count(*) FROM publications") ?? 0,
                try Int.fetchOne(database, sql: "SELECT sum(json_array_length(accrual_keys)) FROM publications") ?? 0
            )
        }
    }

    /// Compares them all.
    func check(_ expected: Site.Expected, repeatsAllowed: Int, isolation: isolated (any Actor)? = #isolation) -> Tally {
        let distinct = Set(arrivals)
        let journalled = Set(notifications.map(\.webhookID))
        var tally = Tally(events: records.count)
        tally.lost =
            max(0, expected.notifications - distinct.count) + max(0, expected.notifications - journalled.count)
            + max(0, expected.publications - publications) + max(0, expected.deadLetters - deadLetters.count)
        tally.repeatedEffects =
            max(0, journalled.count - expected.notifications) + max(0, publications - expected.publications)
            + max(0, publishedAccruals - publicationEffects)
        tally.repeatedWebhooks = arrivals.count - distinct.count
        tally.outOfOrder = outOfOrder

        #expect(records.count == expected.events, "the topic holds what was published")
        #expect(distinct.count == expected.notifications, "notified")
        #expect(journalled == distinct, "the journal and the receiver name the same accruals")
        #expect(publications == expected.publications, "publications")
        #expect(publishedAccruals == publicationEffects, "each publication effect was entered once")
        #expect(deadLetters.count == expected.deadLetters, "dead letters")
        #expect(tally.outOfOrder == 0, "order per key")
        #expect(tally.repeatedWebhooks <= repeatsAllowed, "webhooks repeated beyond the bound")
        return tally
    }

    private var outOfOrder: Int {
        var firstArrival: [String: Int] = [:]
        for (index, id) in arrivals.enumerated() where firstArrival[id] == nil { firstArrival[id] = index }
        var keys: [String: ArraySlice<UInt8>] = [:]
        for record in records { keys["\(record.source.partition)/\(record.offset)"] = record.key }
        var latest: [ArraySlice<UInt8>: Int] = [:]
        var count = 0
        for effect in notifications.sorted(by: { $0.offset < $1.offset }) {
            guard let key = keys["\(effect.partition)/\(effect.offset)"], let index = firstArrival[effect.webhookID]
            else { continue }
            if let last = latest[key], last > index { count += 1 }
            latest[key] = max(index, latest[key] ?? 0)
        }
        return count
    }
}
