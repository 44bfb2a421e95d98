import Kafka
import Pipeline
import Stages

/// Which letters are meant. Every part that is given must match.
struct LetterFilter: Sendable, Equatable {
    /// Part of the reason, upper and lower case alike.
    var reason: String?
    /// Empty: any.
    var classes: Set<DeadLetter.Cause.Class> = []
    var stage: String?
    /// The whole key, as text.
    var key: String?
    /// Of the first failure, this moment included.
    var from: UTCTime?
    /// Of the first failure, this moment excluded.
    var to: UTCTime?
    /// Original ones; empty: any.
    var partitions: Set<Int32> = []
    /// Original ones; empty: any.
    var offsets: Set<Int64> = []
    /// The original one.
    var topic: String?

    func matches(
        origin: DeadLetter.Origin?,
        errorClass: DeadLetter.Cause.Class?,
        stage: String?,
        reason: String,
        firstFailure: UTCTime?,
        key: [UInt8]?
    ) -> Bool {
        if let wanted = self.reason, !reason.lowercased().contains(wanted.lowercased()) { return false }
        if !classes.isEmpty {
            guard let errorClass, classes.contains(errorClass) else { return false }
        }
        if let wanted = self.stage {
            guard let stage, stage.split(separator: ",").contains(Substring(wanted)) else { return false }
        }
        if let wanted = self.key {
            guard let key, key.elementsEqual(wanted.utf8) else { return false }
        }
        if from != nil || to != nil {
            guard let firstFailure else { return false }
            if let from, firstFailure < from { return false }
            if let to, firstFailure >= to { return false }
        }
        if !partitions.isEmpty {
            guard let origin, partitions.contains(origin.source.partition) else { return false }
        }
        if !offsets.isEmpty {
            guard let origin, offsets.contains(origin.offset) else { return false }
        }
        if let topic {
            guard origin?.source.topic == topic else { return false }
        }
        return true
    }

    /// Reads `2026-11-23T14:48:25Z`, or a duration before `now` such as `-36h`; nil when it is neither.
    static func time(_ text: String, now: UTCTime) -> UTCTime? {
        guard text.hasPrefix("-") else { return UTCTime(iso8601: text) }
        guard let ago = Quantity.duration(String(text.dropFirst())) else { return nil }
        let (seconds, attoseconds) = ago.components
        return UTCTime(milliseconds: now.milliseconds - seconds * 1000 - attoseconds / 1_000_000_000_000_000)
    }
}
