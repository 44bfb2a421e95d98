internal import Pipeline

/// What the status of a receiver's answer means.
enum WebhookAnswer {
    /// Nil: delivered.
    static func failure(status: UInt, retryAfter: Duration?) -> StageOutcome? {
        switch status {
        case 200...299:
            nil
        case 410:
            .halt(reason: "the receiver answered 410: it wants no more webhooks")
        case 429:
            .unavailable(reason: "the receiver answered 429: too many requests", after: retryAfter)
        case 408, 425, 500...599:
            .retry(reason: "the receiver answered \(status)", after: retryAfter)
        case 300...399:
            .reject(reason: "the receiver answered \(status): redirects are not followed")
        default:
            .reject(reason: "the receiver answered \(status)")
        }
    }
}
