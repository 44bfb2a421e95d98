import Crypto
import Foundation
import Kafka
import LoyaltyEvents
import NIOHTTP1
import Pipeline
import Testing

@testable import Stages

struct WebhookTests {
    private static let secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"

    private func webhook(
        _ port: Int,
        allow: String = "127.0.0.1",
        host: String = "127.0.0.1",
        scheme: String = "http",
        timeout: Duration = .seconds(10),
        resolve: @escaping WebhookDestination.Resolver = WebhookDestination.addresses
    ) throws -> Webhook {
        Webhook(
            destination: WebhookDestination(
                url: try WebhookURL("\(scheme)://\(host):\(port)/hooks?a=b"),
                addressGuard: try AddressGuard(allow: allow),
                resolve: resolve
            ),
            secrets: try WebhookSecrets(Self.secret),
            timeout: timeout,
            inFlight: 100,
            clock: { UTCTime(milliseconds: 1_614_265_330_000) }
        )
    }

    private func notification(_ work: LoyaltyWork) throws -> PointsNotification {
        PointsNotification(key: work.event.effectKey(.notification), work: work, template: try MessageTemplate())
    }

    private var permit: NotificationPermit {
        get throws { try #require(StageContext(attempt: 1, mode: .live).notificationPermit) }
    }

    private func deliver(
        _ answer: Receiver.Answer,
        timeout: Duration = .seconds(10)
    ) async throws -> (delivery: Delivery, requests: [Receiver.Request]) {
        let receiver = try await Receiver.start { _, _ in answer }
        let webhook = try webhook(receiver.port, timeout: timeout)
        let delivery = await webhook.deliver(try notification(Samples.work(Samples.seed)), try permit)
        await webhook.close()
        try await receiver.stop()
        return (delivery, receiver.received)
    }

    /// A word for what became of a delivery.
    private func word(_ delivery: Delivery) -> String {
        switch delivery {
        case .made(.performed): "done"
        case .made(let completion): "\(completion)"
        case .failed(.retry(_, let after), let doubt): "retry" + wait(after) + (doubt ? " doubt" : "")
        case .failed(.unavailable(_, let after), let doubt): "unavailable" + wait(after) + (doubt ? " doubt" : "")
        case .failed(.reject, _): "reject"
        case .failed(.halt, _): "halt"
        case .failed(.done, _): "wrong"
        }
    }

    private func wait(_ duration: Duration?) -> String {
        duration.map { " \($0 / .seconds(1))" } ?? ""
    }

    @Test(arguments: [
        (200, "done"), (201, "done"), (202, "done"), (204, "done"), (299, "done"),
        (300, "reject"), (301, "reject"), (302, "reject"), (304, "reject"), (307, "reject"), (308, "reject"),
        (400, "reject"), (401, "reject"), (403, "reject"), (404, "reject"), (405, "reject"), (409, "reject"),
        (413, "reject"), (422, "reject"), (499, "reject"),
        (408, "retry"), (410, "halt"), (425, "retry"), (429, "unavailable"),
        (500, "retry"), (501, "retry"), (502, "retry"), (503, "retry"), (504, "retry"), (599, "retry"), (600, "reject"),
    ])
    func `a status has one meaning`(status: Int, meaning: String) async throws {
        let (delivery, requests) = try await deliver(.status(status, headers: ["location": "http://127.0.0.1:1/"]))
        #expect(word(delivery) == meaning)
        #expect(requests.count == 1)
    }

    @Test(arguments: [
        (503, "7", "retry 7.0"), (429, "Thu, 25 Feb 2021 15:03:10 GMT", "unavailable 60.0"),
        (500, "99999", "retry 3600.0"),
        (503, "soon", "retry"), (404, "7", "reject"),
    ])
    func `a receiver's wish to wait is kept`(status: Int, header: String, meaning: String) async throws {
        let (delivery, _) = try await deliver(.status(status, headers: ["retry-after": header]))
        #expect(word(delivery) == meaning)
    }

    @Test func `a connection cut before the answer leaves a doubt`() async throws {
        #expect(word(try await deliver(.cut).delivery) == "retry doubt")
    }

    @Test func `silence ends with the timeout and leaves a doubt`() async throws {
        #expect(word(try await deliver(.silence, timeout: .milliseconds(100)).delivery) == "retry doubt")
    }

    @Test func `a receiver that is not there is unavailable`() async throws {
        let receiver = try await Receiver.start { _, _ in .silence }
        try await receiver.stop()
        for host in ["127.0.0.1", "localhost"] {
            let webhook = try webhook(receiver.port, allow: "127.0.0.1 localhost", host: host)
            let delivery = await webhook.deliver(try notification(Samples.work(Samples.seed)), try permit)
            #expect(word(delivery) == "unavailable")
            guard case .failed(.unavailable(let reason, _), _) = delivery else { continue }
            #expect(reason == "the receiver can't be reached: connection refused")
            await webhook.close()
        }
    }

    @Test func `a receiver that doesn't speak TLS is unavailable`() async throws {
        let receiver = try await Receiver.start { _, _ in .status(200) }
        let webhook = try webhook(receiver.port, scheme: "https")
        #expect(word(await webhook.deliver(try notification(Samples.work(Samples.seed)), try permit)) == "unavailable")
        await webhook.close()
        try await receiver.stop()
        #expect(receiver.received.isEmpty)
    }

    @Test func `a host that can't be resolved is unavailable`() async throws {
        let webhook = try webhook(1, allow: "nowhere.invalid", host: "nowhere.invalid")
        #expect(word(await webhook.deliver(try notification(Samples.work(Samples.seed)), try permit)) == "unavailable")
        await webhook.close()
    }

    @Test func `a private receiver that is not allowed gets nothing`() async throws {
        let receiver = try await Receiver.start { _, _ in .status(200) }
        let webhook = try webhook(receiver.port, allow: "")
        #expect(word(await webhook.deliver(try notification(Samples.work(Samples.seed)), try permit)) == "unavailable")
        await webhook.close()
        try await receiver.stop()
        #expect(receiver.received.isEmpty)
    }

    @Test func `a name that turns private between look-up and connection gets nothing`() async throws {
        let receiver = try await Receiver.start { _, _ in .status(200) }
        // The look-up is told a public address; the connection goes to loopback.
        let webhook = try webhook(
            receiver.port,
            allow: "8.8.8.8",
            host: "localhost",
            resolve: { _ in ["8.8.8.8"] }
        )
        let delivery = await webhook.deliver(try notification(Samples.work(Samples.seed)), try permit)
        #expect(word(delivery) == "unavailable")
        await webhook.close()
        try await receiver.stop()
        #expect(receiver.received.isEmpty)
    }

    @Test func `the request is what Standard Webhooks wants`() async throws {
        let (_, requests) = try await deliver(.status(200))
        let request = try #require(requests.first)
        let headers = request.head.headers
        let work = try Samples.work(Samples.seed)
        let id = "msg_\(work.event.effectKey(.notification))"
        #expect(request.head.method == .POST)
        #expect(request.head.uri == "/hooks?a=b")
        #expect(headers["webhook-id"] == [id])
        #expect(headers["idempotency-key"] == [id])
        #expect(headers["webhook-timestamp"] == ["1614265330"])
        #expect(headers["content-type"] == ["application/json"])
        #expect(headers["user-agent"].first?.hasPrefix("loyalty-worker") == true)
        #expect(headers["traceparent"].first?.hasPrefix("00-\(work.event.effectKey(.notification))-") == true)
        #expect(request.body == (try notification(work)).body)
        let key = SymmetricKey(data: try #require(Data(base64Encoded: String(Self.secret.dropFirst(6)))))
        let signed = Array("\(id).1614265330.".utf8) + request.body
        let code = Data(HMAC<SHA256>.authenticationCode(for: signed, using: key)).base64EncodedString()
        #expect(headers["webhook-signature"] == ["v1,\(code)"])
    }

    @Test(arguments: [
        ("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01", true),
        ("00-00000000000000000000000000000000-b7ad6b7169203331-01", false),
        ("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01\r\nx: y", false), ("", false), ("nonsense", false),
    ])
    func `a trace goes on if it is well formed`(trace: String, goesOn: Bool) async throws {
        let record = Samples.record([], headers: [Header(name: "Traceparent", value: Array(trace.utf8))])
        #expect(TraceParent.received(in: record) == (goesOn ? trace : nil))
    }

    @Test func `a long answer is not read to its end and changes nothing`() async throws {
        let (delivery, _) = try await deliver(.status(200, body: String(repeating: "x", count: 10_000_000)))
        #expect(word(delivery) == "done")
    }

    @Test func `hundreds of calls at once all arrive`() async throws {
        let receiver = try await Receiver.start { _, _ in .status(200, body: "ok") }
        let webhook = try webhook(receiver.port)
        let count = 500
        let words = try await withThrowingTaskGroup(of: String.self) { group in
            for number in 0..<count {
                group.addTask {
                    word(await webhook.deliver(try notification(Samples.work(customer: "c\(number)")), try permit))
                }
            }
            return try await group.reduce(into: []) { $0.append($1) }
        }
        #expect(words.allSatisfy { $0 == "done" })
        #expect(Set(receiver.received.compactMap { $0.head.headers["webhook-id"].first }).count == count)
        await webhook.close()
        try await receiver.stop()
    }
}
