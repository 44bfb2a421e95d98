internal import Foundation
internal import GRDB

/// The store of effects already done, in an SQLite file.
///
/// Questions and records of many tasks are gathered. The questions of a batch are one query, its records one transaction;
/// their callers go on after the commit has reached the disk. Questions have a connection of their own, so that they are
/// answered while a commit waits for the disk.
package final class Journal: Sendable {
    enum Request: Sendable {
        case record(EffectRow)
        case recordPublication(EffectRow, PublicationRow)
    }

    /// Requests in one transaction: keeps the write-ahead log bounded.
    private static let batchLimit = 8192

    /// The only connection that writes.
    let database: DatabaseQueue
    let reader: DatabaseQueue
    private let questions: BatchLine<EffectID, Bool>
    private let records: BatchLine<Request, Bool>

    private init(database: DatabaseQueue, reader: DatabaseQueue, clock: @escaping @Sendable () -> UTCTime) {
        self.database = database
        self.reader = reader
        questions = BatchLine(limit: Self.batchLimit) { effects throws(JournalError) in
            let done = try await Self.access {
                try await reader.read { try JournalStatements.done(among: effects, in: $0) }
            }
            return effects.map(done.contains)
        }
        records = BatchLine(limit: Self.batchLimit) { requests throws(JournalError) in
            let now = clock()
            return try await Self.access {
                try await database.writeWithoutTransaction { try JournalStatements.execute(requests, now: now, in: $0) }
            }
        }
    }

    /// Opens the file, makes it when it isn't there, and brings its tables up to date. Blocks for some milliseconds.
    ///
    /// - Parameters:
    ///   - path: of the database file; SQLite keeps two more beside it.
    ///   - readOnly: for looking only; the file must be there.
    ///   - patience: how long to wait for another process that writes to the file.
    package static func open(
        path: String,
        readOnly: Bool = false,
        patience: Duration = .seconds(10),
        clock: @escaping @Sendable () -> UTCTime = UTCTime.now
    ) throws(JournalError) -> Journal {
        var configuration = Configuration()
        configuration.label = "journal"
        configuration.readonly = readOnly
        // GRDB would end the process over a transaction that can't be rolled back; `execute` deals with it instead.
        configuration.allowsUnsafeTransactions = true
        configuration.busyMode = .timeout(patience / .seconds(1))
        configuration.journalMode = readOnly ? .default : .wal
        do {
            let database = try DatabaseQueue(path: path, configuration: configuration)
            if !readOnly {
                try database.writeWithoutTransaction { database in
                    // A record must survive a power cut before its offset is committed. 10,000 pages between
                    // checkpoints: keys are random, so that each checkpoint writes most pages of the tree.
                    try database.execute(
                        sql: "PRAGMA synchronous = FULL; PRAGMA wal_autocheckpoint = 10000; PRAGMA cache_size = -32000"
                    )
                    try JournalSchema.create(in: database)
                }
            }
            configuration.readonly = true
            configuration.journalMode = .default
            let reader = try DatabaseQueue(path: path, configuration: configuration)
            return Journal(database: database, reader: reader, clock: clock)
        } catch let error as JournalError {
            throw error
        } catch {
            throw JournalError("at \(path) can't be opened: \(Self.words(error))")
        }
    }

    /// Whether the effect was recorded.
    package func isDone(_ effect: EffectID) async throws(JournalError) -> Bool {
        try await questions.answer(to: effect)
    }

    /// Records an effect durably.
    ///
    /// - Returns: whether it was recorded before.
    @discardableResult
    package func record(_ effect: EffectRow) async throws(JournalError) -> Bool {
        try await records.answer(to: .record(effect))
    }

    /// Records an effect and, unless the effect was known, its publication, in one transaction.
    ///
    /// - Returns: whether the effect was recorded before.
    package func record(_ effect: EffectRow, of publication: PublicationRow) async throws(JournalError) -> Bool {
        try await records.answer(to: .recordPublication(effect, publication))
    }

    /// Refuses further work, finishes what was asked for, and closes the file.
    package func close() async {
        await questions.close()
        await records.close()
        try? reader.close()
        try? database.close()
    }

    var isClosed: Bool { questions.isClosed }

    /// Turns SQLite's errors into the journal's.
    static func access<Value>(_ body: () async throws -> Value) async throws(JournalError) -> Value {
        do {
            return try await body()
        } catch {
            throw JournalError("can't be used: \(words(error))")
        }
    }

    /// SQLite's own words, without SQL and arguments.
    private static func words(_ error: any Error) -> String {
        guard let error = error as? DatabaseError else { return "\(type(of: error))" }
        return "\(error.message ?? "no reason given") (\(error.resultCode))"
    }
}
