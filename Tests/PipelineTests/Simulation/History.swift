import Pipeline

/// What a simulated history is made from: the seed of its world, and one seed for each step, so that a step can be left out
/// without changing what the others draw.
struct History: CustomStringConvertible {
    let seed: UInt64
    var defect: Simulation.Defect = .none
    var steps: [UInt64]
    /// How much of the drawn world there is.
    var partitions = Int.max
    var records = Int.max

    init(seed: UInt64, steps: Int = 400, defect: Simulation.Defect = .none) {
        self.seed = seed
        self.defect = defect
        var random = SplitMix64(seed: seed ^ 0x5ee_d0f5_7e95)
        self.steps = (0..<steps).map { _ in random.next() }
    }

    var description: String {
        "seed \(seed), \(steps.count) steps, at most \(partitions == .max ? 4 : partitions) partitions of"
            + " \(records == .max ? 30 : records) records"
    }

    /// What this history breaks, if anything.
    func violation(tracing: Bool = false) -> Simulation.Violation? {
        var world = Simulation(self, tracing: tracing)
        do throws(Simulation.Violation) {
            try world.run(self)
            return nil
        } catch {
            guard tracing else { return error }
            return Simulation.Violation(description: (world.trace.lines + [error.description]).joined(separator: "\n"))
        }
    }

    /// The shortest history found that still breaks something: fewer partitions, fewer records, then fewer steps, as long as a
    /// number of tries lasts.
    func shortened(tries: Int = 3000) -> History {
        var best = self
        var left = tries
        func stillFails(_ candidate: History) -> Bool {
            left -= 1
            return left >= 0 && candidate.violation() != nil
        }
        for partitions in 1...3 {
            var candidate = best
            candidate.partitions = partitions
            if stillFails(candidate) {
                best = candidate
                break
            }
        }
        for records in [1, 2, 3, 4, 6, 8, 12, 16, 24] {
            var candidate = best
            candidate.records = records
            if stillFails(candidate) {
                best = candidate
                break
            }
        }
        var size = best.steps.count / 2
        while size > 0, left > 0 {
            var start = 0
            while start < best.steps.count, left > 0 {
                var candidate = best
                candidate.steps.removeSubrange(start..<min(start + size, best.steps.count))
                if stillFails(candidate) { best = candidate } else { start += size }
            }
            size /= 2
        }
        return best
    }
}
