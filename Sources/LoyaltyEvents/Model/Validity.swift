/// A recurring window, both as ISO 8601 durations.
package struct ValidityTimeframe: Sendable, Equatable {
    package var duration: String?
    package var interval: String?

    init(_ json: JSONObject) {
        for (key, value) in json {
            switch key {
            case "duration": duration = value.text
            case "interval": interval = value.text
            default: break
            }
        }
    }
}

/// Windows of the day.
package struct ValidityHours: Sendable, Equatable {
    package var daily: [DailyHours]?

    init(_ json: JSONObject) {
        for (key, value) in json {
            switch key {
            case "daily": daily = value.list { $0.object.map(DailyHours.init) }
            default: break
            }
        }
    }
}

/// One window of the day.
package struct DailyHours: Sendable, Equatable {
    /// `HH:mm`
    package var startTime: String?
    /// 0 is Sunday.
    package var daysOfWeek: [Int64]?
    /// `HH:mm`
    package var expirationTime: String?

    init(_ json: JSONObject) {
        for (key, value) in json {
            switch key {
            case "start_time": startTime = value.text
            case "days_of_week": daysOfWeek = value.list(\.integer)
            case "expiration_time": expirationTime = value.text
            default: break
            }
        }
    }
}
