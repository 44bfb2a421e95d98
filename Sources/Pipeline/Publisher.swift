package import Kafka
import Synchronization

/// Publishes records and waits for the broker's acknowledgement, for any number of tasks over one producer.
package final class Publisher: Sendable {
    private struct State {
        var waiting: [UInt64: CheckedContinuation<KafkaError?, Never>] = [:]
        var nextToken: UInt64 = 1
        /// Nothing more is taken.
        var isFinishing = false
        var isClosed = false
    }

    private let producer: Producer
    private let doorbell: Doorbell
    private let state = Mutex(State())

    /// The producer must have been made with the same doorbell.
    package init(producer: Producer, doorbell: Doorbell) {
        self.producer = producer
        self.doorbell = doorbell
    }

    /// Why the producer can publish nothing any more, if so.
    package var fatalError: KafkaError? { producer.fatalError }

    /// Returns when the broker has acknowledged the record.
    ///
    /// - Throws: why it was not acknowledged; the record may then have been written or not.
    package func publish(_ record: OutgoingRecord) async throws(KafkaError) {
        let failure: KafkaError? = await withCheckedContinuation { continuation in
            let token: UInt64? = state.withLock { state in
                guard !state.isFinishing, !state.isClosed else { return nil }
                let token = state.nextToken
                state.nextToken &+= 1
                state.waiting[token] = continuation
                return token
            }
            guard let token else {
                continuation.resume(returning: KafkaError(.state, "the publisher is closed"))
                return
            }
            do throws(KafkaError) {
                try producer.send(record, token: token)
            } catch {
                take(token)?.resume(returning: error)
            }
        }
        if let failure { throw failure }
    }

    /// Hands acknowledgements to those who wait, until `close`.
    package func run() async {
        while true {
            drain()
            if state.withLock({ $0.isClosed }) { break }
            await doorbell.wait()
        }
        drain()
        let left = state.withLock { state in
            defer { state.waiting = [:] }
            return state.waiting
        }
        for continuation in left.values {
            // Not `.state`, which says that nothing was sent.
            continuation.resume(returning: KafkaError(.destroyed, "the broker did not answer before the end"))
        }
    }

    /// Takes nothing more, and closes when all is acknowledged, or when `patience` is over: whoever waits then gets an error.
    ///
    /// While brokers are away no report need come at all, not even at `message.timeout.ms`: librdkafka 2.16, which then begins
    /// again from its bootstrap servers, forgets a partition that was just being handed to a broker which it terminates.
    package func finish(within patience: Duration) async {
        state.withLock { $0.isFinishing = true }
        let deadline = ContinuousClock.now + patience
        while state.withLock({ !$0.waiting.isEmpty && !$0.isClosed }), ContinuousClock.now < deadline {
            guard (try? await Task.sleep(for: .milliseconds(20))) != nil else { break }
        }
        close()
    }

    /// Lets `run` return; whoever still waits gets an error.
    package func close() {
        state.withLock { $0.isClosed = true }
        doorbell.ring()
    }

    private func drain() {
        while true {
            let count = producer.reports(upTo: 1000) { report in
                guard let continuation = take(report.token) else { return }
                switch report.result {
                case .success: continuation.resume(returning: nil)
                case .failure(let error): continuation.resume(returning: error)
                }
            }
            if count < 1000 { return }
        }
    }

    private func take(_ token: UInt64) -> CheckedContinuation<KafkaError?, Never>? {
        state.withLock { $0.waiting.removeValue(forKey: token) }
    }
}
