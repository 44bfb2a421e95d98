internal import GRDB

/// The tables, as documented for users and shared with their scripts.
enum JournalSchema {
    /// Counts up with each change of the tables; kept in the file as `user_version`.
    static let version = 1

    /// Makes the tables where they aren't. One transaction that writes from its start, because several workers may open a new
    /// file at the same moment (GRDB's migrator looks before it locks, and the second one fails).
    static func create(in database: Database) throws {
        try database.inTransaction(.immediate) {
            let found = try Int.fetchOne(database, sql: "PRAGMA user_version") ?? 0
            guard found <= version else { throw JournalError("was made by a newer version of this program") }
            if found == 0 {
                try database.execute(sql: tables)
                try database.execute(sql: "PRAGMA user_version = \(version)")
            }
            return .commit
        }
    }

    private static let tables = """
        CREATE TABLE effects (
            scope TEXT NOT NULL,
            stage TEXT NOT NULL,
            effect_key TEXT NOT NULL,
            done_at TEXT NOT NULL,
            topic TEXT NOT NULL,
            partition INTEGER NOT NULL,
            "offset" INTEGER NOT NULL,
            attempts INTEGER NOT NULL,
            PRIMARY KEY (scope, stage, effect_key)
        ) WITHOUT ROWID;
        CREATE TABLE publications (
            publication_id TEXT NOT NULL PRIMARY KEY,
            customer_id TEXT NOT NULL,
            voucher_id TEXT,
            voucher_code TEXT,
            channel TEXT,
            accrual_keys TEXT NOT NULL,
            first_seen_at TEXT NOT NULL,
            updated_at TEXT NOT NULL,
            payload TEXT NOT NULL
        );
        """

    /// Arguments: keys as a JSON array, scope, stage. The keys that are there. `CROSS` keeps the order of the join: one
    /// search in the tree for each key.
    static let findEffects = """
        SELECT effect_key FROM json_each(?) CROSS JOIN effects
        ON scope = ? AND stage = ? AND effect_key = json_each.value
        """

    /// Arguments: the columns in order. Changes no row when the effect is known.
    static let recordEffect = "INSERT INTO effects VALUES (?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING"

    /// Arguments: publication_id, customer_id, voucher_id, voucher_code, channel, accrual key as JSON, now, payload.
    /// A known publication gets the accrual if it is new, and nothing else: what was published first stays on record.
    static let recordPublication = """
        INSERT INTO publications VALUES (?1, ?2, ?3, ?4, ?5, json_array(json(?6)), ?7, ?7, ?8)
        ON CONFLICT (publication_id) DO UPDATE SET
            updated_at = ?7,
            accrual_keys = CASE
                WHEN EXISTS (SELECT 1 FROM json_each(publications.accrual_keys) WHERE value = json(?6)) THEN accrual_keys
                ELSE json_insert(accrual_keys, '$[#]', json(?6))
            END
        """
}
