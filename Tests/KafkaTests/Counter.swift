import Synchronization

final class Counter: Sendable {
    private let count = Atomic(0)

    var value: Int { count.load(ordering: .acquiring) }

    func add(_ amount: Int) {
        count.add(amount, ordering: .acquiringAndReleasing)
    }
}
