import Foundation
import Testing

@testable import Pipeline

/// Thousands of histories of the pure core; `SIMULATION_SEEDS` runs more, `SIMULATION_FIRST` starts elsewhere.
@Suite struct SimulationTests {
    /// In four parts, so that they run beside each other.
    @Test(arguments: 0..<4 as Range<UInt64>)
    func `no seeded history breaks an invariant`(_ part: UInt64) throws {
        let count = (number("SIMULATION_SEEDS") ?? 10_000) / 4
        let first = (number("SIMULATION_FIRST") ?? 0) + part * count
        for seed in first..<first + count {
            do {
                var world = Simulation(seed: seed)
                try world.run(steps: 400)
            } catch {
                Issue.record("seed \(seed): \(error)")
                return
            }
        }
        print("simulation: \(count) histories from seed \(first)")
    }

    @Test(arguments: Simulation.Defect.allCases.filter { $0 != .none })
    func `a deliberate defect is found`(_ defect: Simulation.Defect) {
        let isFound = (0..<300 as Range<UInt64>).contains { seed in
            var world = Simulation(seed: seed, defect: defect)
            do { try world.run(steps: 400) } catch { return true }
            return false
        }
        #expect(isFound)
    }

    private func number(_ variable: String) -> UInt64? {
        ProcessInfo.processInfo.environment[variable].flatMap(UInt64.init)
    }
}
