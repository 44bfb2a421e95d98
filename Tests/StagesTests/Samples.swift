import Foundation
import Kafka
import LoyaltyEvents
import Stages
import Testing

/// The sample events of the decoder contract.
enum Samples {
    static let folder = URL(filePath: #filePath).resolvingSymlinksInPath()
        .deletingLastPathComponent()
        .deletingLastPathComponent()
        .appending(path: "LoyaltyEventsTests/Samples")

    static let seed = "01-seed-sample.json"
    static let withPublication = "02-bare-with-publication-card.json"

    static func bytes(_ name: String) throws -> [UInt8] {
        Array(try Data(contentsOf: folder.appending(path: name)))
    }

    static func record(
        _ value: [UInt8]?,
        offset: Int64 = 0,
        key: [UInt8]? = nil,
        timestamp: Int64? = 1_700_000_000_000,
        headers: [Header] = []
    ) -> Record {
        Record(
            source: TopicPartition(topic: "loyalty.events", partition: 0),
            offset: offset,
            timestamp: timestamp.map { Timestamp(milliseconds: $0, kind: .create) },
            key: key,
            value: value,
            headers: headers
        )
    }

    static func work(_ name: String, offset: Int64 = 0, headers: [Header] = []) throws -> LoyaltyWork {
        try work(bytes(name), offset: offset, headers: headers)
    }

    static func work(_ value: [UInt8], offset: Int64 = 0, headers: [Header] = []) throws -> LoyaltyWork {
        let record = record(value, offset: offset, headers: headers)
        guard case .accept(let event) = EventDecoder().decode(record.bytes, count: record.valueCount) else {
            throw NotAccepted()
        }
        return LoyaltyWork(record: record, event: event)
    }

    /// The only event of a customer, without an optional text.
    static func work(customer: String, points: Int = 10, createdAt: String? = nil) throws -> LoyaltyWork {
        let created = createdAt.map { #","created_at":"\#($0)""# } ?? ""
        let json = """
            {"customer":{"id":"\(customer)"},"balance":{"points":\(points),"balance":\(points),"related_object":{"id":"v_1"}},\
            "earning_rule":{"id":"ern_1"},"event":{"id":"ev_\(customer)"\(created)}}
            """
        return try work(Array(json.utf8))
    }

    struct NotAccepted: Error {}
}

/// A folder of its own for a test, gone afterwards.
final class TemporaryFolder: Sendable {
    let url: URL

    init() throws {
        url = FileManager.default.temporaryDirectory.appending(path: "stages-\(UInt64.random(in: 0 ... .max))")
        try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true)
    }

    deinit {
        try? FileManager.default.removeItem(at: url)
    }

    func path(_ name: String = "journal.sqlite") -> String {
        url.appending(path: name).path(percentEncoded: false)
    }
}
