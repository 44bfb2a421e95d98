import Foundation
import GRDB
import Kafka
import LoyaltyEvents
import Testing

@testable import Stages

struct JournalTests {
    private let folder: TemporaryFolder
    private let journal: Journal

    init() throws {
        folder = try TemporaryFolder()
        journal = try Journal.open(path: folder.path())
    }

    private func effect(_ number: UInt64, stage: String = "notification", scope: String = "group") throws -> EffectRow {
        let digits = String(number, radix: 16)
        let key = try #require(EffectKey(String(repeating: "0", count: 32 - digits.count) + digits))
        return EffectRow(
            id: EffectID(scope: scope, stage: stage, key: key),
            source: TopicPartition(topic: "loyalty.events", partition: 3),
            offset: Int64(number),
            attempts: 2
        )
    }

    private func publication(_ id: String, accrual: String) -> PublicationRow {
        PublicationRow(
            publicationID: id,
            customerID: "cust",
            voucherID: "v",
            voucherCode: "CODE",
            channel: "API",
            accrualKey: accrual,
            payload: #"{"id":"\#(id)"}"#
        )
    }

    @Test func `several workers may open a new file at the same moment`() async throws {
        let path = folder.path("shared.sqlite")
        try await withThrowingTaskGroup { group in
            for _ in 0..<8 {
                group.addTask {
                    let journal = try Journal.open(path: path)
                    await journal.close()
                }
            }
            try await group.waitForAll()
        }
    }

    @Test func `an effect is new until it was recorded`() async throws {
        let effect = try effect(1)
        #expect(try await !journal.isDone(effect.id))
        #expect(try await !journal.record(effect))
        #expect(try await journal.isDone(effect.id))
        #expect(try await journal.record(effect))
        let entry = try #require(try await journal.entry(of: effect.id))
        #expect(entry.effect == effect)
        #expect(UTCTime(iso8601: entry.doneAt) != nil)
    }

    @Test func `scopes and stages don't know each other`() async throws {
        try await journal.record(effect(1))
        #expect(try await !journal.isDone(effect(1, scope: "other").id))
        #expect(try await !journal.isDone(effect(1, stage: "publication").id))
        #expect(try await journal.effectCounts(scope: "group") == ["notification": 1])
        #expect(try await journal.effectCounts(scope: "other") == [:])
    }

    @Test func `what was recorded is there after the file is opened again`() async throws {
        try await journal.record(effect(7))
        await journal.close()
        let again = try Journal.open(path: folder.path())
        #expect(try await again.isDone(effect(7).id))
        let reader = try Journal.open(path: folder.path(), readOnly: true)
        #expect(try await reader.effectKeys(scope: "group", stage: "notification") == [effect(7).id.key.description])
        await again.close()
    }

    @Test func `the file syncs fully and keeps a write-ahead log`() throws {
        let pragmas = try journal.database.read { database in
            [
                try String.fetchOne(database, sql: "PRAGMA journal_mode"),
                try String.fetchOne(database, sql: "PRAGMA synchronous"),
            ]
        }
        #expect(pragmas == ["wal", "2"])
    }

