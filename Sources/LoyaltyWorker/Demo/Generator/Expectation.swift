/// The fact behind an event, known before any decoder has seen it: one rule credited one card because of one trigger.
struct Accrual: Sendable {
    /// Counts accruals from 0.
    let number: Int
    let customer: Customer
    let rule: EarningRule
    /// The seed of the trigger's and the order's identifiers; two rules that one order fires share it.
    let trigger: UInt64
    let points: Int64
    /// Points that can be spent after this accrual.
    let balance: Int64
    /// Points ever earned on the card after this accrual: rises with every accrual, so that with the customer it names the accrual.
    let total: Int64

    /// The parts of the accrual's key, in the order of the decoder's contract.
    var key: [String] {
        [Identifier.event.text(of: trigger), rule.id, customer.voucherID]
    }
}

/// One event as it is sent: an accrual in one of its forms.
struct Delivery: Sendable {
    enum Form: Sendable, CaseIterable {
        case bare, webhook, distribution
    }

    struct Publication: Sendable {
        enum Kind: Sendable {
            /// The loyalty card itself was published.
            case card
            /// Another voucher was published together with the points.
            case discount
        }

        let kind: Kind
        let seed: UInt64

        var id: String { Identifier.publication.text(of: seed) }
    }

    let accrual: Accrual
    var form: Form
    var publication: Publication?
    /// The seed of the envelope's identifiers.
    var sending: UInt64
}

/// How an accrual comes again.
enum Repetition: String, Sendable, CaseIterable {
    /// The same bytes, as after a producer's retry.
    case sameBytes
    /// The same accrual and publication in another form, as when both a webhook and a distribution are set up.
    case otherForm
    /// First plain, now with its publication: the notification is known, the publication is new.
    case withPublication
}

/// What a generated record must lead to.
enum Expectation: Sendable {
    /// Accepted. `repetition` is nil for the first delivery of the accrual.
    case accept(Delivery, repetition: Repetition?)
    /// Another event's type; ignored.
    case otherType(String)
    /// A null value; ignored.
    case tombstone
    /// A dead letter.
    case deadLetter(Defect)

    /// What is delivered, when it must be accepted.
    var delivery: Delivery? {
        if case .accept(let delivery, _) = self { delivery } else { nil }
    }

    /// Whether a notification must be sent because of this record.
    var notifies: Bool {
        if case .accept(_, repetition: nil) = self { true } else { false }
    }

    /// Whether a publication must be recorded because of this record.
    var publishes: Bool {
        switch self {
        case .accept(let delivery, repetition: nil), .accept(let delivery, repetition: .withPublication?):
            delivery.publication != nil
        default: false
        }
    }
}

/// One record of the generator: what to publish and what must come of it.
struct GeneratedRecord: Sendable {
    /// Counts records from 0.
    let index: Int
    /// `customer.id`.
    let key: [UInt8]
    /// Nil: a tombstone.
    let value: [UInt8]?
    let expectation: Expectation
}

/// The sums of what generated records must lead to.
struct ExpectedBooks: Sendable, Equatable {
    private(set) var records = 0
    private(set) var bytes = 0
    private(set) var accepted = 0
    private(set) var otherTypes = 0
    private(set) var tombstones = 0
    private(set) var deadLetters = 0
    /// Distinct accruals.
    private(set) var notifications = 0
    /// Distinct publications.
    private(set) var publications = 0
    /// Accepted records with a publication, the first and every other.
    private(set) var withPublication = 0

    var ignored: Int { otherTypes + tombstones }

    mutating func enter(_ record: GeneratedRecord) {
        records += 1
        bytes += record.key.count + (record.value?.count ?? 0)
        if record.expectation.notifies { notifications += 1 }
        if record.expectation.publishes { publications += 1 }
        switch record.expectation {
        case .accept(let delivery, _):
            accepted += 1
            if delivery.publication != nil { withPublication += 1 }
        case .otherType: otherTypes += 1
        case .tombstone: tombstones += 1
        case .deadLetter: deadLetters += 1
        }
    }
}
