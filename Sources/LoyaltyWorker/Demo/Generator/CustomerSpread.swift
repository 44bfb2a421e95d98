import Pipeline

/// Spreads events over customers as purchases are in life: a few customers with many, many customers with few.
///
/// Zipf with the exponent 3/4, because that power needs square roots only, which every machine rounds alike.
struct CustomerSpread: Sendable {
    private let cumulative: [Double]

    /// - Parameters:
    ///   - customers: at least 1; less counts as 1.
    ///   - isEven: all alike instead.
    init(customers: Int, isEven: Bool = false) {
        var sum = 0.0
        cumulative = (1...max(customers, 1)).map { rank in
            if isEven { return Double(rank) }
            let root = Double(rank).squareRoot()
            sum += 1 / (root * root.squareRoot())
            return sum
        }
    }

    /// The share of all events that falls to the busiest customer.
    var busiestShare: Double {
        guard let first = cumulative.first, let last = cumulative.last else { return 1 }
        return first / last
    }

    /// The number of a customer, 0 for the busiest.
    func pick(using random: inout SplitMix64) -> Int {
        guard let total = cumulative.last else { return 0 }
        let wanted = random.unit() * total
        var low = 0
        var high = cumulative.count - 1
        while low < high {
            let middle = (low + high) / 2
            if cumulative[middle] <= wanted {
                low = middle + 1
            } else {
                high = middle
            }
        }
        return low
    }
}
