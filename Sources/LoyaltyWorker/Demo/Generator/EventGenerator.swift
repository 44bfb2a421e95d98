import Pipeline

/// What events to generate.
struct EventMix: Sendable, Equatable {
    /// Records, of every kind together.
    var count = 1000
    var customers = 1000
    /// Every customer gets as many events as the others, but for chance.
    var isEven = false
    /// Share of the accruals that come with a publication (0 to 1).
    var publicationShare = 0.2
    /// Share of the records that are broken.
    var malformedShare = 0.0
    /// Share of the records that deliver an earlier accrual again.
    var duplicateShare = 0.0
    /// Share of the records that are no such event: other types, and a fifth of them tombstones.
    var otherTypeShare = 0.0
    var seed: UInt64 = 1
}

/// Makes realistic events, each with what must come of it. The same mix gives the same records, byte for byte.
struct EventGenerator: Sequence, IteratorProtocol, Sendable {
    private struct Card: Sendable {
        var total: Int64 = 0
        var spent: Int64 = 0
    }

    /// How many deliveries can be chosen to come again.
    private static let memory = 4096
    /// Share of the orders that fire a second rule.
    private static let secondRuleShare = 0.05

    let mix: EventMix
    private let spread: CustomerSpread
    private var random: SplitMix64
    private var renderer = EventRenderer()
    private var cards: [Card]
    private var recent: [Delivery] = []
    private var secondRule: Accrual?
    private var made = 0
    private var accruals = 0

    init(_ mix: EventMix) {
        self.mix = mix
        spread = CustomerSpread(customers: mix.customers, isEven: mix.isEven)
        random = SplitMix64(seed: mix.seed)
        cards = Array(repeating: Card(), count: Swift.max(mix.customers, 1))
    }

    /// The share of all records that the busiest customer gets.
    var busiestShare: Double { spread.busiestShare }

    mutating func next() -> GeneratedRecord? {
        guard made < mix.count else { return nil }
        defer { made += 1 }
        var choice = random.unit()
        if choice < mix.malformedShare { return malformed() }
        choice -= mix.malformedShare
        if choice < mix.otherTypeShare { return choice * 5 < mix.otherTypeShare ? tombstone() : otherType() }
        choice -= mix.otherTypeShare
        if choice < mix.duplicateShare, let again = repetition() { return again }
        return first()
    }

    private mutating func first() -> GeneratedRecord {
        let accrual = newAccrual()
        let delivery = Delivery(
            accrual: accrual,
            form: newForm(),
            publication: random.chance(mix.publicationShare) ? newPublication() : nil,
            sending: random.next()
        )
        if recent.count < Self.memory {
            recent.append(delivery)
        } else {
            recent[accrual.number % Self.memory] = delivery
        }
        return record(of: delivery, repetition: nil)
    }

    private mutating func repetition() -> GeneratedRecord? {
        guard !recent.isEmpty else { return nil }
        let place = random.below(recent.count)
        var delivery = recent[place]
        var repetition = Repetition.allCases[random.below(Repetition.allCases.count)]
        if repetition == .withPublication, delivery.publication != nil { repetition = .sameBytes }
        switch repetition {
        case .sameBytes: break
        case .otherForm:
            delivery.form = delivery.form == .bare ? .webhook : .bare
            delivery.sending = random.next()
        case .withPublication:
            delivery.publication = newPublication()
            delivery.sending = random.next()
        }
        recent[place] = delivery
        return record(of: delivery, repetition: repetition)
    }

    private mutating func malformed() -> GeneratedRecord {
        let defect = Defect.allCases[random.below(Defect.allCases.count)]
        let customer = newCustomer()
        let trigger = random.next()
        let accrual = Accrual(
            number: accruals,
            customer: customer,
            rule: newRule(),
            trigger: trigger,
            points: 10,
            balance: 10,
            total: 10
        )
        let delivery = Delivery(accrual: accrual, form: newForm(), publication: nil, sending: random.next())
        let bytes = renderer.render(delivery, defect: defect)
        return GeneratedRecord(
            index: made,
            key: customer.key,
            value: defect.damage(bytes, using: &random),
            expectation: .deadLetter(defect)
        )
    }

    private mutating func otherType() -> GeneratedRecord {
        let customer = newCustomer()
        let (name, bytes) = Self.otherTypes[random.below(Self.otherTypes.count)]
        let moment = Moment.start + Int64(truncatingIfNeeded: accruals) * 250
        let value = renderer.renderOther(type: bytes, customer: customer, sending: random.next(), moment: moment)
        return GeneratedRecord(index: made, key: customer.key, value: value, expectation: .otherType(name))
    }

    private mutating func tombstone() -> GeneratedRecord {
        GeneratedRecord(index: made, key: newCustomer().key, value: nil, expectation: .tombstone)
    }

    private mutating func record(of delivery: Delivery, repetition: Repetition?) -> GeneratedRecord {
        GeneratedRecord(
            index: made,
            key: delivery.accrual.customer.key,
            value: renderer.render(delivery),
            expectation: .accept(delivery, repetition: repetition)
        )
    }

    private mutating func newAccrual() -> Accrual {
        if let second = secondRule.take() {
            return credit(second.customer, rule: .fixed, trigger: second.trigger)
        }
        let trigger = SplitMix64.seed(of: accruals, in: mix.seed ^ 0x7472_6967)
        let accrual = credit(newCustomer(), rule: newRule(), trigger: trigger)
        if accrual.rule.hasOrder, accrual.rule != .fixed, random.chance(Self.secondRuleShare) {
            secondRule = accrual
        }
        return accrual
    }

    private mutating func credit(_ customer: Customer, rule: EarningRule, trigger: UInt64) -> Accrual {
        defer { accruals += 1 }
        let points = rule.points(for: Purchase(seed: trigger))
        var card = cards[customer.number]
        if random.chance(0.1) { card.spent += (card.total - card.spent) / 2 }
        card.total += points
        cards[customer.number] = card
        return Accrual(
            number: accruals,
            customer: customer,
            rule: rule,
            trigger: trigger,
            points: points,
            balance: card.total - card.spent,
            total: card.total
        )
    }

    private mutating func newCustomer() -> Customer {
        Customer(number: spread.pick(using: &random), seed: mix.seed)
    }

    private mutating func newRule() -> EarningRule {
        EarningRule.allCases[random.below(EarningRule.allCases.count)]
    }

    private mutating func newForm() -> Delivery.Form {
        switch random.below(10) {
        case 0..<5: .bare
        case 5..<8: .webhook
        default: .distribution
        }
    }

    private mutating func newPublication() -> Delivery.Publication {
        Delivery.Publication(kind: random.chance(0.5) ? .card : .discount, seed: random.next())
    }

    private static let otherTypes = [
        "customer.order.paid", "customer.voucher.loyalty_card.points_expired", "customer.loyalty.tier.joined",
        "voucher.published", "customer.updated", "customer.reward_redemptions.completed", "campaign.updated",
    ]
    .map { ($0, Array($0.utf8)) }
}
