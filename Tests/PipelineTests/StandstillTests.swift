import Testing

@testable import Pipeline

@Suite struct StandstillTests {
    @Test func `a worker that takes its turns is never fenced`() {
        var standstill = Standstill()
        for turn in 0..<1000 {
            expect(&standstill, at: .milliseconds(2900) * turn, isFenced: false)
        }
    }

    @Test func `after a standstill nothing is begun until the group has had time to speak`() {
        var standstill = Standstill()
        expect(&standstill, at: .seconds(1), isFenced: false)
        expect(&standstill, at: .seconds(8), isFenced: true)
        expect(&standstill, at: .milliseconds(10_900), isFenced: true)
        expect(&standstill, at: .milliseconds(11_000), isFenced: false)
    }

    private func expect(_ standstill: inout Standstill, at now: Duration, isFenced: Bool) {
        let answer = standstill.isFenced(at: now)
        #expect(answer == isFenced)
    }
}
