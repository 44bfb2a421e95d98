import Foundation

/// A moment of the wall clock, from which monotonic times are told to people.
struct WallClock: Sendable {
    private let date: Date

    static var now: WallClock { WallClock(date: Date()) }

    /// ISO 8601, UTC, with milliseconds.
    func text(after elapsed: Duration) -> String {
        date.addingTimeInterval(Double(elapsed.microseconds) / 1_000_000)
            .formatted(
                .iso8601.year().month().day().time(includingFractionalSeconds: true).timeZone(separator: .omitted)
            )
    }
}
