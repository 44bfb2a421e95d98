internal import AsyncHTTPClient
internal import Foundation
internal import Kafka
internal import LoyaltyEvents
internal import NIOCore
internal import NIOHTTP1
internal import Pipeline

/// Delivers notifications to an HTTP receiver by Standard Webhooks 1.0.0.
final class Webhook: NotificationSink {
    /// Bytes of an answer's body that are read before the connection is given up instead.
    private static let answerLimit = 64 << 10
    /// No receiver can hold an event longer than this by `retry-after`.
    private static let longestWait: Duration = .seconds(3600)

    private let client: HTTPClient
    private let destination: WebhookDestination
    private let secrets: WebhookSecrets
    private let timeout: Duration
    private let clock: @Sendable () -> UTCTime

    /// - Parameters:
    ///   - timeout: for one attempt, from the call to the answer's head.
    ///   - inFlight: calls at once: so many connections are kept for HTTP/1.1.
    init(
        destination: WebhookDestination,
        secrets: WebhookSecrets,
        timeout: Duration,
        inFlight: Int,
        clock: @escaping @Sendable () -> UTCTime = UTCTime.now
    ) {
        self.destination = destination
        self.secrets = secrets
        self.timeout = timeout
        self.clock = clock
        var configuration = HTTPClient.Configuration()
        configuration.redirectConfiguration = .disallow
        configuration.timeout.connect = min(TimeAmount(timeout), .seconds(5))
        configuration.timeout.read = TimeAmount(timeout)
        configuration.connectionPool.concurrentHTTP1ConnectionsPerHostSoftLimit = max(1, inFlight)
        // The breaker waits for a receiver that is down; a call that waits in here would hold its key for nothing.
        configuration.connectionPool.retryConnectionEstablishment = false
        let check = ConnectionCheck(destination: destination)
        configuration.http1_1ConnectionDebugInitializer = { check.admit($0) }
        configuration.http2ConnectionDebugInitializer = { check.admit($0) }
        client = HTTPClient(eventLoopGroupProvider: .singleton, configuration: configuration)
    }

    /// Must be called before the last reference goes away.
    func close() async {
        try? await client.shutdown()
    }

    func deliver(_ notification: PointsNotification, _ permit: NotificationPermit) async -> Delivery {
        let now = clock()
        if let refusal = await destination.refusal(at: now) { return .failed(.unavailable(reason: refusal)) }
        do {
            let request = request(for: notification, at: now)
            let response = try await client.execute(request, deadline: .now() + TimeAmount(timeout))
            await discard(response.body)
            let wait = response.headers.first(name: "retry-after").flatMap {
                RetryAfter.duration($0, now: clock(), limit: Self.longestWait)
            }
            guard let failure = WebhookAnswer.failure(status: response.status.code, retryAfter: wait) else {
                return .made(.performed)
            }
            return .failed(failure)
        } catch {
            return WebhookFailure.delivery(after: error)
        }
    }

    private func request(for notification: PointsNotification, at now: UTCTime) -> HTTPClientRequest {
        let id = notification.key.webhookID
        let body = notification.body
        let trace = TraceParent.received(in: notification.work.record) ?? TraceParent.new(for: notification.key)
        var request = HTTPClientRequest(url: destination.url.text)
        request.method = .POST
        request.headers = [
            "content-type": "application/json",
            "user-agent": "loyalty-worker",
            "webhook-id": id,
            "webhook-timestamp": String(now.seconds),
            "webhook-signature": secrets.signature(id: id, timestamp: now.seconds, body: body),
            "idempotency-key": id,
            "traceparent": trace,
        ]
        request.body = .bytes(ByteBuffer(bytes: body))
        return request
    }

    /// Reads a short answer so that its connection can be used again, and never looks into it.
    private func discard(_ body: HTTPClientResponse.Body) async {
        let end = NIODeadline.now() + TimeAmount(timeout)
        var count = 0
        do {
            for try await part in body {
                count += part.readableBytes
                if count > Self.answerLimit || NIODeadline.now() > end { return }
            }
        } catch {
            // The status has arrived; what happens to the rest changes nothing.
        }
    }
}

/// Looks at the address that a connection really has: a name may lead elsewhere than a moment ago.
private struct ConnectionCheck: Sendable {
    let destination: WebhookDestination

    func admit(_ channel: any Channel) -> EventLoopFuture<Void> {
        let host = destination.url.host
        guard let text = channel.remoteAddress?.ipAddress, let address = IPAddress(text),
            destination.addressGuard.permits(address, of: host)
        else {
            channel.close(promise: nil)
            return channel.eventLoop.makeFailedFuture(AddressRefused())
        }
        return channel.eventLoop.makeSucceededVoidFuture()
    }
}

/// A connection led to an address that is not public.
struct AddressRefused: Error {}

extension TimeAmount {
    init(_ duration: Duration) {
        let (seconds, attoseconds) = duration.components
        let nanoseconds = seconds.multipliedReportingOverflow(by: 1_000_000_000)
        self = .nanoseconds(nanoseconds.overflow ? .max / 4 : nanoseconds.partialValue + attoseconds / 1_000_000_000)
    }
}
