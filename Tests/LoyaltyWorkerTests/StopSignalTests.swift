import Testing

@testable import LoyaltyWorker

@Suite struct `Signals to stop` {
    @Test func `an echo of the first is ignored, a later one leaves at once`() {
        var signals = StopSignals()
        let start = ContinuousClock.now
        #expect(signals.answer(at: start) == .stop)
        #expect(signals.answer(at: start) == .ignore)
        #expect(signals.answer(at: start + .milliseconds(999)) == .ignore)
        #expect(signals.answer(at: start + .seconds(1)) == .leave)
    }
}