    @Test func `the tables are those that are documented`() throws {
        let columns = try journal.database.read { database in
            try ["effects", "publications"].map { try database.columns(in: $0).map(\.name) }
        }
        #expect(
            columns == [
                ["scope", "stage", "effect_key", "done_at", "topic", "partition", "offset", "attempts"],
                [
                    "publication_id", "customer_id", "voucher_id", "voucher_code", "channel", "accrual_keys",
                    "first_seen_at", "updated_at", "payload",
                ],
            ]
        )
    }

    @Test func `a publication is kept once with all its accruals`() async throws {
        let times = Times()
        let journal = try Journal.open(path: folder.path("publications.sqlite"), clock: times.next)
        let first = try effect(1, stage: "publication")
        #expect(try await !journal.record(first, of: publication("pub", accrual: #"["e1","r",null]"#)))
        #expect(try await journal.record(first, of: publication("pub", accrual: #"["e1","r",null]"#)))
        #expect(
            try await !journal.record(
                effect(2, stage: "publication"),
                of: publication("pub", accrual: #"["e2","r","v"]"#)
            )
        )
        // Another key, the same accrual: as after a change of the key's form.
        #expect(
            try await !journal.record(
                effect(3, stage: "publication"),
                of: publication("pub", accrual: #"["e1","r",null]"#)
            )
        )
        let entry = try #require(try await journal.publication("pub"))
        #expect(entry.accrualKeys == #"[["e1","r",null],["e2","r","v"]]"#)
        #expect(entry.firstSeenAt == "1970-01-01T00:00:01.000Z")
        #expect(entry.updatedAt > entry.firstSeenAt)
        #expect(entry.payload == #"{"id":"pub"}"#)
        #expect(try await journal.publicationIDs() == ["pub"])
        #expect(try await journal.effectCounts(scope: "group") == ["publication": 3])
        await journal.close()
    }

    @Test func `ids that differ behind a NUL stay apart`() async throws {
        _ = try await journal.record(effect(1, stage: "publication"), of: publication("p\0a", accrual: "[]"))
        _ = try await journal.record(effect(2, stage: "publication"), of: publication("p\0b", accrual: "[]"))
        #expect(try await journal.publicationIDs().count == 2)
    }

    @Test func `thousands of tasks share few transactions and none is forgotten`() async throws {
        let count: UInt64 = 5000
        try await withThrowingTaskGroup(of: Void.self) { group in
            for number in 0..<count {
                group.addTask {
                    let effect = try effect(number)
                    #expect(try await !journal.isDone(effect.id))
                    #expect(try await !journal.record(effect))
                    #expect(try await journal.isDone(effect.id))
                }
            }
            try await group.waitForAll()
        }
        #expect(try await journal.effectCounts(scope: "group") == ["notification": Int(count)])
    }

    @Test func `a full disk is an error, and work goes on when there is room again`() async throws {
        try await journal.database.write { try $0.execute(sql: "PRAGMA max_page_count = 1") }
        var failure: JournalError?
        var number: UInt64 = 0
        do {
            // Pages in hand are filled first.
            while number < 10_000 {
                try await journal.record(effect(number))
                number += 1
            }
        } catch let error as JournalError {
            failure = error
        }
        #expect(failure?.reason.contains("full") == true)
        #expect(try await !journal.isDone(effect(number).id))
        try await journal.database.write { try $0.execute(sql: "PRAGMA max_page_count = 1000000") }
        #expect(try await !journal.record(effect(number)))
    }

    @Test func `a file that can't be written is an error for records only`() async throws {
        let effect = try effect(1)
        try await journal.database.writeWithoutTransaction { try $0.execute(sql: "PRAGMA query_only = 1") }
        await #expect(throws: JournalError.self) { try await journal.record(effect) }
        #expect(try await !journal.isDone(effect.id))
    }

    @Test func `a file that another process holds is an error after a while`() async throws {
        let impatient = try Journal.open(path: folder.path(), patience: .milliseconds(1))
        let effect = try effect(1)
        var unguarded = Configuration()
        unguarded.allowsUnsafeTransactions = true
        let other = try DatabaseQueue(path: folder.path(), configuration: unguarded)
        try await other.writeWithoutTransaction { try $0.execute(sql: "BEGIN IMMEDIATE") }
        let error = await #expect(throws: JournalError.self) { try await impatient.record(effect) }
        #expect(error?.reason.contains("locked") == true)
        #expect(try await !impatient.isDone(effect.id))
        try await other.writeWithoutTransaction { try $0.execute(sql: "ROLLBACK") }
        #expect(try await !impatient.record(effect))
        await impatient.close()
    }

    @Test func `a transaction that was left open is rolled back`() async throws {
        let effect = try effect(1)
        try await journal.database.writeWithoutTransaction { try $0.execute(sql: "BEGIN; DELETE FROM effects") }
        #expect(try await !journal.record(effect))
        #expect(try await journal.isDone(effect.id))
    }

    @Test func `a closed journal is an error`() async throws {
        let effect = try effect(1)
        await journal.close()
        await journal.close()
        await #expect(throws: JournalError("is closed")) { try await journal.isDone(effect.id) }
        await #expect(throws: JournalError("is closed")) { try await journal.record(effect) }
        await #expect(throws: JournalError("is closed")) { try await journal.publicationIDs() }
    }

    @Test func `a file that is no database is an error`() throws {
        let path = folder.path("text.sqlite")
        try String(repeating: "no database\n", count: 100).write(toFile: path, atomically: true, encoding: .utf8)
        #expect(throws: JournalError.self) { try Journal.open(path: path) }
        #expect(throws: JournalError.self) { try Journal.open(path: folder.path("missing.sqlite"), readOnly: true) }
    }
}
