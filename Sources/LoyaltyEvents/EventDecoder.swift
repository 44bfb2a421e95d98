/// Turns the value of one record into a typed event, by the rules of the decoder contract. Its buffers are reused, so
/// it has one owner and is not Sendable.
///
/// Three readings stand behind it. A walk over the bytes where they are answers for nearly every event; it gives up on
/// whatever is unusual. Then simdjson makes a tape of a copy; it is fast too, but refuses some valid texts as a whole and
/// loses the spelling of numbers. What it can't answer exactly goes to the strict parser, which alone says that a text is
/// broken, and where. All three give the same facts to the same rules.
package final class EventDecoder {
    private let document = JSONDocument()
    private let path: Path

    /// Which readings are used.
    package enum Path: Sendable {
        /// The quickest that has an answer.
        case fastest
        /// simdjson's tape, then the strict parser: for tests that compare them.
        case tapes
        /// The strict parser alone: for tests that compare them.
        case strictOnly
    }

    package init(path: Path = .fastest) {
        self.path = path
    }

    /// Decodes one value where it is; no byte behind it is read.
    ///
    /// - Parameters:
    ///   - value: nil for a null value (tombstone).
    ///   - attributes: what the headers of the record say of a CloudEvent.
    /// - Returns: the event, or why there is none. Any bytes are safe.
    package func decode(_ value: RawSpan?, attributes: CloudEventAttributes? = nil) -> Decoded {
        guard let value else { return .ignore(.tombstone) }
        if path == .fastest, let decoded = walk(value, attributes: attributes) { return decoded }
        do throws(Rejection) {
            return try read(value) { CoreReading(facts: $0.facts(), attributes: attributes).decoded() }
        } catch {
            return .reject(error)
        }
    }

    /// What the walk makes of a value; nil where it gives up.
    func walk(_ value: RawSpan, attributes: CloudEventAttributes? = nil) -> Decoded? {
        document.withFacts(of: value) { CoreReading(facts: $0, attributes: attributes).decoded() }
    }

    /// Decodes a value that is the first `count` of `bytes`; a nil count is a null value (tombstone).
    package func decode(_ bytes: [UInt8], count: Int?, attributes: CloudEventAttributes? = nil) -> Decoded {
        guard let count else { return .ignore(.tombstone) }
        guard count > 0, count <= bytes.count else { return .reject(Rejection(reason: "empty_value")) }
        return decode(bytes.span.raw.extracting(first: count), attributes: attributes)
    }

    /// Decodes a value that is all of `value`: for tools and tests.
    package func decode(_ value: [UInt8], attributes: CloudEventAttributes? = nil) -> Decoded {
        decode(value, count: value.count, attributes: attributes)
    }

    /// Decodes the whole event with every documented object. What is not core is read leniently: a field of the wrong
    /// type is nil and never an error.
    ///
    /// - Throws: a `Rejection`, also for an event of another type (`other_type`).
    package func decodeModel(
        _ bytes: [UInt8],
        count: Int,
        attributes: CloudEventAttributes? = nil
    ) throws(Rejection) -> CustomerRewardedLoyaltyPoints {
        guard count > 0, count <= bytes.count else { throw Rejection(reason: "empty_value") }
        var model: CustomerRewardedLoyaltyPoints?
        let decoded = try read(bytes.span.raw.extracting(first: count)) { tape -> Decoded? in
            let decoded = CoreReading(facts: tape.facts(), attributes: attributes).decoded()
            guard case .accept(let event) = decoded else { return decoded }
            let isWrapped = attributes?.mode == .structured
            model = CustomerRewardedLoyaltyPoints(tape.root, depth: event.dataDepth, isWrapped: isWrapped)
            return tape.takeDoubt() ? nil : decoded
        }
        switch decoded {
        case .ignore(let reason): throw Rejection(reason: reason.token)
        case .reject(let rejection): throw rejection
        case .accept:
            guard let model = model.take() else { throw Rejection(reason: "invalid_json") }
            return model
        }
    }

    /// Asks `reading` on simdjson's tape, and where that has no answer, on the strict one.
    private func read<Answer>(_ value: RawSpan, _ reading: (JSONTape) -> Answer?) throws(Rejection) -> Answer {
        guard !value.isEmpty else { throw Rejection(reason: "empty_value") }
        document.hold(value)
        if path != .strictOnly, let answer = document.withFastTape(reading) { return answer }
        if let answer = try document.withStrictTape(reading) { return answer }
        // The strict tape keeps the spelling of every number, so that a reading always has an answer there.
        throw Rejection(reason: "invalid_json")
    }
}
