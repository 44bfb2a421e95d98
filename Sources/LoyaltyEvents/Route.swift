/// The stages that one event must go through.
package struct Route: OptionSet, Hashable, Sendable, CustomStringConvertible {
    package let rawValue: UInt8

    package init(rawValue: UInt8) {
        self.rawValue = rawValue
    }

    /// Tell the customer that points arrived.
    package static let notification = Route(rawValue: 1 << 0)
    /// Record that a voucher was published to a customer, and hand the record on.
    package static let publication = Route(rawValue: 1 << 1)

    /// The single stages in it, in a fixed order.
    package var stages: [Route] {
        [.notification, .publication].filter(contains)
    }

    /// Their names, as in reports: `notification`, `publication`.
    package var names: [String] {
        var names: [String] = []
        if contains(.notification) { names.append("notification") }
        if contains(.publication) { names.append("publication") }
        return names
    }

    package var description: String {
        names.joined(separator: "+")
    }
}
