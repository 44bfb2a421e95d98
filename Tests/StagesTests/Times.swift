import Stages
import Synchronization

/// A clock that a test turns.
final class Times: Sendable {
    private let milliseconds: Mutex<Int64>

    init(milliseconds: Int64 = 0) {
        self.milliseconds = Mutex(milliseconds)
    }

    /// A second later each time.
    func next() -> UTCTime {
        UTCTime(
            milliseconds: milliseconds.withLock {
                $0 += 1000
                return $0
            }
        )
    }

    var now: UTCTime {
        get { UTCTime(milliseconds: milliseconds.withLock { $0 }) }
        set { milliseconds.withLock { $0 = newValue.milliseconds } }
    }
}
