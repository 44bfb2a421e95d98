import Foundation

/// What the receiver has seen. Knows nothing of the worker: the accrual behind a notification is told by the customer and the
/// points ever earned, which rise with each accrual.
struct ReceiverBooks: Sendable {
    /// An accrual as a notification's body names it.
    struct Accrual: Hashable, Sendable {
        let customerID: String
        let total: Int64
    }

    /// Calls that wait for their answer.
    private(set) var open = 0
    /// Calls answered with success.
    private(set) var received = 0
    /// Calls without a valid signature; refused.
    private(set) var badSignatures = 0
    /// Calls answered with a failure on purpose.
    private(set) var failed = 0
    /// Calls that came for a customer after a later accrual of the same customer.
    private(set) var outOfOrder = 0
    /// Calls by `webhook-id`.
    private(set) var calls: [String: Int] = [:]
    /// The ids that named an accrual; more than one is a doubled notification.
    private(set) var accruals: [Accrual: Set<String>] = [:]
    /// Bodies that name no accrual.
    private(set) var unreadable = 0
    private var latest: [String: Int64] = [:]

    var distinct: Int { calls.count }
    var repeated: Int { received - distinct }

    mutating func begin() { open += 1 }

    mutating func end() { open -= 1 }

    mutating func refuse() { badSignatures += 1 }

    mutating func fail() { failed += 1 }

    /// - Parameter accrual: nil when bodies are not looked into.
    /// - Returns: whether the id is new.
    mutating func receive(id: String, accrual: Accrual?) -> Bool {
        received += 1
        let before = calls[id, default: 0]
        calls[id] = before + 1
        if let accrual {
            accruals[accrual, default: []].insert(id)
            if before == 0 {
                if let last = latest[accrual.customerID], last > accrual.total { outOfOrder += 1 }
                latest[accrual.customerID] = max(accrual.total, latest[accrual.customerID] ?? .min)
            }
        }
        return before == 0
    }

    mutating func receiveUnreadable() { unreadable += 1 }

    var json: JSONValue {
        .object([
            ("received", JSONValue(received)),
            ("distinct", JSONValue(distinct)),
            ("repeated", JSONValue(repeated)),
            ("bad_signatures", JSONValue(badSignatures)),
            ("failed", JSONValue(failed)),
            ("out_of_order", JSONValue(outOfOrder)),
            ("open", JSONValue(open)),
        ])
    }
}

extension ReceiverBooks.Accrual {
    /// Nil when the body is not that of a notification.
    init?(body: [UInt8]) {
        struct Notification: Decodable {
            struct Data: Decodable {
                struct Customer: Decodable { let id: String }
                let customer: Customer
                let total: Int64
            }
            let data: Data
        }
        guard let data = try? JSONDecoder().decode(Notification.self, from: Data(body)).data else { return nil }
        self.init(customerID: data.customer.id, total: data.total)
    }
}
