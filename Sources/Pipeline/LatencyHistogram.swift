/// Counts of durations in log-linear buckets (at most 6 % wide), from a microsecond to about 70 minutes.
package struct LatencyHistogram: Sendable, Equatable {
    private static let bitsPerOctave = 4
    private static let bucketCount = 32 << bitsPerOctave

    private var buckets: [UInt64] = []
    package private(set) var count: UInt64 = 0
    /// Sum of all durations in seconds.
    package private(set) var sum: Double = 0

    package init() {}

    package mutating func record(microseconds: Int64, times: UInt64 = 1) {
        if buckets.isEmpty {
            buckets = Array(repeating: 0, count: Self.bucketCount)
        }
        let value = UInt64(clamping: microseconds)
        buckets[Self.index(of: value)] &+= times
        count &+= times
        sum += Double(value) * Double(times) / 1_000_000
    }

    /// The duration in milliseconds that the share `quantile` (0 to 1) of all durations does not exceed; nil without any.
    package func milliseconds(at quantile: Double) -> Double? {
        guard count > 0 else { return nil }
        let wanted = UInt64((Double(count) * quantile).rounded(.up))
        var seen: UInt64 = 0
        for (index, amount) in buckets.enumerated() {
            seen &+= amount
            if seen >= max(wanted, 1) {
                return Double(Self.upperBound(of: index)) / 1000
            }
        }
        return nil
    }

    /// How many durations were at most `seconds`, to the width of a bucket; for cumulative histograms of the outside world.
    package func count(upTo seconds: Double) -> UInt64 {
        let limit = UInt64(max(0, seconds) * 1_000_000)
        return buckets.indices.reduce(into: UInt64(0)) { total, index in
            if Self.upperBound(of: index) <= limit { total &+= buckets[index] }
        }
    }

    private static func index(of value: UInt64) -> Int {
        let small: UInt64 = 1 << UInt64(bitsPerOctave)
        guard value >= small else { return Int(value) }
        let octave = 63 - value.leadingZeroBitCount - bitsPerOctave
        let within = Int((value >> UInt64(octave)) & (small - 1))
        return min(((octave + 1) << bitsPerOctave) + within, bucketCount - 1)
    }

    private static func upperBound(of index: Int) -> UInt64 {
        let octave = (index >> bitsPerOctave) - 1
        guard octave >= 0 else { return UInt64(index) }
        let small: UInt64 = 1 << UInt64(bitsPerOctave)
        let within = UInt64(index) & (small - 1)
        return ((small + within + 1) << UInt64(octave)) - 1
    }
}
