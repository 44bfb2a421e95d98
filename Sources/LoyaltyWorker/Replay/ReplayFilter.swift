import Crypto
import LoyaltyEvents

/// Which events of the range a replay is about; events of one field are alternatives, the fields must all match.
struct ReplayFilter: Sendable, Equatable {
    enum Field: String, CaseIterable, Sendable {
        case campaign, customer, rule
    }

    private let values: [Field: Set<String>]

    static let allowed = "campaign=ID, customer=ID and rule=ID, several with commas"

    /// Everything matches.
    static let none = ReplayFilter(values: [:])

    private init(values: [Field: Set<String>]) {
        self.values = values
    }

    /// - Parameter texts: each `campaign=…,customer=…,rule=…`.
    init?(_ texts: [String]) {
        var values: [Field: Set<String>] = [:]
        for part in texts.flatMap({ $0.split(separator: ",", omittingEmptySubsequences: false) }) {
            let pair = part.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            guard pair.count == 2, let field = Field(rawValue: pair[0].trimmed), !pair[1].trimmed.isEmpty else {
                return nil
            }
            values[field, default: []].insert(pair[1].trimmed)
        }
        self.values = values
    }

    var isNone: Bool { values.isEmpty }

    func matches(_ event: LoyaltyEvent) -> Bool {
        values.allSatisfy { field, wanted in
            switch field {
            case .campaign: event.campaignID.map(wanted.contains) ?? false
            case .customer: wanted.contains(event.customerID)
            case .rule: event.earningRuleID.map(wanted.contains) ?? false
            }
        }
    }

    /// For comparing definitions. Who a customer is must not stand in a commit, so a digest stands for the id.
    var text: String {
        Field.allCases.flatMap { field in
            (values[field] ?? []).sorted().map { value in
                let shown = field == .customer ? "sha256:" + Digest.short(of: value) : value
                return field.rawValue + "=" + shown
            }
        }
        .joined(separator: ",")
    }
}

/// Digests for comparing.
enum Digest {
    /// The first 64 bits of a SHA-256 as 16 hexadecimal digits.
    static func short(of text: String) -> String {
        let number = SHA256.hash(data: Array(text.utf8)).prefix(8).reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
        let digits = String(number, radix: 16)
        return String(repeating: "0", count: 16 - digits.count) + digits
    }
}
