import Foundation
import FoundationNetworking
import Logging
import Pipeline
import Testing

@testable import LoyaltyWorker

@Suite struct `The admin server` {
    private static let quiet = Logger(label: "admin", factory: { _ in SwiftLogNoOpLogHandler() })

    /// Runs a server on a free port for the time of `body`.
    private func withServer(_ status: WorkerStatus, _ body: (Int) async throws -> Void) async throws {
        let snapshot = StatusFixture.snapshot(status)
        let server = AdminServer(
            settings: .init(host: "127.0.0.1", port: 0, livenessTimeout: .seconds(300)),
            logger: Self.quiet
        ) { snapshot }
        let (ports, continuation) = AsyncStream<Int?>.makeStream()
        try await withThrowingTaskGroup { group in
            group.addTask {
                try await server.run { port in
                    continuation.yield(port)
                    continuation.finish()
                }
            }
            for await port in ports { try await body(try #require(port)) }
            group.cancelAll()
            try await group.waitForAll()
        }
    }

    private func fetch(_ path: String, _ port: Int, method: String = "GET") async throws -> (HTTPURLResponse, String) {
        var request = URLRequest(url: try #require(URL(string: "http://127.0.0.1:\(port)\(path)")))
        request.httpMethod = method
        let (data, response) = try await URLSession.shared.data(for: request)
        return (try #require(response as? HTTPURLResponse), String(decoding: data, as: UTF8.self))
    }

    @Test func `it answers on every path, with headers that keep browsers calm`() async throws {
        let calm = StatusFixture.status([StatusFixture.partition(sinceProgress: .zero)])
        try await withServer(calm) { port in
            let types = [
                "/livez": "text/plain; charset=utf-8", "/readyz": "text/plain; charset=utf-8",
                "/metrics": "text/plain; version=0.0.4; charset=utf-8", "/status": "application/json; charset=utf-8",
                "/": "text/html; charset=utf-8",
            ]
            for (path, type) in types {
                let (response, text) = try await fetch(path, port)
                #expect(response.statusCode == 200)
                #expect(response.value(forHTTPHeaderField: "content-type") == type)
                #expect(response.value(forHTTPHeaderField: "x-content-type-options") == "nosniff")
                #expect(response.value(forHTTPHeaderField: "x-frame-options") == "DENY")
                #expect(response.value(forHTTPHeaderField: "cache-control") == "no-store")
                #expect(
                    response.value(forHTTPHeaderField: "content-security-policy")?.hasPrefix("default-src 'none'")
                        == true
                )
                #expect(!text.isEmpty)
            }
        }
    }

    @Test func `it refuses what is no GET, and paths that are not there`() async throws {
        try await withServer(WorkerStatus()) { port in
            for method in ["POST", "PUT", "DELETE"] {
                let (response, _) = try await fetch("/status", port, method: method)
                #expect(response.statusCode == 405)
            }
            #expect(try await fetch("/nothing", port).0.statusCode == 404)
        }
    }

    @Test(arguments: ["/", "/status", "/metrics", "/readyz"])
    func `it answers HEAD with headers only`(_ path: String) async throws {
        try await withServer(StatusFixture.status()) { port in
            let (response, text) = try await fetch(path, port, method: "HEAD")
            #expect(response.statusCode == 200)
            #expect(response.value(forHTTPHeaderField: "content-type") != nil)
            #expect(text.isEmpty)
        }
    }

    @Test func `it says that it is stuck, where, and that it is not ready`() async throws {
        var status = StatusFixture.status()
        status.phase = .joining
        try await withServer(status) { port in
            let (live, words) = try await fetch("/livez", port)
            #expect(live.statusCode == 503)
            #expect(words == "no progress for 600 s at loyalty.events/3/42 in the stage notification\n")
            #expect(try await fetch("/readyz", port).0.statusCode == 503)
        }
    }

    @Test func `a port that is taken is a failure that says what to do`() async throws {
        try await withServer(WorkerStatus()) { port in
            let second = AdminServer(
                settings: .init(host: "127.0.0.1", port: port, livenessTimeout: .seconds(300)),
                logger: Self.quiet
            ) { StatusFixture.snapshot() }
            let failure = await #expect(throws: CommandFailure.self) { try await second.run { _ in } }
            #expect(failure?.status == .unreachable)
            #expect(failure?.message.contains("the port is taken") == true)
            #expect(failure?.message.contains("admin.port") == true)
        }
    }

    @Test func `without a port there is no server`() async throws {
        let server = AdminServer(
            settings: .init(host: "127.0.0.1", port: nil, livenessTimeout: .seconds(300)),
            logger: Self.quiet
        ) { StatusFixture.snapshot() }
        try await server.run { #expect($0 == nil) }
    }
}
