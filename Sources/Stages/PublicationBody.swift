internal import LoyaltyEvents

/// The value of a record in the topic of publications.
enum PublicationBody {
    /// - Parameter publication: the publication's JSON, byte for byte as it was received.
    static func bytes(of event: LoyaltyEvent, publication: ArraySlice<UInt8>, receivedAt: UTCTime) -> [UInt8] {
        var json = JSONText(capacity: publication.count + 512)
        json.append(raw: #"{"publication":"#)
        json.append(raw: publication)
        json.append(raw: #","customer_id":"#)
        json.append(event.customerID)
        json.append(raw: #","voucher_id":"#)
        json.append(event.voucherID)
        json.append(raw: #","voucher_code":"#)
        json.append(event.voucherCode)
        json.append(raw: #","points":"#)
        json.append(event.points)
        json.append(raw: #","balance":"#)
        json.append(event.balance)
        json.append(raw: #","accrual_key":"#)
        json.append(raw: accrualKey(of: event))
        json.append(raw: #","received_at":"#)
        json.append(receivedAt.iso8601)
        json.append(raw: "}")
        return json.bytes
    }

    /// An array of the key's parts, null where one is missing.
    static func accrualKey(of event: LoyaltyEvent) -> String {
        var json = JSONText(capacity: 128)
        var separator = "["
        for part in event.accrualKey.parts {
            json.append(raw: separator)
            json.append(part)
            separator = ","
        }
        json.append(raw: "]")
        return String(decoding: json.bytes, as: UTF8.self)
    }
}
