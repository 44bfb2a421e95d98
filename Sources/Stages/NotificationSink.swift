internal import Kafka
internal import Logging
internal import LoyaltyEvents
internal import Pipeline

/// One notification to be delivered.
struct PointsNotification: Sendable {
    let key: EffectKey
    let work: LoyaltyWork
    let template: MessageTemplate

    /// Made when asked for: not every sink needs it.
    var body: [UInt8] {
        NotificationBody.bytes(of: work.event, at: work.time, message: template.message(for: work))
    }
}

/// Where notifications go.
protocol NotificationSink: Sendable {
    /// - Parameter permit: proof that this run may notify; `StageContext` gives it.
    func deliver(_ notification: PointsNotification, _ permit: NotificationPermit) async -> Delivery
}

/// Writes one line for each notification: for trying out, and for those who ship logs. Ids only, nothing personal.
struct NotificationLog: NotificationSink {
    let logger: Logger

    func deliver(_ notification: PointsNotification, _ permit: NotificationPermit) async -> Delivery {
        let event = notification.work.event
        logger.info(
            "notification",
            metadata: [
                "webhook-id": "\(notification.key.webhookID)",
                "customer": "\(event.customerID)",
                "card": "\(event.voucherID ?? "")",
                "campaign": "\(event.campaignID ?? "")",
                "earning-rule": "\(event.earningRuleID ?? "")",
                "order": "\(event.orderID ?? "")",
                "points": "\(event.points)",
                "source": "\(notification.work.record.source)/\(notification.work.record.offset)",
            ]
        )
        return .made(.performed)
    }
}

/// Publishes notifications to a topic, keyed by customer.
struct NotificationTopic: NotificationSink {
    let topic: String
    let publish: TopicPublishing

    func deliver(_ notification: PointsNotification, _ permit: NotificationPermit) async -> Delivery {
        let id = Array(notification.key.webhookID.utf8)
        var headers = [Header(name: "webhook-id", value: id), Header(name: "idempotency-key", value: id)]
        if let trace = TraceParent.received(in: notification.work.record) {
            headers.append(Header(name: "traceparent", value: Array(trace.utf8)))
        }
        return await publish.deliver(
            OutgoingRecord(
                topic: topic,
                key: Array(notification.work.event.customerID.utf8),
                value: notification.body,
                headers: headers
            )
        )
    }
}
