import Foundation
import Testing

@testable import LoyaltyEvents

@Suite struct PublicationTests {
    private func publication(_ text: String, _ attributes: CloudEventAttributes? = nil) -> String? {
        let bytes = Array(text.utf8)
        let slice = EventDecoder().publicationJSON(in: bytes, count: bytes.count, attributes: attributes)
        return slice.map { String(decoding: $0, as: UTF8.self) }
    }

    @Test(arguments: Samples.names)
    func `the publication of a sample is cut out whole`(name: String) throws {
        let sample = try Samples.bytes(name)
        let root = try #require(try JSONSerialization.jsonObject(with: Data(sample)) as? [String: Any])
        let event = root["data"] as? [String: Any] ?? root
        let slice = EventDecoder().publicationJSON(in: sample, count: sample.count)
        guard let expected = event["publication"] as? [String: Any] else {
            #expect(slice == nil)
            return
        }
        let found = try JSONSerialization.jsonObject(with: Data(try #require(slice)))
        #expect(found as? NSObject == expected as NSObject)
    }

    @Test func `it is cut out of a span as out of an array`() throws {
        let sample = try Samples.bytes("02-bare-with-publication-card")
        let event = try accepted(sample)
        let slice = EventDecoder().publicationJSON(of: event, in: sample.span.raw)
        #expect(slice != nil)
        #expect(slice == EventDecoder().publicationJSON(of: event, in: sample, count: sample.count))
        let none = EventDecoder().publicationJSON(of: try accepted(minimal()), in: sample.span.raw)
        #expect(none == nil)
    }

    @Test func `the bytes are as received`() {
        let odd = "{ \"id\" :\t\"p\\u007d\",\"x\":[1.0e2,\"}]\\\"{\", {\"publication\":{\"id\":\"inner\"}}] }"
        #expect(publication(minimal("publication", odd)) == odd)
        #expect(publication("\u{FEFF} \n" + minimal("publication", "  \(odd)\n")) == odd)
        #expect(publication(envelope(data: minimal("publication", odd), type: wanted)) == odd)
    }

    @Test func `the last of repeated keys is taken, as by the decoder`() {
        let twice = minimal("publication", #"{"id":"one"}"#).dropLast() + #","\u0070ublication":{"id":"two"}}"#
        #expect(publication(String(twice)) == #"{"id":"two"}"#)
        let gone = minimal("publication", #"{"id":"one"}"#).dropLast() + #","publication":null}"#
        #expect(publication(String(gone)) == nil)
        let data = "{\"data\":{},\"type\":\(wanted),\"data\":\(minimal("publication", #"{"id":"p"}"#))}"
        #expect(publication(data) == #"{"id":"p"}"#)
    }

    @Test func `it is found in CloudEvents`() {
        let inner = minimal("publication", #"{"id":"p"}"#)
        let structured = CloudEventAttributes(mode: .structured)
        #expect(publication("{\"type\":\(wanted),\"data\":\(inner)}", structured) == #"{"id":"p"}"#)
        let both = "{\"type\":\(wanted),\"data\":\(envelope(data: inner, type: wanted))}"
        #expect(publication(both, structured) == #"{"id":"p"}"#)
        #expect(publication(inner, CloudEventAttributes(mode: .binary)) == #"{"id":"p"}"#)
    }

    @Test func `what is no event has no publication`() {
        #expect(publication("") == nil)
        #expect(publication("[") == nil)
        #expect(publication(minimal()) == nil)
        #expect(publication(minimal("publication", "{}")) == nil)
        #expect(EventDecoder().publicationJSON(in: [], count: nil) == nil)
    }

    @Test(arguments: 0..<20 as Range<UInt64>)
    func `however a sample is written, its publication is the same value`(seed: UInt64) throws {
        var random = SeededGenerator(seed: seed)
        let name = "02-bare-with-publication-card"
        let value = try #require(JSONTree(try Samples.bytes(name))).respelled(using: &random)
        let slice = try #require(EventDecoder().publicationJSON(in: value, count: value.count))
        let found = try JSONSerialization.jsonObject(with: Data(slice)) as? NSObject
        let sample = try Samples.bytes(name)
        let original = try #require(EventDecoder().publicationJSON(in: sample, count: sample.count))
        #expect(found == (try JSONSerialization.jsonObject(with: Data(original)) as? NSObject), "seed \(seed)")
    }
}
