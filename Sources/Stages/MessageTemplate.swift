internal import LoyaltyEvents
internal import Mustache

/// The sentence for the customer: Mustache over the event.
package struct MessageTemplate: Sendable {
    /// Made for people with and without a name.
    package static let builtIn = """
        {{#customer.name}}{{.}}, you{{/customer.name}}{{^customer.name}}You{{/customer.name}} earned \
        {{points}} {{#singular}}point{{/singular}}{{^singular}}points{{/singular}}\
        {{#campaign.name}} with {{.}}{{/campaign.name}}. Your balance is now {{balance}}.
        """

    /// Names that a template may use, in their full form.
    package static let names = [
        "points", "balance", "total", "singular", "time", "customer.id", "customer.source_id", "customer.name",
        "customer.email", "card.id", "card.code", "campaign.id", "campaign.name", "earning_rule_id", "order_id",
    ]

    private let template: MustacheTemplate

    /// - Parameter text: nil: the built-in one.
    package init(_ text: String? = nil) throws(SettingError) {
        let text = text ?? Self.builtIn
        if let problem = Self.problem(of: text) {
            throw SettingError(key: "notification.template", value: text, allowed: problem)
        }
        do {
            // A message is plain text: nothing in it is escaped for HTML.
            template = try MustacheTemplate(string: "{{% CONTENT_TYPE: TEXT}}" + text)
        } catch {
            throw SettingError(
                key: "notification.template",
                value: text,
                allowed: "this is no Mustache template: \(Self.words(for: error))"
            )
        }
    }

    /// The parser's own errors hold its whole state.
    private static func words(for error: any Error) -> String {
        guard let error = error as? MustacheTemplate.ParserError else { return "it can't be parsed" }
        return switch error.error as? MustacheTemplate.Error {
        case .sectionCloseNameIncorrect: "a section is closed that is not the open one"
        case .expectedSectionEnd: "a section is not closed"
        case .unfinishedName: "a tag is not finished"
        default: "it can't be parsed at line \(error.context.lineNumber), column \(error.context.columnNumber)"
        }
    }

    package func message(for work: LoyaltyWork) -> String {
        template.render(EventNames(work: work))
    }

    /// What is wrong with the tags of a template. Mustache itself takes a misspelt name for an empty value.
    private static func problem(of text: String) -> String? {
        let known = Set(names).union(names.flatMap { $0.split(separator: ".").map(String.init) })
        for piece in text.split(separator: "{{", omittingEmptySubsequences: false).dropFirst() {
            guard let end = piece.firstRange(of: "}}") else { return "a tag is not closed with }}" }
            let tag = piece[..<end.lowerBound].filter { !$0.isWhitespace && $0 != "{" }
            switch tag.first {
            case "!", "%": continue
            case ">", "<", "$", "=": return "tags that begin with \(tag.prefix(1)) are not supported"
            default: break
            }
            let name = tag.drop(while: { "#^/&".contains($0) }).split(separator: "(").last ?? ""
            let plain = String(name.filter { $0 != ")" })
            guard plain == "." || known.contains(plain) else {
                return "there is no \"\(plain)\"; allowed are \(names.joined(separator: ", "))"
            }
        }
        return nil
    }
}

/// The names of a template, looked up in one event. An empty text counts as none.
private struct EventNames: MustacheParent {
    let work: LoyaltyWork

    func child(named name: String) -> Any? {
        let event = work.event
        switch name {
        case "points": return event.points
        case "balance": return event.balance
        case "total": return event.total
        case "singular": return event.points == 1
        case "time": return work.time?.iso8601
        case "earning_rule_id": return text(event.earningRuleID)
        case "order_id": return text(event.orderID)
        case "customer":
            return texts([
                "id": event.customerID, "source_id": event.customerSourceID, "name": event.customerName,
                "email": event.customerEmail,
            ])
        case "card": return texts(["id": event.voucherID, "code": event.voucherCode])
        case "campaign": return texts(["id": event.campaignID, "name": event.campaignName])
        default: return nil
        }
    }

    private func text(_ text: String?) -> String? {
        text.flatMap { $0.isEmpty ? nil : $0 }
    }

    private func texts(_ texts: [String: String?]) -> [String: String] {
        texts.compactMapValues { text($0) }
    }
}
