import Testing

@testable import Pipeline

struct FetchReminderTests {
    @Test func `fetchers are reminded once records were taken, and at most every ten milliseconds`() {
        var reminder = FetchReminder()
        let turns: [(pulled: Int, at: Int)] = [
            (0, 0), (5, 1), (5, 2), (0, 10), (0, 11), (0, 30), (1, 40), (0, 41), (0, 60),
        ]
        let due = turns.filter { reminder.isDue(pulled: $0.pulled, at: .milliseconds($0.at)) }.map(\.at)
        #expect(due == [1, 11, 40])
    }
}
