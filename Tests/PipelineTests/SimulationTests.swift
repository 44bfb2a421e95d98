import Foundation
import Testing

@testable import Pipeline

/// Thousands of histories of the pure core; `SIMULATION_SEEDS` runs more, `SIMULATION_FIRST` starts elsewhere.
@Suite struct SimulationTests {
    @Test func `no seeded history breaks an invariant`() async throws {
        let first = number("SIMULATION_FIRST") ?? 0
        let count = number("SIMULATION_SEEDS") ?? 10_000
        var rebalances = 0
        for seed in first..<first + count {
            let history = History(seed: seed)
            var world = Simulation(history)
            do throws(Simulation.Violation) {
                try world.run(history)
            } catch {
                let shortest = history.shortened()
                Issue.record(
                    "seed \(seed): \(error)\nshortest: \(shortest)\n\(shortest.violation(tracing: true)?.description ?? "")"
                )
                return
            }
            rebalances += world.rebalances
            // Tests that look at the clock run beside this one, on few threads.
            await Task.yield()
        }
        print("simulation: \(count) histories from seed \(first), \(rebalances) rebalances")
    }

    @Test(arguments: Simulation.Defect.allCases.filter { $0 != .none })
    func `a deliberate defect is found`(_ defect: Simulation.Defect) async {
        var isFound = false
        for seed in 0..<600 as Range<UInt64> where !isFound {
            isFound = History(seed: seed, defect: defect).violation() != nil
            await Task.yield()
        }
        #expect(isFound)
    }

    @Test func `a failing history is shortened to one that a person can read`() throws {
        let history = try #require(
            (0..<600 as Range<UInt64>).lazy.map { History(seed: $0, defect: .commitBeyondFrontier) }
                .first { $0.violation() != nil }
        )
        let shortest = history.shortened()
        #expect(shortest.violation() != nil)
        #expect(shortest.steps.count <= 40, "\(shortest)")
        let trace = try #require(shortest.violation(tracing: true)).description.split(separator: "\n")
        #expect(trace.count > 2)
    }

    private func number(_ variable: String) -> UInt64? {
        ProcessInfo.processInfo.environment[variable].flatMap(UInt64.init)
    }
}
