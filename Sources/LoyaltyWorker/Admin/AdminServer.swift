import Foundation
import HTTPTypes
import Hummingbird
import Logging
import NIOCore
import Pipeline
import Synchronization

/// Health, metrics and the status page, for machines and people on the inside. It only answers GET and HEAD, and changes nothing.
struct AdminServer: Sendable {
    private static let clock = ContinuousClock()

    private let settings: Settings.Admin
    private let snapshot: @Sendable () -> WorkerSnapshot
    private let logger: Logger
    private let started = AdminServer.clock.now
    private let liveness: LivenessWatch

    init(settings: Settings.Admin, logger: Logger, snapshot: @escaping @Sendable () -> WorkerSnapshot) {
        self.settings = settings
        self.snapshot = snapshot
        self.logger = logger
        liveness = LivenessWatch(timeout: settings.livenessTimeout)
    }

    /// Serves until the task is cancelled. Returns at once when there is to be no admin server.
    ///
    /// - Parameter listening: called with the port, as soon as it answers.
    func run(listening: @escaping @Sendable (Int?) async -> Void) async throws(CommandFailure) {
        guard let port = settings.port else {
            await listening(nil)
            return
        }
        let router = Router(options: .autoGenerateHeadEndpoints)
        router.add(middleware: SecurityHeaders())
        router.get("livez") { _, _ in livez() }
        router.get("readyz") { _, _ in readyz() }
        router.get("metrics") { _, _ in
            Self.answer(.ok, "text/plain; version=0.0.4; charset=utf-8", WorkerMetrics.text(snapshot()))
        }
        router.get("status") { _, _ in
            Self.answer(.ok, "application/json; charset=utf-8", StatusJSON.text(snapshot()) + "\n")
        }
        router.get("/") { _, _ in
            let snapshot = snapshot()
            return Self.answer(
                .ok,
                "text/html; charset=utf-8",
                StatusPage.html(snapshot, stuck: observe(snapshot))
            )
        }
        // Being cancelled is how it ends, and clients that go away are no news; what matters is thrown.
        var quiet = logger
        quiet.logLevel = .critical
        let server = Application(
            router: router,
            configuration: .init(address: .hostname(settings.host, port: port), serverName: nil),
            onServerRunning: { channel in
                let port = channel.localAddress?.port ?? port
                logger.info("admin server listens", metadata: ["url": "http://\(settings.host):\(port)/"])
                await listening(port)
            },
            logger: quiet
        )
        do {
            try await server.run()
        } catch is CancellationError {
            return
        } catch {
            guard !Task.isCancelled else { return }
            let isTaken = (error as? IOError)?.errnoCode == EADDRINUSE
            let reason = isTaken ? "the port is taken, perhaps by another worker" : "\(error)".oneLine(upTo: 200)
            throw .unreachable(
                "the admin server can't listen on \(settings.host):\(port): \(reason); set admin.port to another port,"
                    + " to 0 for a free one, or to none"
            )
        }
    }

    private func observe(_ snapshot: WorkerSnapshot) -> [Liveness.Stuck] {
        liveness.observe(snapshot.status, at: Self.clock.now - started)
    }

    private func livez() -> Response {
        let stuck = observe(snapshot())
        guard stuck.isEmpty else {
            return Self.answer(
                .serviceUnavailable,
                "text/plain; charset=utf-8",
                stuck.map { "\($0)\n" }.joined()
            )
        }
        return Self.answer(.ok, "text/plain; charset=utf-8", "ok\n")
    }

    private func readyz() -> Response {
        if let obstacle = Readiness.obstacle(snapshot().status) {
            return Self.answer(.serviceUnavailable, "text/plain; charset=utf-8", obstacle + "\n")
        }
        return Self.answer(.ok, "text/plain; charset=utf-8", "ok\n")
    }

    private static func answer(_ status: HTTPResponse.Status, _ type: String, _ text: String) -> Response {
        Response(
            status: status,
            headers: [.contentType: type],
            body: ResponseBody(byteBuffer: ByteBuffer(string: text))
        )
    }
}

/// `Liveness` for requests that come at the same time.
private final class LivenessWatch: Sendable {
    private let liveness: Mutex<Liveness>

    init(timeout: Duration) {
        liveness = Mutex(Liveness(timeout: timeout))
    }

    func observe(_ status: WorkerStatus, at now: Duration) -> [Liveness.Stuck] {
        liveness.withLock { $0.observe(status, at: now) }
    }
}

/// Adds the headers that keep a browser from doing more with an answer than showing it.
private struct SecurityHeaders<Context: RequestContext>: RouterMiddleware {
    func handle(
        _ request: Request,
        context: Context,
        next: @concurrent (Request, Context) async throws -> Response
    ) async throws -> Response {
        var response: Response
        do {
            guard request.method == .get || request.method == .head else {
                throw HTTPError(.methodNotAllowed, headers: [.allow: "GET, HEAD"])
            }
            response = try await next(request, context)
        } catch let error as HTTPError {
            response = try error.response(from: request, context: context)
        }
        for (name, value) in Self.headers {
            response.headers[name] = value
        }
        return response
    }

    private static var headers: [(HTTPField.Name, String)] {
        [
            (.cacheControl, "no-store"),
            (.contentSecurityPolicy, StatusPage.contentPolicy),
            (.xContentTypeOptions, "nosniff"),
        ]
            + [("x-frame-options", "DENY"), ("referrer-policy", "no-referrer")]
            .compactMap { name, value in HTTPField.Name(name).map { ($0, value) } }
    }
}
