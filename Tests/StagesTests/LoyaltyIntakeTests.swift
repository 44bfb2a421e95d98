import Kafka
import LoyaltyEvents
import Pipeline
import Testing

@testable import Stages

struct LoyaltyIntakeTests {
    private let counts = IntakeCounts()

    private func receive(_ record: Record, active: Route = [.notification, .publication], limit: Int = 1 << 20)
        -> Reception
    {
        LoyaltyIntake(payloadLimit: limit, active: active, counts: counts).receive(record)
    }

    private func bytes(_ text: String) -> [UInt8] { Array(text.utf8) }

    @Test func `an event gets its stages and the lane of its key`() throws {
        let record = Samples.record(try Samples.bytes(Samples.withPublication), key: bytes("k"))
        guard case .accept(let lane, let stages, let work) = receive(record), let work = work as? LoyaltyWork else {
            Issue.record("not accepted")
            return
        }
        #expect(lane == record.keyHash)
        #expect(stages == [StageSet(index: 0), StageSet(index: 1)])
        #expect(work.event.points == 900)
    }

    @Test func `without a key the customer makes the lane`() throws {
        let lanes = try [Samples.seed, Samples.withPublication].map { file in
            guard case .accept(let lane, _, _) = receive(Samples.record(try Samples.bytes(file))) else {
                return nil as UInt64?
            }
            return lane
        }
        #expect(lanes[0] != nil)
        #expect(lanes[0] == lanes[1])
    }

    @Test func `stages without sink are left out`() throws {
        let record = Samples.record(try Samples.bytes(Samples.seed))
        guard case .settled = receive(record, active: .publication) else {
            Issue.record("not settled")
            return
        }
    }

    @Test func `what is too large is refused unread`() {
        guard case .reject(let cause, _) = receive(Samples.record(bytes("not even JSON")), limit: 12) else {
            Issue.record("not refused")
            return
        }
        #expect(cause.errorClass == .oversize)
        #expect(cause.message == "the value has 13 bytes, limits.payload allows 12")
        #expect(counts.snapshot.rejections == ["oversize": 1])
    }

    @Test func `a tombstone and events of other types are ignored and counted`() {
        guard case .ignore = receive(Samples.record(nil)) else {
            Issue.record("a tombstone is no event")
            return
        }
        for name in ["order.paid", "order.paid", "customer.created"] {
            let value = #"{"project_id":"p","event":{"type":"\#(name)"},"data":{}}"#
            guard case .ignore = receive(Samples.record(bytes(value))) else {
                Issue.record("\(name) was not ignored")
                return
            }
        }
        #expect(counts.snapshot.tombstones == 1)
        #expect(counts.snapshot.otherTypes == ["order.paid": 2, "customer.created": 1])
        #expect(counts.snapshot.ignored == 4)
    }

    @Test func `names of other types are bounded`() {
        for number in 0..<200 { counts.count(otherType: "type.\(number)") }
        #expect(counts.snapshot.otherTypes.count == IntakeCounts.nameLimit + 1)
        #expect(counts.snapshot.ignored == 200)
    }

    @Test func `a refusal says where and carries nothing of the payload`() {
        let value = #"{"customer":{"id":"","name":"Ada"},"balance":{"points":1,"balance":1},"earning_rule":{}}"#
        guard case .reject(let cause, _) = receive(Samples.record(bytes(value))) else {
            Issue.record("not refused")
            return
        }
        #expect(cause.errorClass == .decode)
        #expect(cause.message.contains(" at customer.id"))
        #expect(!cause.message.contains("Ada"))
        #expect(counts.snapshot.rejections.values.reduce(0, +) == 1)
    }

    @Test func `headers of a cloud event name its type`() throws {
        let headers = ["ce_specversion": "1.0", "ce_type": "order.paid", "ce_id": "1", "ce_source": "s"]
            .map { Header(name: $0.key, value: Array($0.value.utf8)) }
        guard case .ignore = receive(Samples.record(try Samples.bytes(Samples.seed), headers: headers)) else {
            Issue.record("the type of the cloud event was not seen")
            return
        }
    }
}
