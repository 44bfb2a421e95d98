import Kafka
import Testing

@testable import LoyaltyWorker

@Suite struct `The pace of a replay` {
    @Test func `it halves its rate while the lag of live work grows, and recovers`() {
        var control = YieldControl(base: 1000)
        control.sample(lag: 0, speed: 1000)
        #expect(control.rate == 1000 && !control.isYielding)
        control.sample(lag: 500, speed: 1000)
        #expect(control.rate == 500 && control.isYielding)
        control.sample(lag: 1200, speed: 500)
        #expect(control.rate == 250)
        var rates: [Double] = []
        for _ in 0..<10 {
            control.sample(lag: 1200, speed: control.rate ?? 0)
            rates.append(control.rate ?? 0)
        }
        #expect(zip(rates, rates.dropFirst()).allSatisfy { $0 <= $1 }, "it gets faster step by step")
        #expect(control.rate == 1000 && !control.isYielding)
    }

    @Test func `the saw teeth of commits are no growth`() {
        var control = YieldControl(base: nil)
        for round in 0..<50 { control.sample(lag: round.isMultiple(of: 2) ? 20 : 110, speed: 5000) }
        #expect(control.rate == nil)
        for round in 0..<50 { control.sample(lag: round.isMultiple(of: 2) ? 100_000 : 101_500, speed: 5000) }
        #expect(!control.isYielding && control.rate == nil)
    }

    @Test func `it never stops altogether, and without a limit it gets back to none`() {
        var control = YieldControl(base: nil)
        for step in 0..<60 { control.sample(lag: Int64(step) * 100_000, speed: 3000 / Double(step + 1)) }
        #expect(control.rate.map { $0 >= 10 && $0 < 100 } == true)
        for _ in 0..<60 { control.sample(lag: 10, speed: 3000) }
        #expect(control.rate == nil && !control.isYielding)
    }

    @Test func `a replay that takes nothing yet is not to blame for a growing lag`() {
        var control = YieldControl(base: 400)
        for step in 0..<5 { control.sample(lag: Int64(step) * 1000, speed: 0) }
        #expect(control.rate == 400 && !control.isYielding)
    }

    @Test func `nobody to yield to is no reason to be slow`() {
        var control = YieldControl(base: 100)
        for _ in 0..<5 { control.sample(lag: nil, speed: 100) }
        #expect(control.rate == 100)
    }

    @Test func `progress is told by offsets, with the time left`() throws {
        let one = TopicPartition(topic: "t", partition: 0)
        let two = TopicPartition(topic: "t", partition: 1)
        let name = try #require(ReplayJobName("j"))
        let job = ReplayJob(
            name: name,
            group: "g",
            definition: ReplayDefinition(words: [], ranges: [one: 100..<200, two: 0..<300]),
            isResumed: false,
            remarks: [],
            committed: [two: 50]
        )
        var progress = ReplayProgress(job)
        progress.note([:], at: .zero)
        #expect(progress.done == 50 && progress.total == 400 && progress.secondsLeft == nil)
        progress.note([one: 150, two: 100], at: .seconds(10))
        #expect(progress.speed == 10 && progress.secondsLeft == 25)
        #expect(progress.bar().contains(" 37.5 %  10/s  00:25 left"))
        progress.note([one: 120], at: .seconds(11))
        #expect(progress.done == 150, "it does not go back")
        progress.note([one: 5000, two: 300], at: .seconds(12))
        #expect(progress.share == 1 && progress.secondsLeft == 0)
        let json = progress.json(rate: 5, isYielding: true, hasPartitions: true)
        #expect(json.hasPrefix(#"{"progress":{"job":"j","done":400,"total":400,"percent":100,"#))
        #expect(
            json.contains(
                #""rate_limit":5,"yielding":true,"partitions":[{"topic":"t","partition":0,"from":100,"to":200"#
            )
        )
    }
}
