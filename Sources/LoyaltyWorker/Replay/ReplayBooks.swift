import Kafka
import LoyaltyEvents
import Pipeline
import Stages
import Synchronization

/// What a replay did, or would do, by campaign and day. One kind of books for the real run and for its rehearsal, so that their
/// numbers can be compared.
final class ReplayBooks: Sendable {
    struct Entry: Hashable, Sendable {
        /// Nil: the event names none.
        let campaign: String?
        /// Days since 1970 in UTC, of the record's timestamp; nil: it has none.
        let day: Int64?
    }

    struct Line: Sendable, Equatable {
        /// Publications recorded and handed on.
        var recorded = 0
        /// Publications that had been recorded before.
        var alreadyRecorded = 0
        /// Notifications sent.
        var sent = 0
        /// Notifications not sent: sent before, too old, or without permission.
        var suppressed = 0
        /// What a rehearsal finds that permission would send.
        var sendable = 0
    }

    /// A record that can't be replayed.
    struct Unreplayed: Sendable, Equatable {
        let source: TopicPartition
        let offset: Int64
        let reason: String
    }

    struct Snapshot: Sendable, Equatable {
        var lines: [Entry: Line] = [:]
        /// Events that the filter left out.
        var filtered = 0
        /// Keys of which a record has an earlier timestamp than one before it.
        var keysOutOfOrder = 0
        /// Dead letters by reason.
        var reasons: [String: Int] = [:]
        /// The first ones.
        var unreplayed: [Unreplayed] = []
        /// Timestamps are those of the brokers, not of the senders.
        var isLogAppendTime = false
    }

    /// Dead letters listed, reasons and lines kept apart: senders must not fill the memory.
    static let listLimit = 100
    private static let reasonLimit = 64
    private static let lineLimit = 20_000
    private static let others = "…"

    private let state = Mutex(Snapshot())

    var snapshot: Snapshot { state.withLock { $0 } }

    /// Enters how a stage of an event ended.
    func enter(_ stage: Route, _ completion: Completion, _ work: LoyaltyWork) {
        change(work) { line in
            switch (stage, completion) {
            case (.publication, .performed): line.recorded += 1
            case (.publication, _): line.alreadyRecorded += 1
            case (_, .suppressed): line.suppressed += 1
            default: line.sent += 1
            }
        }
    }

    /// Enters a notification that permission would send.
    func enterSendable(_ work: LoyaltyWork) {
        change(work) { $0.sendable += 1 }
    }

    func countFiltered() {
        state.withLock { $0.filtered += 1 }
    }

    func countKeyOutOfOrder() {
        state.withLock { $0.keysOutOfOrder += 1 }
    }

    func noteLogAppendTime() {
        state.withLock { $0.isLogAppendTime = true }
    }

    func list(_ record: Record, _ cause: DeadLetter.Cause) {
        state.withLock { state in
            // The length of one record, or where it breaks, is no reason of its own.
            let words = cause.message.firstRange(of: " (byte").map { cause.message[..<$0.lowerBound] }
            let reason = cause.errorClass == .oversize ? "oversize" : words.map(String.init) ?? cause.message
            let isKept = state.reasons[reason] != nil || state.reasons.count < Self.reasonLimit
            state.reasons[isKept ? reason : Self.others, default: 0] += 1
            guard state.unreplayed.count < Self.listLimit else { return }
            state.unreplayed.append(Unreplayed(source: record.source, offset: record.offset, reason: cause.message))
        }
    }

    private func change(_ work: LoyaltyWork, _ body: (inout Line) -> Void) {
        let day = work.record.timestamp.map { UTCTime(milliseconds: $0.milliseconds).day }
        let campaign = work.event.campaignID
        state.withLock { state in
            var entry = Entry(campaign: campaign, day: day)
            if state.lines[entry] == nil, state.lines.count >= Self.lineLimit {
                entry = Entry(campaign: Self.others, day: nil)
            }
            body(&state.lines[entry, default: Line()])
        }
    }
}

extension UTCTime {
    /// Days since 1970, rounded down.
    var day: Int64 {
        let day: Int64 = 86_400_000
        return milliseconds >= 0 ? milliseconds / day : (milliseconds - day + 1) / day
    }
}

/// Counts how a stage ends.
struct BookedStage: Stage {
    let stage: any Stage<LoyaltyWork>
    let route: Route
    let books: ReplayBooks

    var name: String { stage.name }

    func perform(_ work: LoyaltyWork, in context: StageContext) async -> StageOutcome {
        let outcome = await stage.perform(work, in: context)
        if case .done(let completion) = outcome { books.enter(route, completion, work) }
        return outcome
    }
}
