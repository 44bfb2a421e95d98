import Kafka
import Pipeline
import Testing

@testable import LoyaltyWorker

@Suite struct `Liveness looks for progress` {
    private func stuck(_ status: WorkerStatus) -> [Liveness.Stuck] {
        var liveness = Liveness(timeout: .seconds(300))
        return liveness.observe(status, at: .seconds(10_000))
    }

    @Test func `a record that runs for too long is named with its place and stage`() {
        let found = stuck(StatusFixture.status())
        #expect(
            found.map(\.description) == [
                "no progress for 600 s at loyalty.events/3/42 in the stage notification"
            ]
        )
    }

    @Test func `a young record, a recent finish, no record and a draining partition are no worry`() {
        let calm = [
            StatusFixture.partition(oldest: StatusFixture.oldest(age: .seconds(299))),
            StatusFixture.partition(sinceProgress: .seconds(299)),
            StatusFixture.partition(unfinished: 0, oldest: nil),
            StatusFixture.partition(isDraining: true),
        ]
        for partition in calm { #expect(stuck(StatusFixture.status([partition])).isEmpty) }
    }

    @Test(arguments: [CircuitBreaker.State.open(until: .seconds(1)), .halfOpen, .halted])
    func `a sink that is away is no reason to restart`(_ breaker: CircuitBreaker.State) {
        #expect(stuck(StatusFixture.status(breaker: breaker)).isEmpty)
    }

    @Test func `the breaker of another stage does not excuse`() {
        let partition = StatusFixture.partition(oldest: StatusFixture.oldest(stages: ["publication"]))
        #expect(stuck(StatusFixture.status([partition], breaker: .halted)).count == 1)
    }

    @Test func `a retry that waits, or runs since a short time, is no worry; one that runs for long is`() {
        var liveness = Liveness(timeout: .seconds(300))
        func observe(_ attempts: Int, waiting: Bool, at seconds: Int64) -> Int {
            let oldest = StatusFixture.oldest(
                age: .seconds(3600),
                attempts: attempts,
                nextAttemptIn: waiting ? .seconds(60) : nil
            )
            let status = StatusFixture.status([StatusFixture.partition(sinceProgress: .seconds(3600), oldest: oldest)])
            return liveness.observe(status, at: .seconds(seconds)).count
        }
        let found = [
            observe(3, waiting: true, at: 0), observe(3, waiting: true, at: 1000),
            observe(4, waiting: false, at: 1010), observe(4, waiting: false, at: 1309),
            observe(4, waiting: false, at: 1310), observe(5, waiting: false, at: 1311),
        ]
        #expect(found == [0, 0, 0, 0, 1, 0])
    }

    @Test func `time with an open breaker does not count`() {
        var liveness = Liveness(timeout: .seconds(300))
        let away = StatusFixture.status(breaker: .open(until: .seconds(1)))
        let whileAway = liveness.observe(away, at: .seconds(1000))
        let soonAfter = liveness.observe(StatusFixture.status(), at: .seconds(1200))
        let longAfter = liveness.observe(StatusFixture.status(), at: .seconds(1301))
        #expect([whileAway.count, soonAfter.count, longAfter.count] == [0, 0, 1])
    }

    @Test func `readiness is having joined`() {
        var status = StatusFixture.status([])
        #expect(Readiness.obstacle(status) == nil)
        for phase in [WorkerStatus.Phase.joining, .draining, .stopped] {
            status.phase = phase
            #expect(Readiness.obstacle(status) != nil)
        }
    }
}
