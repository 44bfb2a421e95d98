internal import Kafka
internal import LoyaltyEvents

/// The body of a notification, the same bytes for every attempt at one record.
enum NotificationBody {
    /// - Parameter time: when the points were rewarded, as far as is known.
    static func bytes(of event: LoyaltyEvent, at time: UTCTime?, message: String) -> [UInt8] {
        var json = JSONText(capacity: 512 + message.utf8.count)
        json.append(raw: #"{"type":"loyalty.points.rewarded","timestamp":"#)
        json.append(time?.iso8601)
        json.append(raw: #","data":{"customer":{"id":"#)
        json.append(event.customerID)
        json.append(raw: #","source_id":"#)
        json.append(event.customerSourceID)
        json.append(raw: #","name":"#)
        json.append(event.customerName)
        json.append(raw: #","email":"#)
        json.append(event.customerEmail)
        json.append(raw: #"},"points":"#)
        json.append(event.points)
        json.append(raw: #","balance":"#)
        json.append(event.balance)
        json.append(raw: #","total":"#)
        json.append(event.total)
        json.append(raw: #","card":{"id":"#)
        json.append(event.voucherID)
        json.append(raw: #","code":"#)
        json.append(event.voucherCode)
        json.append(raw: #"},"campaign":{"id":"#)
        json.append(event.campaignID)
        json.append(raw: #","name":"#)
        json.append(event.campaignName)
        json.append(raw: #"},"earning_rule_id":"#)
        json.append(event.earningRuleID)
        json.append(raw: #","order_id":"#)
        json.append(event.orderID)
        json.append(raw: #","message":"#)
        json.append(message)
        json.append(raw: "}}")
        return json.bytes
    }
}

extension LoyaltyWork {
    /// When the points were rewarded: the trigger's time if it can be read, else the record's.
    package var time: UTCTime? {
        if let text = event.triggerCreatedAt, let time = UTCTime(iso8601: text) { return time }
        return record.timestamp.map { UTCTime(milliseconds: $0.milliseconds) }
    }
}
