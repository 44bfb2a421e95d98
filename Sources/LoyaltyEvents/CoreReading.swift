internal import Csimdjson

/// The decoder contract, applied to the facts of one text: form, name, core, in this order. It throws `Stop` where the
/// contract ends early.
struct CoreReading {
    /// The top level; nil if it is no object.
    let facts: CoreFacts?
    let attributes: CloudEventAttributes?

    /// The name that every event of this worker has.
    static let eventName: StaticString = "customer.rewarded.loyalty_points"

    private enum Stop: Error {
        case ignored(String)
        case rejected(Rejection)
        /// The facts can't say what a number of the core is.
        case undecided
    }

    /// Where the event was found, and what is known of its name.
    private struct Finding {
        var form = EventForm.bare
        var facts: CoreFacts
        /// How many `data` keys lead to the event.
        var depth = 0
        var hasName = false
        var isWanted = false
        var otherName: String?
        /// The objects around the event that have an identity of their own.
        var envelope: CoreFacts?
        var cloudEvent: CoreFacts?
    }

    /// Nil when only the strict parser can answer.
    func decoded() -> Decoded? {
        do throws(Stop) {
            return .accept(try event())
        } catch {
            switch error {
            case .ignored(let name): return .ignore(.other(named: name))
            case .rejected(let rejection): return .reject(rejection)
            case .undecided: return nil
            }
        }
    }

    private func event() throws(Stop) -> LoyaltyEvent {
        guard let facts else { throw .rejected(Rejection(reason: "top_level_not_object")) }
        var finding = Finding(facts: facts)
        switch attributes?.mode {
        case .structured: try openCloudEvent(&finding)
        case .binary: note(cloudEventType: attributes?.type, &finding)
        case nil: break
        }
        try openEnvelope(&finding)
        switch attributes?.mode {
        case .structured: finding.form = .cloudEventStructured
        case .binary: finding.form = .cloudEventBinary
        case nil: break
        }
        return try core(finding)
    }

    private func openCloudEvent(_ finding: inout Finding) throws(Stop) {
        let facts = finding.facts
        note(cloudEventType: facts.string(SJ_TYPE), &finding)
        if facts[SJ_DATA] == .object {
            finding.cloudEvent = facts
            finding.facts = facts.ofData
            finding.depth = 1
            return
        }
        // Without an object to look into, the type alone says whether this concerns us.
        if finding.hasName, !finding.isWanted { throw .ignored(finding.otherName ?? "") }
        if facts[SJ_DATA] != .absent { throw reject("data_not_object", "data", finding) }
        if facts[SJ_DATA_BASE64] != .absent { throw reject("data_base64_unsupported", "data_base64", finding) }
        throw reject("data_missing", "data", finding)
    }

    /// A CloudEvents type is the event's name, as it is or behind a reverse-DNS prefix.
    private func note(cloudEventType type: String?, _ finding: inout Finding) {
        guard let type, !type.isEmpty else { return }
        finding.hasName = true
        let name = Self.eventName.description.utf8
        let prefix = type.utf8.dropLast(name.count)
        let endsInName = type.utf8.suffix(name.count).elementsEqual(name)
        if endsInName, prefix.isEmpty || (prefix.count > 1 && prefix.last == UInt8(ascii: ".")) {
            finding.isWanted = true
        } else {
            finding.otherName = type
        }
    }

    private func openEnvelope(_ finding: inout Finding) throws(Stop) {
        let facts = finding.facts
        let isEnvelope =
            facts[SJ_DATA] != .absent
            && (facts[SJ_PROJECT_ID] != .absent || facts[SJ_SOURCE] != .absent || facts[SJ_TYPE] != .absent)
        guard isEnvelope else {
            if finding.hasName, !finding.isWanted { throw .ignored(finding.otherName ?? "") }
            return
        }
        let isDistribution = facts.isText(SJ_SOURCE_OBJECT, "distribution")
        if isDistribution {
            finding.form = .envelopeDistribution
        } else if facts.isText(SJ_SOURCE_OBJECT, "webhook") {
            finding.form = .envelopeWebhook
        } else {
            finding.form = .envelopeUnknown
        }
        note(name: SJ_EVENT_TYPE, &finding)
        // The type of a distribution is a label that its merchant typed.
        if !isDistribution { note(name: SJ_TYPE, &finding) }
        if finding.hasName, !finding.isWanted { throw .ignored(finding.otherName ?? "") }
        guard facts[SJ_DATA] == .object else { throw reject("data_not_object", "data", finding) }
        finding.envelope = facts
        finding.facts = facts.ofData
        finding.depth += 1
    }

    private func note(name member: sj_member, _ finding: inout Finding) {
        let facts = finding.facts
        guard case .text(let count) = facts[member], count > 0 else { return }
        finding.hasName = true
        if facts.isText(member, Self.eventName) {
            finding.isWanted = true
        } else if finding.otherName == nil {
            finding.otherName = facts.string(member)
        }
    }

