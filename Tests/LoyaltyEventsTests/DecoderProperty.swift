import LoyaltyEvents

/// What holds of any bytes, for the fuzzer and for the replay of its corpus. The first byte says what the headers of the
/// record tell of a CloudEvent, the others are the value.
struct DecoderProperty {
    private let fast = EventDecoder()
    private let tapes = EventDecoder(path: .tapes)
    private let strict = EventDecoder(path: .strictOnly)

    /// What does not hold; nil when all does.
    func broken(by data: [UInt8]) -> String? {
        guard let first = data.first else { return nil }
        let attributes = Self.attributes(first)
        let value = Array(data.dropFirst())
        let answer = strict.decode(value, attributes: attributes)
        for (name, decoder) in [("walk", fast), ("tape", tapes)] {
            let other = decoder.decode(value, attributes: attributes)
            if other != answer { return "\(name): \(other), strict parser: \(answer)" }
        }
        return brokenModel(value, attributes, answer)
            ?? brokenPublication(value, attributes, answer)
            ?? brokenOrder(value, attributes, answer)
    }

    private static func attributes(_ byte: UInt8) -> CloudEventAttributes? {
        switch byte & 7 {
        case 5: CloudEventAttributes(mode: .structured)
        case 6:
            CloudEventAttributes(mode: .binary, type: "org.x.customer.rewarded.loyalty_points", source: "s", id: "1")
        case 7: CloudEventAttributes(mode: .binary, type: "customer.created")
        default: nil
        }
    }

    private func brokenModel(_ value: [UInt8], _ attributes: CloudEventAttributes?, _ answer: Decoded) -> String? {
        func model(_ decoder: EventDecoder) -> Result<CustomerRewardedLoyaltyPoints, Rejection> {
            Result { () throws(Rejection) in
                try decoder.decodeModel(value, count: value.count, attributes: attributes)
            }
        }
        let read = model(fast)
        guard read == model(strict) else { return "the model of the tape is not that of the strict parser" }
        switch (answer, read) {
        case (.accept, .success): return nil
        case (.reject(let one), .failure(let other)) where one == other: return nil
        case (.ignore(let reason), .failure(let other)) where other == Rejection(reason: reason.token): return nil
        default: return "the model: \(read), the event: \(answer)"
        }
    }

    private func brokenPublication(
        _ value: [UInt8],
        _ attributes: CloudEventAttributes?,
        _ answer: Decoded
    ) -> String? {
        let publication = fast.publicationJSON(in: value, count: value.count, attributes: attributes)
        // The walk notes where it is, the strict parser looks for it afterwards.
        guard publication == strict.publicationJSON(in: value, count: value.count, attributes: attributes) else {
            return "the walk cuts out another publication"
        }
        guard case .accept(let event) = answer, event.route.contains(.publication) else {
            return publication == nil ? nil : "a publication of an event without one"
        }
        guard let publication, publication.first == UInt8(ascii: "{"), publication.last == UInt8(ascii: "}") else {
            return "the publication was not found"
        }
        // What was cut out is the object that the event was read from.
        let alone = Array(
            #"{"customer":{"id":"c"},"balance":{"points":1,"balance":2},"earning_rule":{},"publication":"#.utf8
        )
        guard case .accept(let other) = strict.decode(alone + publication + [UInt8(ascii: "}")]),
            other.publicationID == event.publicationID
        else { return "what was cut out as the publication is another object" }
        return nil
    }

    private func brokenOrder(_ value: [UInt8], _ attributes: CloudEventAttributes?, _ answer: Decoded) -> String? {
        if case .reject(let rejection) = answer, rejection.offset != nil || rejection.reason == "empty_value" {
            return nil
        }
        let seed = value.reduce(into: 0 as UInt64) { $0 = $0 &* 31 &+ UInt64($1) }
        let other = fast.decode(KeyOrder.shuffled(value, seed: seed), attributes: attributes)
        return other == answer ? nil : "keys in another order: \(other), as they were: \(answer)"
    }
}
