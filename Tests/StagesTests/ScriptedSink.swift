import Pipeline
import Synchronization

@testable import Stages

/// A sink that answers what a test wants, and remembers what it was asked.
final class ScriptedSink: NotificationSink {
    typealias Script = @Sendable (_ call: Int, PointsNotification) async -> Delivery

    private let script: Script
    private let notifications = Mutex<[PointsNotification]>([])

    init(_ script: @escaping Script = { _, _ in .made(.performed) }) {
        self.script = script
    }

    var received: [PointsNotification] { notifications.withLock { $0 } }

    func deliver(_ notification: PointsNotification, _ permit: NotificationPermit) async -> Delivery {
        let call = notifications.withLock {
            $0.append(notification)
            return $0.count
        }
        return await script(call, notification)
    }
}

/// Lets a test hold something up and let it go.
final class Gate: Sendable {
    private struct State {
        var isOpen = false
        var arrived = 0
        var waiting: [CheckedContinuation<Void, Never>] = []
        var observers: [(count: Int, continuation: CheckedContinuation<Void, Never>)] = []
    }

    private let state = Mutex(State())

    func pass() async {
        await withCheckedContinuation { continuation in
            let resumed = state.withLock { state in
                state.arrived += 1
                let arrived = state.arrived
                var resumed = state.observers.filter { $0.count <= arrived }.map(\.continuation)
                state.observers.removeAll { $0.count <= arrived }
                if state.isOpen { resumed.append(continuation) } else { state.waiting.append(continuation) }
                return resumed
            }
            for continuation in resumed { continuation.resume() }
        }
    }

    /// Returns when so many have come to the gate.
    func arrivals(_ count: Int) async {
        await withCheckedContinuation { continuation in
            let isThere = state.withLock { state in
                if state.arrived >= count { return true }
                state.observers.append((count, continuation))
                return false
            }
            if isThere { continuation.resume() }
        }
    }

    func open() {
        let waiting = state.withLock { state in
            state.isOpen = true
            defer { state.waiting = [] }
            return state.waiting
        }
        for continuation in waiting { continuation.resume() }
    }
}
