import Pipeline

extension SplitMix64 {
    /// A number in `0..<bound`; 0 for a bound of 0. Off from uniform by at most `bound` / 2^64.
    mutating func below(_ bound: Int) -> Int {
        Int(truncatingIfNeeded: next().multipliedFullWidth(by: UInt64(max(bound, 0))).high)
    }

    /// True with the probability `share`.
    mutating func chance(_ share: Double) -> Bool {
        unit() < share
    }

    /// A number in `0..<1` with 53 random bits.
    mutating func unit() -> Double {
        Double(next() >> 11) * 0x1p-53
    }

    /// The seed of the member `number` of a family of things: distinct for distinct numbers, with nothing in common to the eye.
    static func seed(of number: Int, in family: UInt64) -> UInt64 {
        // Both functions are bijections, and the first keeps families of different names apart.
        var member = SplitMix64(seed: mixed(family) &+ UInt64(truncatingIfNeeded: number))
        return member.next()
    }

    private static func mixed(_ value: UInt64) -> UInt64 {
        var random = SplitMix64(seed: value)
        return random.next()
    }
}
