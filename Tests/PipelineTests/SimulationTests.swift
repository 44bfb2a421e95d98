import Foundation
import Testing

@testable import Pipeline

/// Thousands of histories of the pure core; `SIMULATION_SEEDS` runs more, `SIMULATION_FIRST` starts elsewhere.
@Suite struct SimulationTests {
    @Test func `no seeded history breaks an invariant`() async throws {
        let first = number("SIMULATION_FIRST") ?? 0
        let count = number("SIMULATION_SEEDS") ?? 10_000
        for seed in first..<first + count {
            do {
                var world = Simulation(seed: seed)
                try world.run(steps: 400)
            } catch {
                Issue.record("seed \(seed): \(error)")
                return
            }
            // Tests that look at the clock run beside this one, on few threads.
            await Task.yield()
        }
        print("simulation: \(count) histories from seed \(first)")
    }

    @Test(arguments: Simulation.Defect.allCases.filter { $0 != .none })
    func `a deliberate defect is found`(_ defect: Simulation.Defect) async {
        var isFound = false
        for seed in 0..<300 as Range<UInt64> where !isFound {
            var world = Simulation(seed: seed, defect: defect)
            do { try world.run(steps: 400) } catch { isFound = true }
            await Task.yield()
        }
        #expect(isFound)
    }

    private func number(_ variable: String) -> UInt64? {
        ProcessInfo.processInfo.environment[variable].flatMap(UInt64.init)
    }
}
