internal import Kafka
internal import Logging
internal import LoyaltyEvents
package import Pipeline
internal import Synchronization

/// Records that a voucher was published to a customer, and hands the record on.
package final class PublicationStage: Stage {
    /// Where publications go.
    enum Sink: Sendable {
        /// The table `publications`.
        case journal(Journal)
        case topic(String, TopicPublishing)
        /// One line each, ids only.
        case log(Logger)
    }

    package let name = "publication"

    private let sink: Sink
    private let scope: String
    private let ledger: EffectLedger
    private let clock: @Sendable () -> UTCTime
    /// Cuts the publication out of the value; it keeps buffers, so one at a time.
    private let decoder = Mutex(EventDecoder())

    init(
        sink: Sink,
        scope: String,
        journal: Journal?,
        clock: @escaping @Sendable () -> UTCTime = UTCTime.now
    ) {
        self.sink = sink
        self.scope = scope
        ledger = EffectLedger(scope: scope, stage: name, journal: journal)
        self.clock = clock
    }

    package func perform(_ work: LoyaltyWork, in context: StageContext) async -> StageOutcome {
        let event = work.event
        let key = event.effectKey(.publication)
        guard let id = event.publicationID, let publication = publicationJSON(of: work) else {
            return .reject(reason: "the event carries no publication")
        }
        switch sink {
        case .journal(let journal):
            return await record(publication, id: id, of: work, key: key, attempt: context.attempt, in: journal)
        case .topic(let topic, let publishing):
            return await ledger.once(key, for: work.record, attempt: context.attempt, known: .repeated) {
                let value = PublicationBody.bytes(of: event, publication: publication, receivedAt: clock())
                return await publishing.deliver(
                    OutgoingRecord(topic: topic, key: Array(id.utf8), value: value, headers: headers(key, work))
                )
            }
        case .log(let logger):
            return await ledger.once(key, for: work.record, attempt: context.attempt, known: .repeated) {
                logger.info(
                    "publication",
                    metadata: [
                        "publication": "\(id)",
                        "customer": "\(event.customerID)",
                        "card": "\(event.voucherID ?? "")",
                        "points": "\(event.points)",
                        "source": "\(work.record.source)/\(work.record.offset)",
                    ]
                )
                return .made(.performed)
            }
        }
    }

    /// One statement finds out whether the effect is new and records it, so that no claim is needed before.
    private func record(
        _ publication: ArraySlice<UInt8>,
        id: String,
        of work: LoyaltyWork,
        key: EffectKey,
        attempt: Int,
        in journal: Journal
    ) async -> StageOutcome {
        let event = work.event
        let effect = EffectRow(
            id: EffectID(scope: scope, stage: name, key: key),
            source: work.record.source,
            offset: work.record.offset,
            attempts: attempt
        )
        let row = PublicationRow(
            publicationID: id,
            customerID: event.customerID,
            voucherID: event.voucherID,
            voucherCode: event.voucherCode,
            channel: event.publicationChannel,
            accrualKey: PublicationBody.accrualKey(of: event),
            payload: String(decoding: publication, as: UTF8.self)
        )
        do throws(JournalError) {
            return .done(try await journal.record(effect, of: row) ? .repeated : .performed)
        } catch {
            return .unavailable(reason: error.description)
        }
    }

    private func publicationJSON(of work: LoyaltyWork) -> ArraySlice<UInt8>? {
        guard let count = work.record.valueCount else { return nil }
        return decoder.withLock { $0.publicationJSON(of: work.event, in: work.record.bytes, count: count) }
    }

    private func headers(_ key: EffectKey, _ work: LoyaltyWork) -> [Header] {
        var headers = [Header(name: "idempotency-key", value: Array(key.description.utf8))]
        if let trace = TraceParent.received(in: work.record) {
            headers.append(Header(name: "traceparent", value: Array(trace.utf8)))
        }
        return headers
    }
}