    private func core(_ finding: Finding) throws(Stop) -> LoyaltyEvent {
        let facts = finding.facts
        try object(SJ_RULE, "earning_rule", finding)
        if !finding.hasName, facts[SJ_RULE] == .absent { throw reject("earning_rule_missing", "earning_rule", finding) }
        try object(SJ_CUSTOMER, "customer", finding)
        try object(SJ_BALANCE, "balance", finding)
        try object(SJ_VOUCHER, "voucher", finding)
        try object(SJ_ORDER, "order", finding)
        try object(SJ_EVENT, "event", finding)
        try requiredText(SJ_CUSTOMER_ID, "customer_id", "customer.id", finding)
        let points = try integer(SJ_BALANCE_POINTS, "balance_points", "balance.points", finding)
        let balance = try integer(SJ_BALANCE_BALANCE, "balance_balance", "balance.balance", finding)
        let total = try integer(SJ_BALANCE_TOTAL, "balance_total", "balance.total", finding)
        guard let points else { throw reject("balance_points_missing", "balance.points", finding) }
        guard let balance else { throw reject("balance_balance_missing", "balance.balance", finding) }
        try optionalText(SJ_VOUCHER_ID, "voucher_id", "voucher.id", finding)
        try optionalText(SJ_VOUCHER_CODE, "voucher_code", "voucher.code", finding)
        try optionalText(SJ_RULE_ID, "earning_rule_id", "earning_rule.id", finding)
        try optionalText(SJ_ORDER_ID, "order_id", "order.id", finding)
        try optionalText(SJ_EVENT_ID, "event_id", "event.id", finding)
        try object(SJ_PUBLICATION, "publication", finding)
        if facts[SJ_PUBLICATION] != .absent {
            try requiredText(SJ_PUBLICATION_ID, "publication_id", "publication.id", finding)
        }

        if !facts.isText(SJ_CAMPAIGN_ID) { facts.set(SJ_CAMPAIGN_ID, to: SJ_VOUCHER_CAMPAIGN_ID, of: facts) }
        if !facts.isText(SJ_CAMPAIGN_NAME) { facts.set(SJ_CAMPAIGN_NAME, to: SJ_VOUCHER_CAMPAIGN, of: facts) }
        if let envelope = finding.envelope {
            facts.set(SJ_ENVELOPE_ID, to: SJ_ID, of: envelope)
            facts.set(SJ_ENVELOPE_EVENT_ID, to: SJ_EVENT_ID, of: envelope)
        }
        if let cloudEvent = finding.cloudEvent {
            facts.set(SJ_CE_SOURCE, to: SJ_SOURCE, of: cloudEvent)
            facts.set(SJ_CE_ID, to: SJ_ID, of: cloudEvent)
        }
        var arena = facts.texts()
        if let attributes, attributes.mode == .binary {
            arena = arena.adding(attributes.source, as: .cloudEventSource).adding(attributes.id, as: .cloudEventID)
        }
        return LoyaltyEvent(
            form: finding.form,
            points: points,
            balance: balance,
            total: total,
            route: facts[SJ_PUBLICATION] == .absent ? .notification : [.notification, .publication],
            dataDepth: finding.depth,
            publicationPlace: facts.place(SJ_PUBLICATION),
            texts: arena
        )
    }

    private func object(_ member: sj_member, _ name: String, _ finding: Finding) throws(Stop) {
        switch finding.facts[member] {
        case .absent, .object: return
        default: throw reject(name + "_not_object", name, finding)
        }
    }

    private func requiredText(
        _ member: sj_member,
        _ token: String,
        _ path: String,
        _ finding: Finding
    ) throws(Stop) {
        switch finding.facts[member] {
        case .text(0): throw reject(token + "_empty", path, finding)
        case .text: return
        case .absent: throw reject(token + "_missing", path, finding)
        default: throw reject(token + "_not_string", path, finding)
        }
    }

    private func optionalText(
        _ member: sj_member,
        _ token: String,
        _ path: String,
        _ finding: Finding
    ) throws(Stop) {
        switch finding.facts[member] {
        case .text, .absent: return
        default: throw reject(token + "_not_string", path, finding)
        }
    }

    private func integer(
        _ member: sj_member,
        _ token: String,
        _ path: String,
        _ finding: Finding
    ) throws(Stop) -> Int64? {
        let facts = finding.facts
        switch facts[member] {
        case .absent: return nil
        case .integer(let value): return value
        case .inexact: throw .undecided
        case .digits:
            switch facts.exactInteger(member) {
            case .value(let value): return value
            case .fraction: throw reject(token + "_not_integer", path, finding)
            case .outOfRange: throw reject(token + "_out_of_range", path, finding)
            }
        default: throw reject(token + "_not_number", path, finding)
        }
    }

    private func reject(_ reason: String, _ path: String, _ finding: Finding) -> Stop {
        .rejected(Rejection(reason: reason, path: String(repeating: "data.", count: finding.depth) + path))
    }
}
