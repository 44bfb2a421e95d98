internal import DOMParse
internal import LoyaltyEvents

extension Case {
    /// What is made of the bytes of the seed sample.
    static let decoding = [
        Case("simdjson DOM") { try domParse() },
        Case("decode core") { try decodeCore(.fastest) },
        Case("decode core by tape") { try decodeCore(.tapes) },
        Case("decode model", operations: 200) { try decodeModel() },
    ]

    private static func domParse() throws -> () -> Int {
        let sample = try Sample.bytes()
        let padded = sample + Array(repeating: 0, count: 64)
        guard let parser = unsafe dom_parser_create(), unsafe dom_parse(parser, padded, sample.count) > 1 else {
            throw Unfit(what: "simdjson refuses the sample")
        }
        return { Int(truncatingIfNeeded: unsafe dom_parse(parser, padded, sample.count)) }
    }

    private static func decodeCore(_ path: EventDecoder.Path) throws -> () -> Int {
        let sample = try Sample.bytes()
        let decoder = EventDecoder(path: path)
        guard case .accept(let event) = decoder.decode(sample), event.route == [.notification] else {
            throw Unfit(what: "the sample is not accepted as it is")
        }
        return {
            guard case .accept(let event) = decoder.decode(sample) else { return 0 }
            return Int(truncatingIfNeeded: event.points)
        }
    }

    private static func decodeModel() throws -> () -> Int {
        let sample = try Sample.bytes()
        let decoder = EventDecoder()
        guard try decoder.decodeModel(sample, count: sample.count).customer?.id?.isEmpty == false else {
            throw Unfit(what: "the model of the sample has no customer")
        }
        return {
            let model = try? decoder.decodeModel(sample, count: sample.count)
            return Int(truncatingIfNeeded: model?.balance?.points ?? 0)
        }
    }
}
