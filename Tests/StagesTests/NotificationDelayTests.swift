import Testing

@testable import Stages

struct NotificationDelayTests {
    /// The benchmark's floor is worked out from the same numbers, in another language.
    @Test(arguments: [(Int32(0), Int64(0), 4416.554), (0, 1, 2832.808), (3, 77, 1459.107)])
    func `the wait is drawn from partition and offset`(partition: Int32, offset: Int64, microseconds: Double) {
        let delay = NotificationDelay(range: .zero ... .milliseconds(5))
        let wait = delay.time(of: partition, offset)
        #expect(abs(wait / .microseconds(1) - microseconds) < 0.01)
    }

    @Test func `waits keep within their bounds`() {
        let delay = NotificationDelay(range: .milliseconds(3) ... .milliseconds(4))
        let waits = (0..<1000).map { delay.time(of: 7, $0) }
        #expect(waits.allSatisfy { $0 >= .milliseconds(3) && $0 < .milliseconds(4) })
        #expect(Set(waits).count > 990)
        let constant = NotificationDelay(range: .milliseconds(20) ... .milliseconds(20))
        #expect(constant.time(of: 0, 5) == .milliseconds(20))
    }
}
