import Foundation
import Kafka
import LoyaltyEvents
import Pipeline
import Synchronization
import Testing

@testable import Stages

struct PublicationStageTests {
    private let folder: TemporaryFolder
    private let journal: Journal
    private let first = StageContext(attempt: 1, mode: .live)

    init() throws {
        folder = try TemporaryFolder()
        journal = try Journal.open(path: folder.path())
    }

    @Test func `a publication is recorded as it was received`() async throws {
        let stage = PublicationStage(sink: .journal(journal), scope: "group", journal: journal)
        let work = try Samples.work(Samples.withPublication)
        #expect(await stage.perform(work, in: first) == .done(.performed))
        #expect(await stage.perform(work, in: first) == .done(.repeated))
        let id = try #require(work.event.publicationID)
        let entry = try #require(try await journal.publication(id))
        #expect(entry.customerID == work.event.customerID)
        #expect(entry.voucherCode == "L0y4L")
        #expect(
            entry.accrualKeys
                == #"[["evcus_0e2905d4db185a04ad","ern_FQxftbKUq9E93k00Z3qkC0sX","v_hjQhSsitD6lAATASbRV1Ef7dUCjpy0iw"]]"#
        )
        let value = String(decoding: try Samples.bytes(Samples.withPublication), as: UTF8.self)
        #expect(value.contains(entry.payload))
        #expect(try JSONSerialization.jsonObject(with: Data(entry.payload.utf8)) is [String: Any])
    }

    @Test func `a journal that fails makes the sink unavailable`() async throws {
        let stage = PublicationStage(sink: .journal(journal), scope: "group", journal: journal)
        await journal.close()
        let outcome = await stage.perform(try Samples.work(Samples.withPublication), in: first)
        #expect(outcome == .unavailable(reason: "the journal is closed"))
    }

    @Test func `a topic gets the publication spliced in`() async throws {
        let sent = Mutex<[OutgoingRecord]>([])
        let publishing = TopicPublishing { record throws(KafkaError) in sent.withLock { $0.append(record) } }
        let stage = PublicationStage(
            sink: .topic("loyalty.publications", publishing),
            scope: "group",
            journal: journal,
            clock: { UTCTime(milliseconds: 0) }
        )
        let publication = #"{ "id":"pub_1", "x":[1.50,"\u00e9"] }"#
        let json = """
            {"customer":{"id":"cust_1"},"balance":{"points":5,"balance":7},"earning_rule":{"id":"ern_1"},\
            "publication":\(publication),"event":{"id":"ev_1"}}
            """
        let work = try Samples.work(Array(json.utf8))
        #expect(await stage.perform(work, in: first) == .done(.performed))
        #expect(await stage.perform(work, in: first) == .done(.repeated))
        let records = sent.withLock { $0 }
        #expect(records.count == 1)
        #expect(records.first?.topic == "loyalty.publications")
        #expect(records.first?.key == Array("pub_1".utf8))
        #expect(
            records.first?.value.map { String(decoding: $0, as: UTF8.self) }
                == #"{"publication":\#(publication),"customer_id":"cust_1","voucher_id":null,"voucher_code":null,"#
                + #""points":5,"balance":7,"accrual_key":["ev_1","ern_1",null],"received_at":"1970-01-01T00:00:00.000Z"}"#
        )
    }

    @Test func `deliveries are counted as the contract of the samples wants`() async throws {
        struct Expected: Decodable {
            struct Sequence: Decodable {
                let deliver: [String]
                let notifications_from: [String]
                let publications_from: [String]
            }
            let sequences: [Sequence]
        }
        let data = try Data(contentsOf: Samples.folder.appending(path: "expected.json"))
        for sequence in try JSONDecoder().decode(Expected.self, from: data).sequences {
            let journal = try Journal.open(path: folder.path("sequence.sqlite"))
            let sink = ScriptedSink()
            let notification = NotificationStage(
                sink: sink,
                scope: "group",
                journal: journal,
                template: try MessageTemplate()
            )
            let publication = PublicationStage(sink: .journal(journal), scope: "group", journal: journal)
            let intake = LoyaltyIntake(
                payloadLimit: 1 << 20,
                active: [.notification, .publication],
                counts: IntakeCounts()
            )
            var notified: [String] = []
            var published: [String] = []
            for (offset, file) in sequence.deliver.enumerated() {
                let record = Samples.record(try Samples.bytes(file), offset: Int64(offset))
                guard case .accept(_, let stages, let work) = intake.receive(record), let work = work as? LoyaltyWork
                else {
                    Issue.record("\(file) was not accepted")
                    continue
                }
                if stages.contains(StageSet(index: 0)), await notification.perform(work, in: first) == .done(.performed)
                {
                    notified.append(file)
                }
                if stages.contains(StageSet(index: 1)), await publication.perform(work, in: first) == .done(.performed)
                {
                    published.append(file)
                }
            }
            #expect(notified == sequence.notifications_from)
            #expect(published == sequence.publications_from)
            #expect(sink.received.count == notified.count)
            await journal.close()
        }
    }
}
