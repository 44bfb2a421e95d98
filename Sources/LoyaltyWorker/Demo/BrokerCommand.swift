import ArgumentParser
import Foundation
import Kafka
import Logging
import ServiceLifecycle
import UnixSignals

/// `loyalty-worker broker`
struct BrokerCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "broker",
        abstract: "An embedded Kafka broker for development and benchmarks; keeps everything in memory.",
        discussion: """
            Prints host:port on stdout and serves until SIGTERM or SIGINT. It is librdkafka's mock cluster: it keeps 5 MiB (as \
            compressed) of a partition and drops older records, has neither transactions nor access control, and makes topics \
            that clients ask for, with 4 partitions.
            """
    )

    @Option(
        name: .customLong("topic"),
        help: ArgumentHelp("Topic to make, with its number of partitions; repeatable.", valueName: "name:partitions")
    )
    var topics: [TopicOption] = []

    @Flag(help: #"Print {"bootstrap_servers":…,"topics":{…}} instead of host:port."#)
    var json = false

    func run() async throws {
        let cluster: MockCluster
        do {
            cluster = try MockCluster()
            for topic in topics {
                try cluster.createTopic(topic.name, partitions: topic.partitions)
            }
        } catch {
            throw CommandFailure.failed("the embedded broker can't start: \(error)")
        }
        let report = JSONValue.object([
            ("bootstrap_servers", .text(cluster.bootstrapServers)),
            ("topics", .object(topics.map { ($0.name, JSONValue($0.partitions)) })),
        ])
        Terminal.print(json ? report.line : cluster.bootstrapServers)
        try await UntilSignal.wait()
        // The broker must not end before the signal, whatever the optimiser thinks of its last use.
        withExtendedLifetime(cluster) {}
    }
}

/// `NAME:PARTITIONS`
struct TopicOption: ExpressibleByArgument, Sendable, Equatable {
    let name: String
    let partitions: Int

    init?(argument: String) {
        guard let colon = argument.lastIndex(of: ":"), colon > argument.startIndex,
            let partitions = Int(argument[argument.index(after: colon)...]), (1...10_000).contains(partitions)
        else { return nil }
        name = String(argument[..<colon])
        self.partitions = partitions
    }
}

/// Waits for SIGTERM or SIGINT.
enum UntilSignal {
    private struct Waiting: Service {
        func run() async throws {
            try? await gracefulShutdown()
        }
    }

    static func wait() async throws {
        let group = ServiceGroup(
            configuration: ServiceGroupConfiguration(
                services: [Waiting()],
                gracefulShutdownSignals: [.sigterm, .sigint],
                logger: Logger(label: "signals", factory: { _ in SwiftLogNoOpLogHandler() })
            )
        )
        try await group.run()
    }
}
