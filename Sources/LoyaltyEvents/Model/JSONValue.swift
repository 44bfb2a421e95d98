/// A JSON value whose shape nobody documents, such as the attributes of a merchant.
package enum JSONValue: Sendable, Equatable {
    case null
    case bool(Bool)
    case integer(Int64)
    /// The nearest Double to a number that is no plain integer. A number beyond its range is null.
    case number(Double)
    case text(String)
    case array([JSONValue])
    case object([String: JSONValue])

    /// Deeper values are null: attributes are flat in practice, and the stack of a thread is not endless.
    static let maxDepth = 32
}
