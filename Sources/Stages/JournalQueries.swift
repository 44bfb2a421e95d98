internal import GRDB
internal import Kafka
internal import LoyaltyEvents

/// What the journal says of one effect.
package struct EffectEntry: Sendable, Equatable {
    package let effect: EffectRow
    /// ISO 8601, UTC.
    package let doneAt: String
}

/// What the journal says of one publication.
package struct PublicationEntry: Sendable, Equatable {
    package let publicationID: String
    package let customerID: String
    package let voucherID: String?
    package let voucherCode: String?
    package let channel: String?
    /// A JSON array of accrual keys, each of them an array of its parts.
    package let accrualKeys: String
    package let firstSeenAt: String
    package let updatedAt: String
    /// The publication as received.
    package let payload: String
}

/// Looking into the journal: for `explain`, for reconciliation and for tests.
extension Journal {
    /// The entry of one effect, or nil when it has not been brought about.
    package func entry(of effect: EffectID) async throws(JournalError) -> EffectEntry? {
        try await read { database in
            let row = try Row.fetchOne(
                database,
                sql: """
                    SELECT done_at, topic, partition, "offset", attempts FROM effects
                    WHERE scope = ? AND stage = ? AND effect_key = ?
                    """,
                arguments: [effect.scope, effect.stage, effect.keyText]
            )
            return try row.map { row in
                EffectEntry(
                    effect: EffectRow(
                        id: effect,
                        source: TopicPartition(
                            topic: try row.decode(forColumn: "topic"),
                            partition: try row.decode(forColumn: "partition")
                        ),
                        offset: try row.decode(forColumn: "offset"),
                        attempts: try row.decode(forColumn: "attempts")
                    ),
                    doneAt: try row.decode(forColumn: "done_at")
                )
            }
        }
    }

    /// Which of the effects have been brought about.
    package func done(among effects: [EffectID]) async throws(JournalError) -> Set<EffectID> {
        try await read { try JournalStatements.done(among: effects, in: $0) }
    }

    /// How many effects each stage has, in one scope.
    package func effectCounts(scope: String) async throws(JournalError) -> [String: Int] {
        try await read { database in
            let rows = try Row.fetchAll(
                database,
                sql: "SELECT stage, count(*) AS count FROM effects WHERE scope = ? GROUP BY stage",
                arguments: [scope]
            )
            var counts: [String: Int] = [:]
            for row in rows {
                counts[try row.decode(forColumn: "stage")] = try row.decode(Int.self, forColumn: "count")
            }
            return counts
        }
    }

    /// All keys of one stage's effects.
    package func effectKeys(scope: String, stage: String) async throws(JournalError) -> Set<String> {
        try await read { database in
            try String.fetchSet(
                database,
                sql: "SELECT effect_key FROM effects WHERE scope = ? AND stage = ?",
                arguments: [scope, stage]
            )
        }
    }

    package func publicationIDs() async throws(JournalError) -> Set<String> {
        try await read { database in
            try String.fetchSet(database, sql: "SELECT publication_id FROM publications")
        }
    }

    package func publication(_ id: String) async throws(JournalError) -> PublicationEntry? {
        try await read { database in
            let sql = "SELECT * FROM publications WHERE publication_id = ?"
            return try Row.fetchOne(database, sql: sql, arguments: [id]).map { row in
                PublicationEntry(
                    publicationID: id,
                    customerID: try row.decode(forColumn: "customer_id"),
                    voucherID: try row.decode(forColumn: "voucher_id"),
                    voucherCode: try row.decode(forColumn: "voucher_code"),
                    channel: try row.decode(forColumn: "channel"),
                    accrualKeys: try row.decode(forColumn: "accrual_keys"),
                    firstSeenAt: try row.decode(forColumn: "first_seen_at"),
                    updatedAt: try row.decode(forColumn: "updated_at"),
                    payload: try row.decode(forColumn: "payload")
                )
            }
        }
    }

    private func read<Value: Sendable>(
        _ query: @escaping @Sendable (Database) throws -> Value
    ) async throws(JournalError) -> Value {
        guard !isClosed else { throw JournalError("is closed") }
        return try await Self.access { try await reader.read(query) }
    }
}
