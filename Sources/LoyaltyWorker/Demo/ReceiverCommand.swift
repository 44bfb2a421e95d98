import ArgumentParser
import Foundation
import Hummingbird

/// `loyalty-worker receiver`
struct ReceiverCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "receiver",
        abstract: "A stub receiver of notifications: verifies signatures, counts by webhook-id.",
        discussion: """
            Prints its address on stdout and serves until SIGTERM or SIGINT. Webhooks may be posted to any path but /control.

              GET  /counts   {"received":…,"distinct":…,"repeated":…,"bad_signatures":…,"failed":…,"out_of_order":…,"open":…}
              GET  /livez    200 while it serves
              POST /control  {"delay_ms":[5,50],"fail_rate":0.1,"status":503,"fail_customer":"cust_1"} changes its conduct; \
            "status":0 ends a status, "fail_customer":"" the failing of one customer

            Without a secret, signatures are not looked at. The secret is also read from the environment variables \
            LOYALTY_NOTIFICATION_WEBHOOK_SECRET and …_SECRET_FILE, as the worker does.
            """
    )

    @Option(help: "Address to listen on.")
    var host = "127.0.0.1"

    @Option(help: "Port to listen on; 0: one that the system chooses.")
    var port: UInt16 = 0

    @Option(help: ArgumentHelp("File with the secret (whsec_…) of the signatures.", valueName: "path"))
    var secretFile: String?

    @Option(help: ArgumentHelp("Append each webhook-id that was taken, one a line.", valueName: "path"))
    var log: String?

    @Option(help: ArgumentHelp("Wait so many milliseconds, or a random time from A to B.", valueName: "A..B"))
    var delayMs: String?

    @Option(help: ArgumentHelp("Share of the calls to answer with 503 (0 to 1).", valueName: "share"))
    var failRate = 0.0

    @Option(help: ArgumentHelp("Answer every call with this status.", valueName: "code"))
    var status: Int?

    @Flag(help: "Look into bodies and count those that come out of order for their customer.")
    var checkOrder = false

    func validate() throws {
        if let delayMs, ReceiverConduct.delay(delayMs) == nil {
            let given = delayMs.oneLine(upTo: 40)
            throw ValidationError("--delay-ms takes milliseconds or A..B, up to 600000, not \"\(given)\"")
        }
        guard (0...1).contains(failRate) else { throw ValidationError("--fail-rate takes a number from 0 to 1") }
        if let status, !(200...599).contains(status) { throw ValidationError("--status takes a code from 200 to 599") }
    }

    func run() async throws {
        let verifier = try verifier()
        let conduct = ReceiverConduct(
            delay: delayMs.flatMap(ReceiverConduct.delay) ?? 0...0,
            failRate: failRate,
            status: status
        )
        let receiver = WebhookReceiver(
            verifier: verifier,
            readsBodies: checkOrder,
            conduct: conduct,
            log: try log.map(Self.appending)
        )
        if verifier == nil { Terminal.printError("receiver: no secret given, signatures are not looked at") }
        let host = host
        let server = receiver.server(host: host, port: Int(port)) { port in
            Terminal.print("http://\(host):\(port)/")
        }
        do {
            try await server.runService()
        } catch {
            throw CommandFailure.failed(
                "the receiver can't serve on \(host):\(port): \(error); choose another --port or --host"
            )
        }
    }

    private func verifier() throws(CommandFailure) -> WebhookVerifier? {
        let environment = ProcessInfo.processInfo.environment
        let variable = Setting.variable("notification.webhook.secret")
        var secret = environment[variable]
        if let path = secretFile ?? environment[variable + "_FILE"] {
            guard let text = try? String(contentsOfFile: path, encoding: .utf8) else {
                throw .settings("--secret-file: \"\(path)\" can't be read as UTF-8 text")
            }
            secret = text.split(whereSeparator: \.isWhitespace).first.map(String.init)
        }
        guard let secret, !secret.isEmpty else { return nil }
        guard let verifier = WebhookVerifier(secret: secret) else {
            throw .settings("the secret of the receiver is not whsec_ and base64; use the one that the worker has")
        }
        return verifier
    }

    private static func appending(_ path: String) throws(CommandFailure) -> FileHandle {
        let isThere =
            FileManager.default.fileExists(atPath: path)
            || FileManager.default.createFile(atPath: path, contents: nil)
        guard isThere, let file = FileHandle(forWritingAtPath: path) else {
            throw .failed("--log: \(path) can't be written")
        }
        // A pipe has no end to go to, and needs none.
        _ = try? file.seekToEnd()
        return file
    }
}
