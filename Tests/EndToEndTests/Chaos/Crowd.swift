import Synchronization
import Testing

/// Lets only so many tests with processes of their own run at once: members that get no processor in time lose their session,
/// here and in other tests.
struct Crowd: SuiteTrait, TestTrait, TestScoping {
    private static let limit = 3
    private static let state = Mutex((free: limit, waiting: [CheckedContinuation<Void, Never>]()))

    var isRecursive: Bool { true }

    func provideScope(
        for test: Test,
        testCase: Test.Case?,
        performing function: @concurrent @Sendable () async throws -> Void
    ) async throws {
        guard testCase != nil else { return try await function() }
        await withCheckedContinuation { continuation in
            let isFree = Self.state.withLock { state in
                guard state.free > 0 else {
                    state.waiting.append(continuation)
                    return false
                }
                state.free -= 1
                return true
            }
            if isFree { continuation.resume() }
        }
        defer {
            let next = Self.state.withLock { state -> CheckedContinuation<Void, Never>? in
                guard !state.waiting.isEmpty else {
                    state.free += 1
                    return nil
                }
                return state.waiting.removeFirst()
            }
            next?.resume()
        }
        try await function()
    }
}

extension Trait where Self == Crowd {
    /// Not too many of these at once.
    static var crowded: Self { Self() }
}
