import Kafka
import Pipeline

/// Compares the dead-letter topic with the broken records that were generated.
struct DeadLetterAudit: Sendable {
    /// Letters in the topic.
    private(set) var letters = 0
    /// Letters that are the generated record byte for byte, with the right reason and the right place.
    private(set) var faithful = 0
    /// Letters for a record that had one already.
    private(set) var doubled = 0
    /// Letters of records that are not broken, and letters that differ; the first few in words.
    private(set) var unexplained = 0
    private(set) var remarks: [String] = []
    private var missing: [DemoExpectations.Place: DemoExpectations.Broken]
    private let expected: [DemoExpectations.Place: DemoExpectations.Broken]
    private let topic: String

    /// Broken records without a letter.
    var lost: Int { missing.count }

    init(_ expected: [DemoExpectations.Place: DemoExpectations.Broken], topic: String) {
        self.expected = expected
        self.topic = topic
        missing = expected
    }

    mutating func enter(_ letter: Record) {
        letters += 1
        guard text(DeadLetter.HeaderName.topic, of: letter) == topic,
            let partition = text(DeadLetter.HeaderName.partition, of: letter).flatMap({ Int32($0) }),
            let offset = text(DeadLetter.HeaderName.offset, of: letter).flatMap({ Int64($0) })
        else { return remark("a dead letter does not say where it comes from") }
        let place = DemoExpectations.Place(partition: partition, offset: offset)
        guard let original = expected[place] else {
            let reason = text(DeadLetter.HeaderName.message, of: letter) ?? "no reason given"
            return remark("the sound record at \(topic)/\(partition)/\(offset) became a dead letter: \(reason)")
        }
        guard missing.removeValue(forKey: place) != nil else {
            doubled += 1
            return
        }
        let reason = text(DeadLetter.HeaderName.message, of: letter) ?? ""
        let token = reason.prefix { $0 != " " }
        guard text(DeadLetter.HeaderName.errorClass, of: letter) == DeadLetter.Cause.Class.decode.rawValue,
            original.defect.reasons.contains(String(token))
        else {
            return remark("\(topic)/\(partition)/\(offset) (\(original.defect)) died of \"\(reason)\"")
        }
        guard letter.key.map(Array.init) == original.key, letter.value.map(Array.init) == original.value else {
            return remark("the dead letter of \(topic)/\(partition)/\(offset) is not the record byte for byte")
        }
        faithful += 1
    }

    private mutating func remark(_ text: String) {
        unexplained += 1
        if remarks.count < 5 { remarks.append(text) }
    }

    private func text(_ name: String, of letter: Record) -> String? {
        guard let header = letter.headers.last(where: { $0.name == name }), let value = header.value else { return nil }
        return String(decoding: value, as: UTF8.self)
    }
}
