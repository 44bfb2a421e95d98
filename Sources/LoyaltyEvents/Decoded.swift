/// What one record's value turned out to be. The same bytes always give the same answer.
package enum Decoded: Sendable, Equatable {
    /// A reward event with a complete core.
    case accept(LoyaltyEvent)
    /// Nothing for this worker to do: count it and commit.
    case ignore(IgnoreReason)
    /// Can't be processed: a dead letter.
    case reject(Rejection)
}

/// Why a record is no event of this worker.
package enum IgnoreReason: Sendable, Equatable {
    /// A null value.
    case tombstone
    /// An envelope that names another event. The name is at most 64 characters of letters, digits, `.`, `_`, `-`.
    case otherType(String)

    /// A stable token for metrics and logs: `tombstone` or `other_type`.
    package var token: String {
        switch self {
        case .tombstone: "tombstone"
        case .otherType: "other_type"
        }
    }

    /// Names another event by what may be any text.
    static func other(named name: String) -> Self {
        let limit = 64
        let clean = name.unicodeScalars.prefix(limit).map { scalar -> Character in
            switch scalar {
            case "a"..."z", "A"..."Z", "0"..."9", ".", "_", "-": Character(scalar)
            default: "?"
            }
        }
        return .otherType(String(clean))
    }
}

/// Why a value is refused. Bounded, and free of payload data: fit for headers, metrics and logs.
package struct Rejection: Error, Sendable, Equatable, CustomStringConvertible {
    /// A stable snake_case token such as `customer_id_missing`, out of a fixed set.
    package let reason: String
    /// Where, as a path of keys such as `data.customer.id`; empty for the whole value.
    package let path: String
    /// For broken JSON: the offset of the first byte that can't be read.
    package let offset: Int?

    package init(reason: String, path: String = "", offset: Int? = nil) {
        self.reason = reason
        self.path = path
        self.offset = offset
    }

    package var description: String {
        var text = reason
        if !path.isEmpty { text += " at \(path)" }
        if let offset { text += " (byte \(offset))" }
        return text
    }
}
