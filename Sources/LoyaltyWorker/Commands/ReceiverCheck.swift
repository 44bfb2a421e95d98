import Foundation
import Logging
import NIOCore
import NIOPosix
import Stages

/// Whether the receiver of webhooks may be contacted and answers; no notification is sent.
struct ReceiverCheck {
    private let settings: Settings

    init(_ settings: Settings) {
        self.settings = settings
    }

    func run(_ show: (Finding) -> Void) async {
        guard settings.notification.sink == .webhook, let text = settings.notification.webhookURL,
            let url = URLComponents(string: text), let host = url.host
        else {
            show(Finding(.ok, "receiver", "none needed: notification.sink is \(settings.notification.sink.rawValue)"))
            return
        }
        if let refusal = await guardRefusal() {
            show(Finding(.failed, "receiver \(host)", refusal))
            return
        }
        let port = url.port ?? (url.scheme?.lowercased() == "http" ? 80 : 443)
        do {
            let limit = TimeAmount.nanoseconds(Int64(settings.kafka.reachTimeout.inSeconds * 1e9))
            let address = host.hasPrefix("[") ? String(host.dropFirst().dropLast()) : host
            let channel = try await ClientBootstrap(group: .singletonMultiThreadedEventLoopGroup)
                .connectTimeout(limit)
                .connect(host: address, port: port)
                .get()
            try? await channel.close().get()
            show(Finding(.ok, "receiver \(host)", "takes connections on port \(port)"))
        } catch {
            let words =
                "takes no connection on port \(port): \(Self.reason(error)); is it running, and is"
                + " notification.webhook.url right?"
            show(Finding(.failed, "receiver \(host)", words))
        }
    }

    /// The network library's own words are for its authors.
    private static func reason(_ error: any Error) -> String {
        guard let failure = error as? NIOConnectionError else { return "\(error)".oneLine(upTo: 200) }
        if failure.dnsAError != nil, failure.dnsAAAAError != nil { return "the name can't be resolved" }
        let first = failure.connectionErrors.first?.error
        if first is ChannelError { return "no answer in time" }
        return switch (first as? IOError)?.errnoCode {
        case ECONNREFUSED: "connection refused"
        case EHOSTUNREACH, ENETUNREACH: "no route to it"
        default: "\(first ?? error)".oneLine(upTo: 200)
        }
    }

    private func guardRefusal() async -> String? {
        var stages = settings.stagesSettings()
        stages.journal = .none
        stages.publication.sink = .none
        do throws(StagesError) {
            let stages = try LoyaltyStages(stages, publisher: nil, logger: settings.log.logger("stages"))
            let refusal = await stages.checkWebhook()
            await stages.close()
            return refusal
        } catch {
            return "\(error)"
        }
    }
}
