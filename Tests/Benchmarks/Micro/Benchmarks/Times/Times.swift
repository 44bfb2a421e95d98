import Benchmark
import Cases
import Foundation
import FoundationModel

// Wall-clock time alone: counts of instructions and allocations come from `deploy/counts`.
let benchmarks: @Sendable () -> Void = {
    let configuration = Benchmark.Configuration(
        metrics: [.wallClock],
        timeUnits: .nanoseconds,
        warmupIterations: 3,
        maxDuration: .milliseconds(700),
        maxIterations: 1_000_000
    )
    for measured in Case.all + [jsonDecoder] {
        // A fraction of a millisecond, so that most are done before something else gets the processor.
        let operations = measured.operations / 10
        Benchmark("\(measured.name) x \(operations)", configuration: configuration) { benchmark, operate in
            var sum = 0
            for _ in 0..<operations { sum &+= operate() }
            blackHole(sum)
        } setup: {
            try measured.prepare()
        }
    }
}

/// Everything that the model has, by Foundation into the same types.
private let jsonDecoder = Case("Foundation model", operations: 20) {
    let sample = try Sample.data()
    let decoder = JSONDecoder()
    guard try decoder.decode(CustomerRewardedLoyaltyPoints.self, from: sample).balance?.points != nil else {
        throw Unfit(what: "Foundation's model of the sample has no points")
    }
    return {
        let model = try? decoder.decode(CustomerRewardedLoyaltyPoints.self, from: sample)
        return Int(truncatingIfNeeded: model?.balance?.points ?? 0)
    }
}
