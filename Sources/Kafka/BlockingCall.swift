internal import Dispatch
internal import Synchronization

/// Runs a C call that blocks on a thread of its own and lets a task await it.
enum BlockingCall {
    /// Some calls of librdkafka outstay the timeout they are given (confluentinc/librdkafka#4970): this long after it
    /// the caller is let go, while the thread waits on and drops its result.
    private static let grace = Duration.milliseconds(500)

    /// `call` gets the timeout in milliseconds; whatever it captures stays alive until it is over. `action` is for the
    /// error message.
    ///
    /// - Parameter queue: runs calls that must come one after the other; nil: a queue of its own, because a shared one
    ///   would stand still behind a call that hangs.
    static func run<Value: Sendable>(
        _ action: String,
        timeout: Duration,
        on queue: DispatchQueue? = nil,
        _ call: @escaping @Sendable (_ milliseconds: Int32) throws(KafkaError) -> Value
    ) async throws(KafkaError) -> Value {
        let milliseconds = timeout.clampedMilliseconds
        let result = await withCheckedContinuation { continuation in
            let answer = FirstAnswer<Value>(continuation)
            let queue = queue ?? DispatchQueue(label: "kafka.\(action)")
            queue.async {
                do throws(KafkaError) {
                    answer.give(.success(try call(milliseconds)))
                } catch {
                    answer.give(.failure(error))
                }
            }
            let deadline = DispatchTime.now() + .milliseconds(Int(milliseconds + grace.clampedMilliseconds))
            DispatchQueue.global()
                .asyncAfter(deadline: deadline) {
                    answer.give(.failure(KafkaError(.timedOut, "\(action): no answer within \(timeout)")))
                }
        }
        return try result.get()
    }
}

/// Resumes once, with whatever comes first.
private final class FirstAnswer<Value: Sendable>: Sendable {
    private let continuation: Mutex<CheckedContinuation<Result<Value, KafkaError>, Never>?>

    init(_ continuation: CheckedContinuation<Result<Value, KafkaError>, Never>) {
        self.continuation = Mutex(continuation)
    }

    func give(_ result: Result<Value, KafkaError>) {
        continuation.withLock { $0.take() }?.resume(returning: result)
    }
}

extension Duration {
    /// Between 0 and a day, for C calls that take milliseconds as `int`.
    var clampedMilliseconds: Int32 {
        let (seconds, attoseconds) = components
        let bounded = min(max(seconds, 0), 86_400)
        guard bounded == seconds else { return Int32(bounded * 1000) }
        return Int32(max(bounded * 1000 + attoseconds / 1_000_000_000_000_000, 0))
    }
}
