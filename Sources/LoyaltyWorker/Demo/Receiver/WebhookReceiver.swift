import Foundation
import HTTPTypes
import Hummingbird
import Logging
import NIOCore
import ServiceLifecycle
import Synchronization

/// An HTTP server that takes notifications the way a careful receiver does: it verifies, counts by id, and can be told to
/// misbehave. For demonstrations, tests and benchmarks.
final class WebhookReceiver: Sendable {
    private struct State: Sendable {
        var books = ReceiverBooks()
        var conduct: ReceiverConduct
    }

    /// Nil: signatures are not looked at.
    private let verifier: WebhookVerifier?
    /// Whether bodies are read, to check the order and to tell accruals.
    private let readsBodies: Bool
    private let log: FileHandle?
    private let state: Mutex<State>

    init(
        verifier: WebhookVerifier?,
        readsBodies: Bool,
        conduct: ReceiverConduct = ReceiverConduct(),
        log: FileHandle? = nil
    ) {
        self.verifier = verifier
        self.readsBodies = readsBodies
        self.log = log
        state = Mutex(State(conduct: conduct))
    }

    var books: ReceiverBooks { state.withLock { $0.books } }

    /// The number of calls answered with success, without copying the books.
    var received: Int { state.withLock { $0.books.received } }

    /// A server for this receiver.
    ///
    /// - Parameters:
    ///   - port: 0: the system's choice.
    ///   - onStart: called with the port once it listens.
    func server(
        host: String,
        port: Int,
        onStart: @escaping @Sendable (Int) async -> Void
    ) -> some ApplicationProtocol {
        Application(
            responder: CallbackResponder<BasicRequestContext> { request, _ in
                try await self.respond(to: request)
            },
            configuration: ApplicationConfiguration(address: .hostname(host, port: port), backlog: 1024),
            onServerRunning: { channel in await onStart(channel.localAddress?.port ?? port) },
            logger: Logger(label: "receiver", factory: { _ in SwiftLogNoOpLogHandler() })
        )
    }

    private func respond(to request: Request) async throws -> Response {
        switch (request.method, request.uri.path) {
        case (.get, "/counts"):
            return Self.answer(.ok, json: state.withLock { $0.books.json })
        case (.get, "/livez"):
            return Self.answer(.ok, json: .object([("status", "ok")]))
        case (.post, "/control"):
            let body = try await body(of: request)
            let refusal = state.withLock { $0.conduct.change(body) }
            guard let refusal else { return Self.answer(.ok, json: .object([("changed", true)])) }
            return Self.answer(.badRequest, json: .object([("error", .text(refusal))]))
        case (.post, _):
            return try await receive(request)
        default:
            return Self.answer(.notFound, json: .object([("error", "POST a webhook, or GET /counts")]))
        }
    }

    private func receive(_ request: Request) async throws -> Response {
        let body = try await body(of: request)
        guard let id = request.headers[Self.id], !id.isEmpty, isAuthentic(request, id: id, body: body) else {
            state.withLock { $0.books.refuse() }
            return Self.answer(.unauthorized, json: .object([("error", "the signature is missing, wrong or too old")]))
        }
        let conduct = state.withLock { state in
            state.books.begin()
            return state.conduct
        }
        defer { state.withLock { $0.books.end() } }
        if conduct.delay.upperBound > 0 {
            try await Task.sleep(for: .milliseconds(Int.random(in: conduct.delay)))
        }
        if let status = conduct.status, !(200...299).contains(status) {
            state.withLock { $0.books.fail() }
            return Response(status: HTTPResponse.Status(code: status))
        }
        if conduct.failRate > 0, Double.random(in: 0..<1) < conduct.failRate {
            state.withLock { $0.books.fail() }
            return Response(status: .serviceUnavailable)
        }
        let accrual = readsBodies || conduct.failCustomer != nil ? ReceiverBooks.Accrual(body: body) : nil
        if let accrual, accrual.customerID == conduct.failCustomer {
            state.withLock { $0.books.fail() }
            return Response(status: .serviceUnavailable)
        }
        let isUnreadable = readsBodies && accrual == nil
        state.withLock { state in
            _ = state.books.receive(id: id, accrual: readsBodies ? accrual : nil)
            if isUnreadable { state.books.receiveUnreadable() }
            // Under the lock, so that lines stand in the order of the books.
            try? log?.write(contentsOf: Data("\(id)\n".utf8))
        }
        return Response(status: conduct.status.map { HTTPResponse.Status(code: $0) } ?? .noContent)
    }

    private func isAuthentic(_ request: Request, id: String, body: [UInt8]) -> Bool {
        guard let verifier else { return true }
        guard let timestamp = request.headers[Self.timestamp], let signature = request.headers[Self.signature] else {
            return false
        }
        return verifier.isValid(
            id: id,
            timestamp: timestamp,
            signatures: signature,
            body: body,
            now: Int64(Date.now.timeIntervalSince1970)
        )
    }

    private func body(of request: Request) async throws -> [UInt8] {
        let buffer = try await request.body.collect(upTo: 1 << 20)
        return Array(buffer.readableBytesView)
    }

    private static let id = name("webhook-id")
    private static let timestamp = name("webhook-timestamp")
    private static let signature = name("webhook-signature")

    private static func name(_ text: String) -> HTTPField.Name {
        // The names are constants that are valid.
        HTTPField.Name(text) ?? .authorization
    }

    private static func answer(_ status: HTTPResponse.Status, json: JSONValue) -> Response {
        Response(
            status: status,
            headers: [.contentType: "application/json"],
            body: ResponseBody(byteBuffer: ByteBuffer(string: json.line + "\n"))
        )
    }
}

/// A receiver that runs inside this process until it is stopped.
struct RunningReceiver: Sendable {
    let receiver: WebhookReceiver
    /// Where webhooks go.
    let url: String
    private let group: ServiceGroup
    private let task: Task<Void, any Error>

    /// Returns when it listens on loopback.
    init(_ receiver: WebhookReceiver) async throws {
        let (ports, continuation) = AsyncStream.makeStream(of: Int.self)
        let server = receiver.server(host: "127.0.0.1", port: 0) { port in
            continuation.yield(port)
            continuation.finish()
        }
        let group = ServiceGroup(
            configuration: ServiceGroupConfiguration(
                services: [server],
                logger: Logger(label: "receiver", factory: { _ in SwiftLogNoOpLogHandler() })
            )
        )
        let task = Task {
            defer { continuation.finish() }
            try await group.run()
        }
        var port: Int?
        for await next in ports { port = next }
        guard let port else {
            try await task.value
            throw CommandFailure.failed("the receiver ended before it listened")
        }
        self.receiver = receiver
        self.group = group
        self.task = task
        url = "http://127.0.0.1:\(port)/notifications"
    }

    /// Stops once open calls are answered.
    func stop() async {
        await group.triggerGracefulShutdown()
        _ = await task.result
    }
}
