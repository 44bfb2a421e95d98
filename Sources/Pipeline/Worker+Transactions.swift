import Kafka
import Logging

/// The blocking side of transactions: each function goes on until the broker has decided, or the worker is over.
extension Worker {
    /// For one call: short, so that the end of the worker is noticed.
    private static let callTimeout: Duration = .seconds(5)
    private static let pause: Duration = .milliseconds(100)

    /// Commits what was published since the last transaction together with `offsets`, and begins the next one. Aborts when the broker
    /// asks for that.
    func commit(_ offsets: [CommittedOffset], of member: GroupMember, in transactions: Transactions) async -> Mail {
        do throws(KafkaError) {
            try await insist { () throws(KafkaError) in
                try await transactions.add(offsets, of: member, timeout: Self.callTimeout)
            }
            try await insist { () throws(KafkaError) in try await transactions.commit(timeout: Self.callTimeout) }
        } catch {
            guard error.requiresAbort, !error.isFatal else { return .transacted(.failure(error)) }
            return await abort(transactions, because: error.description)
        }
        return await begin(transactions, after: .committed)
    }

    /// Aborts the transaction and begins the next one.
    func abort(_ transactions: Transactions, because reason: String? = nil) async -> Mail {
        do throws(KafkaError) {
            try await insist { () throws(KafkaError) in try await transactions.abort(timeout: Self.callTimeout) }
        } catch {
            return .transacted(.failure(error))
        }
        return await begin(transactions, after: .aborted(reason))
    }

    /// One try to abort what was left open, so that readers need not wait until the broker does. There may be nothing to abort.
    func abandon(_ transactions: Transactions) async {
        logger.warning("leaving with a transaction open: what is not committed will be done again by whoever is next")
        do throws(KafkaError) {
            try await transactions.abort(timeout: Self.callTimeout)
        } catch {
            logger.debug("the last transaction could not be aborted", metadata: ["reason": "\(error)"])
        }
    }

    private func begin(_ transactions: Transactions, after end: TransactionEnd) async -> Mail {
        do throws(KafkaError) {
            try await insist { () throws(KafkaError) in try await transactions.begin(timeout: Self.callTimeout) }
            return .transacted(.success(end))
        } catch {
            return .transacted(.failure(error))
        }
    }

    /// A call that was not answered in time has not failed: it is to be made again until it is answered.
    private func insist(_ call: () async throws(KafkaError) -> Void) async throws(KafkaError) {
        while true {
            do throws(KafkaError) {
                return try await call()
            } catch {
                guard error.isRetriable, !error.requiresAbort, !error.isFatal, !isFinished else { throw error }
                logger.debug("a transaction waits", metadata: ["reason": "\(error)"])
                // A broker that refuses at once must not be asked in a tight loop.
                try? await Task.sleep(for: Self.pause)
            }
        }
    }
}
