package import Kafka
import Synchronization

/// Publishes records and waits for the broker's acknowledgement, for any number of tasks over one producer.
package final class Publisher: Sendable {
    private struct State {
        var waiting: [UInt64: CheckedContinuation<KafkaError?, Never>] = [:]
        var nextToken: UInt64 = 1
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
                guard !state.isClosed else { return nil }
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
            continuation.resume(returning: KafkaError(.state, "the publisher was closed meanwhile"))
        }
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
