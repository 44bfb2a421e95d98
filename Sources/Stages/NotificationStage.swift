internal import LoyaltyEvents
package import Pipeline

/// Tells the customer that points arrived.
package final class NotificationStage: Stage {
    package let name = "notification"

    private let sink: any NotificationSink
    private let ledger: EffectLedger
    private let template: MessageTemplate
    private let maxAge: Duration?
    private let clock: @Sendable () -> UTCTime

    init(
        sink: any NotificationSink,
        scope: String,
        journal: Journal?,
        template: MessageTemplate,
        maxAge: Duration? = nil,
        clock: @escaping @Sendable () -> UTCTime = UTCTime.now
    ) {
        self.sink = sink
        ledger = EffectLedger(scope: scope, stage: name, journal: journal)
        self.template = template
        self.maxAge = maxAge
        self.clock = clock
    }

    package func perform(_ work: LoyaltyWork, in context: StageContext) async -> StageOutcome {
        // Not recorded either: the customer has not been told, and a later replay with permission may still do it.
        guard let permit = context.notificationPermit else { return .done(.suppressed) }
        let key = work.event.effectKey(.notification)
        return await ledger.once(key, for: work.record, attempt: context.attempt, known: .suppressed) {
            if isTooOld(work) { return .made(.suppressed) }
            return await sink.deliver(PointsNotification(key: key, work: work, template: template), permit)
        }
    }

    private func isTooOld(_ work: LoyaltyWork) -> Bool {
        guard let maxAge, let time = work.time else { return false }
        return clock().since(time) > maxAge
    }
}
