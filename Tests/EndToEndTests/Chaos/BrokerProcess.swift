import Foundation
import FoundationNetworking
import Testing

/// A broker in a process of its own.
struct BrokerProcess: Sendable {
    enum Kind: String, Sendable {
        /// librdkafka's mock cluster.
        case mock
        /// Honours session timeouts as Kafka does; behind a proxy that can delay and cut.
        case tansu
        /// Rebalances fast and keeps its data over a restart, but never expires a member.
        case noida
    }

    /// The Python that has the brokers; nil: only the mock can be had.
    static let python: URL? = ProcessInfo.processInfo.environment["TEST_VENV"].map {
        URL(filePath: $0).appending(path: "bin/python")
    }

    let kind: Kind
    let program: Program
    let address: String

    /// - Parameter topics: made by the mock, which can't make any later.
    init(_ kind: Kind, topics: [String: Int] = [:]) async throws {
        self.kind = kind
        switch kind {
        case .mock:
            program = try Program(["broker"] + topics.flatMap { ["--topic", "\($0.key):\($0.value)"] })
        case .tansu, .noida:
            let script = Bundle.module.bundleURL.appending(path: "Brokers/broker.py")
            program = try Program(
                [script.path, kind.rawValue],
                executable: try #require(Self.python),
                ending: SIGTERM
            )
        }
        address = try await program.firstLine()
    }

    /// Seconds that it can stand still without breaking what it promises.
    var longestStall: Double { kind == .mock ? 4 : 12 }
}

/// Talks to admin servers and receivers.
enum HTTP {
    static func get(_ url: String) async throws -> [String: Any] {
        let (data, _) = try await session.data(from: try #require(URL(string: url)))
        return try #require(try JSONSerialization.jsonObject(with: data) as? [String: Any])
    }

    static func post(_ url: String, _ body: String) async throws {
        var request = URLRequest(url: try #require(URL(string: url)))
        request.httpMethod = "POST"
        request.httpBody = Data(body.utf8)
        let (data, response) = try await session.data(for: request)
        let status = (response as? HTTPURLResponse)?.statusCode
        #expect(status == 200, "\(String(decoding: data, as: UTF8.self))")
    }

    private static let session = URLSession(configuration: .ephemeral)
}
