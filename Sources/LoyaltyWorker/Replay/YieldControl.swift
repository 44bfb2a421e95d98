/// Slows a replay down while the lag of live work grows, and lets it recover.
///
/// Pure: samples go in, the rate comes out.
struct YieldControl: Sendable {
    /// Samples that a growing lag is compared with: live work commits in steps, so that two neighbours say nothing.
    private static let memory = 5
    /// Growth up to this many records, or a fiftieth, is noise.
    private static let slack: Int64 = 100
    private static let recovery = 1.25
    /// Records a second that are always allowed: a replay must come to its end.
    private static let least = 10.0

    /// What the user allows; nil: no limit.
    let base: Double?
    /// What is allowed now; nil: no limit.
    private(set) var rate: Double?
    private(set) var isYielding = false
    private var lags: [Int64] = []
    /// The fastest that it ever was.
    private var fastest = 0.0

    init(base: Double?) {
        self.base = base
        rate = base
    }

    /// Takes a look.
    ///
    /// - Parameters:
    ///   - lag: of the live group; nil: not known, or it has committed nothing.
    ///   - speed: records a second that the replay takes now.
    mutating func sample(lag: Int64?, speed: Double) {
        fastest = max(fastest, speed)
        guard let lag else {
            // Nobody is there to yield to.
            lags = []
            return recover()
        }
        let smallest = lags.min() ?? lag
        let isGrowing = lag - smallest > max(Self.slack, smallest / 50)
        lags.append(lag)
        if lags.count > Self.memory { lags.removeFirst() }
        guard isGrowing else { return recover() }
        // Who takes nothing is not to blame.
        guard speed > 0 else { return }
        // The higher lag is the measure from here on: one surge is one reason to slow down.
        lags = [lag]
        isYielding = true
        rate = max(min(rate ?? speed, speed) / 2, min(Self.least, base ?? Self.least))
    }

    private mutating func recover() {
        guard isYielding, let current = rate else { return }
        let next = max(current * Self.recovery, current + 1)
        guard next < (base ?? fastest * 2) else {
            rate = base
            isYielding = false
            return
        }
        rate = next
    }
}
