import Kafka
import LoyaltyEvents
import Pipeline
import Stages

/// What the stages of a replay would do, found out without doing it.
struct Forecast {
    private struct Question {
        let stage: Route
        let id: EffectID
        let work: LoyaltyWork
    }

    /// Nil: there is none, or none yet.
    let journal: Journal?
    let scope: String
    /// A journal is kept: what is done once is not done again.
    let remembers: Bool
    let maxAge: Duration?
    let now: UTCTime
    /// The stages of the job that have a sink.
    let active: Route
    /// Those, and notification also when it is no part of the job.
    let seen: Route
    let mayNotify: Bool
    let books: ReplayBooks

    /// As a worker counts.
    private(set) var counts = WorkerCounts(stages: ["notification", "publication"])
    private var questions: [Question] = []
    /// Effects that the range brings about: about 40 bytes each.
    private var done: Set<EffectKey> = []

    init(
        journal: Journal?,
        scope: String,
        remembers: Bool,
        maxAge: Duration?,
        now: UTCTime,
        active: Route,
        seen: Route,
        mayNotify: Bool,
        books: ReplayBooks
    ) {
        self.journal = journal
        self.scope = scope
        self.remembers = remembers
        self.maxAge = maxAge
        self.now = now
        self.active = active
        self.seen = seen
        self.mayNotify = mayNotify
        self.books = books
    }

    /// Effects that nobody has asked the journal for yet.
    var count: Int { questions.count }

    mutating func add(_ record: Record, _ reception: Reception) {
        counts.received &+= 1
        counts.finished &+= 1
        let redriven = DeadLetter.redriven(record.headers, in: record.source, at: record.offset)
        let isDiscarded = redriven?.isDiscarded == true
        if isDiscarded { counts.discarded &+= 1 }
        switch reception {
        case .ignore:
            counts.ignored &+= 1
        case .reject(let cause, _):
            counts.rejected &+= 1
            guard !isDiscarded else { return }
            counts.deadLetters &+= 1
            books.list(record, cause)
        case .settled:
            counts.accepted &+= 1
        case .accept(_, _, let work):
            counts.accepted &+= 1
            guard let work = work as? LoyaltyWork, !isDiscarded else { return }
            for stage in work.event.route.intersection(seen).stages {
                let key = work.event.effectKey(stage)
                questions.append(
                    Question(stage: stage, id: EffectID(scope: scope, stage: stage.description, key: key), work: work)
                )
            }
        }
    }

    /// Asks the journal, and enters what would be done.
    mutating func settle() async throws(KafkaError) {
        let asked = questions
        questions = []
        var known: Set<EffectID> = []
        if let journal {
            do throws(JournalError) {
                known = try await journal.done(among: asked.map(\.id))
            } catch {
                throw KafkaError(.failed, error.description)
            }
        }
        for question in asked {
            let isNew = !remembers || (!known.contains(question.id) && done.insert(question.id.key).inserted)
            switch question.stage {
            case .publication: enter(question, isNew ? .performed : .repeated)
            default: settleNotification(question, isNew: isNew)
            }
        }
    }

    private mutating func settleNotification(_ question: Question, isNew: Bool) {
        let isTooOld = maxAge.map { maxAge in question.work.time.map { now.since($0) > maxAge } ?? false } ?? false
        if isNew, !isTooOld { books.enterSendable(question.work) }
        guard active.contains(.notification) else { return }
        enter(question, mayNotify && isNew && !isTooOld ? .performed : .suppressed)
    }

    private mutating func enter(_ question: Question, _ completion: Completion) {
        books.enter(question.stage, completion, question.work)
        let index = question.stage == .publication ? 1 : 0
        switch completion {
        case .performed: counts.stages[index].performed &+= 1
        case .repeated: counts.stages[index].repeated &+= 1
        case .suppressed: counts.stages[index].suppressed &+= 1
        }
    }
}
