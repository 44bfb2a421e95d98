/// Turns the value of one record into a typed event, by the rules of the decoder contract. Its buffers are reused, so
/// it has one owner and is not Sendable.
///
/// Two parsers stand behind it. simdjson is fast, but refuses some valid texts as a whole and loses the spelling of
/// numbers; what it can't answer exactly goes to the strict parser. Both fill the same tape, so that they can't disagree.
package final class EventDecoder {
    private let document = JSONDocument()
    private let path: Path

    /// Which parsers are used.
    package enum Path: Sendable {
        /// simdjson first, the strict parser where needed.
        case fastest
        /// The strict parser alone: for tests that compare both.
        case strictOnly
    }

    package init(path: Path = .fastest) {
        self.path = path
    }

    /// Decodes one value.
    ///
    /// - Parameters:
    ///   - bytes: the value in its first `count` bytes. With at least 64 more bytes behind it is parsed in place,
    ///     otherwise after a copy.
    ///   - count: how long the value is; nil for a null value (tombstone).
    ///   - attributes: what the headers of the record say of a CloudEvent.
    /// - Returns: the event, or why there is none. Any bytes are safe.
    package func decode(_ bytes: [UInt8], count: Int?, attributes: CloudEventAttributes? = nil) -> Decoded {
        guard let count else { return .ignore(.tombstone) }
        do throws(Rejection) {
            return try read(bytes, count: count) { CoreReading(tape: $0, attributes: attributes).decoded() }
        } catch {
            return .reject(error)
        }
    }

    /// Decodes a value without padding behind it: for tools and tests.
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
        var model: CustomerRewardedLoyaltyPoints?
        let decoded = try read(bytes, count: count) { tape -> Decoded? in
            let decoded = CoreReading(tape: tape, attributes: attributes).decoded()
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
    private func read<Answer>(
        _ bytes: [UInt8],
        count: Int,
        _ reading: (JSONTape) -> Answer?
    ) throws(Rejection) -> Answer {
        guard count > 0, count <= bytes.count else { throw Rejection(reason: "empty_value") }
        if path == .fastest, let answer = document.withFastTape(bytes, count: count, reading) { return answer }
        if let answer = try document.withStrictTape(bytes, count: count, reading) { return answer }
        // The strict tape keeps the spelling of every number, so that a reading always has an answer there.
        throw Rejection(reason: "invalid_json")
    }
}
