import Testing

@testable import Kafka

struct DoorbellTests {
    @Test
    func `a ring before the wait is not lost`() async {
        let bell = Doorbell()
        bell.ring()
        bell.ring()
        await bell.wait()
    }

    @Test
    func `rings from many tasks wake the waiter until the last one`() async {
        let bell = Doorbell()
        let total = 4 * 5000
        let counter = Counter()
        await withTaskGroup { group in
            for _ in 0..<4 {
                group.addTask {
                    for _ in 0..<5000 {
                        counter.add(1)
                        bell.ring()
                    }
                }
            }
            // Would hang if a ring got lost between looking and waiting.
            while counter.value < total { await bell.wait() }
        }
        #expect(counter.value == total)
    }

    @Test
    func `a second waiter lets the first one go`() async {
        let bell = Doorbell()
        await withTaskGroup { group in
            group.addTask { await bell.wait() }
            group.addTask { await bell.wait() }
            await group.next()
            bell.ring()
        }
    }
}
