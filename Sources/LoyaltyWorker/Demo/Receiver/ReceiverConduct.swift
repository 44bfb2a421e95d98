import Foundation

/// How the receiver answers; can be changed while it runs.
struct ReceiverConduct: Sendable, Equatable {
    /// Waits a random time between these, in milliseconds.
    var delay: ClosedRange<Int> = 0...0
    /// Share of the calls (0 to 1) that are answered with 503 and not counted as received.
    var failRate = 0.0
    /// Answers every call so; nil: 204.
    var status: Int?
    /// Answers every call about this customer with 503.
    var failCustomer: String?

    /// Reads `20` or `5..50`; nil when it is neither.
    static func delay(_ text: String) -> ClosedRange<Int>? {
        let parts = text.components(separatedBy: "..").map { Int($0) }
        guard (1...2).contains(parts.count), let first = parts.first, let low = first else { return nil }
        let high = parts.count == 2 ? parts[1] : low
        guard let high, low >= 0, high >= low, high <= 600_000 else { return nil }
        return low...high
    }

    /// Changes what a JSON object names: `delay_ms` (a number or `[from,to]`), `fail_rate`, `status` (0: none),
    /// `fail_customer` (empty: none).
    ///
    /// - Returns: nil when done, else what is wrong.
    mutating func change(_ json: [UInt8]) -> String? {
        guard let object = try? JSONSerialization.jsonObject(with: Data(json)) as? [String: Any] else {
            return "a JSON object is expected"
        }
        var changed = self
        for (name, value) in object {
            switch (name, value) {
            case ("delay_ms", let number as Int):
                guard (0...600_000).contains(number) else { return "delay_ms: 0 to 600000" }
                changed.delay = number...number
            case ("delay_ms", let bounds as [Int]):
                guard bounds.count == 2, bounds[0] >= 0, bounds[0] <= bounds[1], bounds[1] <= 600_000 else {
                    return "delay_ms: a number or [from,to] from 0 to 600000"
                }
                changed.delay = bounds[0]...bounds[1]
            case ("fail_rate", let rate as Double):
                guard (0...1).contains(rate) else { return "fail_rate: 0 to 1" }
                changed.failRate = rate
            case ("status", let status as Int):
                guard status == 0 || (200...599).contains(status) else { return "status: 200 to 599, or 0 for none" }
                changed.status = status == 0 ? nil : status
            case ("fail_customer", let customer as String):
                changed.failCustomer = customer.isEmpty ? nil : customer
            default:
                return """
                    \(name.prefix(40)): unknown, or of the wrong type; known are delay_ms, fail_rate, status, fail_customer
                    """
            }
        }
        self = changed
        return nil
    }
}
