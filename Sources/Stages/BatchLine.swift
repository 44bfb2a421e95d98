internal import Synchronization

/// Gathers what many tasks ask for, and has it done batch by batch: while one batch is worked on, the next one grows.
final class BatchLine<Request: Sendable, Answer: Sendable>: Sendable {
    /// Gives an answer for each request, in their order, or fails for all of them.
    typealias Work = @Sendable ([Request]) async throws(JournalError) -> [Answer]

    private typealias Reply = Result<Answer, JournalError>

    private struct State {
        var requests: [Request] = []
        var replies: [CheckedContinuation<Reply, Never>] = []
        /// A task works on batches and will look for more.
        var isAtWork = false
        var isClosed = false
        /// They wait for the end of the work.
        var closing: [CheckedContinuation<Void, Never>] = []
    }

    /// Requests in one batch: bounds the wait of the first one.
    private let limit: Int
    private let work: Work
    private let state = Mutex(State())

    init(limit: Int, work: @escaping Work) {
        self.limit = limit
        self.work = work
    }

    /// Returns when the batch with this request is finished.
    func answer(to request: Request) async throws(JournalError) -> Answer {
        let reply: Reply = await withCheckedContinuation { continuation in
            let (isClosed, starts) = state.withLock { state in
                guard !state.isClosed else { return (true, false) }
                state.requests.append(request)
                state.replies.append(continuation)
                defer { state.isAtWork = true }
                return (false, !state.isAtWork)
            }
            if isClosed { continuation.resume(returning: .failure(JournalError("is closed"))) }
            if starts { Task(name: "journal") { await run() } }
        }
        return try reply.get()
    }

    /// Refuses further requests and returns when those before are answered.
    func close() async {
        await withCheckedContinuation { continuation in
            let isIdle = state.withLock { state in
                state.isClosed = true
                if state.isAtWork { state.closing.append(continuation) }
                return !state.isAtWork
            }
            if isIdle { continuation.resume() }
        }
    }

    var isClosed: Bool { state.withLock { $0.isClosed } }

    /// Works until nobody waits any more; then the next request starts it again.
    private func run() async {
        while let (requests, replies) = nextBatch() {
            do throws(JournalError) {
                let answers = try await work(requests)
                for (reply, answer) in zip(replies, answers) { reply.resume(returning: .success(answer)) }
            } catch {
                for reply in replies { reply.resume(returning: .failure(error)) }
            }
            // Those who were answered run first: what they ask for next comes into the next batch, not the one after.
            await Task.yield()
        }
    }

    private func nextBatch() -> (requests: [Request], replies: [CheckedContinuation<Reply, Never>])? {
        state.withLock { state in
            guard !state.requests.isEmpty else {
                state.isAtWork = false
                for continuation in state.closing { continuation.resume() }
                state.closing = []
                return nil
            }
            let count = min(limit, state.requests.count)
            let batch = (Array(state.requests.prefix(count)), Array(state.replies.prefix(count)))
            state.requests.removeFirst(count)
            state.replies.removeFirst(count)
            return batch
        }
    }
}
