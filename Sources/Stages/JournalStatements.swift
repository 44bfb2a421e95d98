internal import GRDB
internal import Kafka
internal import LoyaltyEvents

/// The prepared statements of one transaction.
struct JournalStatements {
    private let recordEffect: Statement
    private let recordPublication: Statement
    private let database: Database
    /// One time for the whole batch.
    private let now: String

    private init(_ database: Database, now: UTCTime) throws {
        self.database = database
        self.now = now.iso8601
        recordEffect = try database.cachedStatement(sql: JournalSchema.recordEffect)
        recordPublication = try database.cachedStatement(sql: JournalSchema.recordPublication)
    }

    /// Records all in one transaction. For each: whether the effect was recorded before.
    static func execute(_ requests: [Journal.Request], now: UTCTime, in database: Database) throws -> [Bool] {
        // What a batch that could not be rolled back left behind.
        if database.isInsideTransaction { try database.rollback() }
        var answers: [Bool] = []
        answers.reserveCapacity(requests.count)
        try database.inTransaction(.immediate) {
            let statements = try JournalStatements(database, now: now)
            for request in requests { answers.append(try statements.execute(request)) }
            return .commit
        }
        return answers
    }

    /// Which of the effects are recorded.
    static func done(among effects: [EffectID], in database: Database) throws -> Set<EffectID> {
        var done: Set<EffectID> = []
        var rest = effects[...]
        while let first = rest.first {
            // Nearly always all effects are of one scope and stage.
            let end = rest.firstIndex { $0.stage != first.stage || $0.scope != first.scope } ?? rest.endIndex
            let run = rest[..<end]
            // Keys are hexadecimal digits: nothing to escape.
            let keys = "[\"" + run.map(\.keyText).joined(separator: "\",\"") + "\"]"
            let statement = try database.cachedStatement(sql: JournalSchema.findEffects)
            for text in try String.fetchAll(statement, arguments: [keys, first.scope, first.stage]) {
                guard let key = EffectKey(text) else { continue }
                done.insert(EffectID(scope: first.scope, stage: first.stage, key: key))
            }
            rest = rest[end...]
        }
        return done
    }

    private func execute(_ request: Journal.Request) throws -> Bool {
        switch request {
        case .record(let effect): try record(effect)
        case .recordPublication(let effect, let publication): try record(effect, of: publication)
        }
    }

    private func record(_ effect: EffectRow) throws -> Bool {
        try recordEffect.execute(arguments: [
            effect.id.scope, effect.id.stage, effect.id.keyText, now,
            effect.source.topic, effect.source.partition, effect.offset, effect.attempts,
        ])
        return database.changesCount == 0
    }

    private func record(_ effect: EffectRow, of publication: PublicationRow) throws -> Bool {
        if try record(effect) { return true }
        try recordPublication.execute(arguments: [
            Self.storable(publication.publicationID), Self.storable(publication.customerID),
            publication.voucherID.map(Self.storable), publication.voucherCode.map(Self.storable),
            publication.channel.map(Self.storable), publication.accrualKey, now, publication.payload,
        ])
        return false
    }

    /// SQLite's text ends at a NUL, so that two ids which differ behind one would be taken for the same.
    private static func storable(_ text: String) -> String {
        guard text.utf8.contains(0) else { return text }
        return String(String.UnicodeScalarView(text.unicodeScalars.map { $0.value == 0 ? "\u{2400}" : $0 }))
    }
}
