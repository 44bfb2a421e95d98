import NIOCore
import NIOHTTP1
import NIOPosix
import Synchronization

/// A small HTTP receiver on loopback that answers what a test wants.
final class Receiver: Sendable {
    struct Request: Sendable {
        let head: HTTPRequestHead
        let body: [UInt8]
    }

    enum Answer: Sendable {
        case status(Int, headers: [String: String] = [:], body: String = "")
        /// Takes the request and cuts the connection.
        case cut
        /// Takes the request and never answers.
        case silence
    }

    let port: Int
    private let channel: any Channel
    private let requests: Requests

    private final class Requests: Sendable {
        let all = Mutex<[Request]>([])
    }

    private init(channel: any Channel, requests: Requests) {
        self.channel = channel
        self.requests = requests
        port = channel.localAddress?.port ?? 0
    }

    static func start(_ script: @escaping @Sendable (_ call: Int, Request) -> Answer) async throws -> Receiver {
        let requests = Requests()
        let channel = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.configureHTTPServerPipeline()
                    let handler = Handler { request in
                        let call = requests.all.withLock {
                            $0.append(request)
                            return $0.count
                        }
                        return script(call, request)
                    }
                    try channel.pipeline.syncOperations.addHandler(handler)
                }
            }
            .bind(host: "127.0.0.1", port: 0)
            .get()
        return Receiver(channel: channel, requests: requests)
    }

    var received: [Request] { requests.all.withLock { $0 } }

    func stop() async throws {
        try await channel.close()
    }

    private final class Handler: ChannelInboundHandler {
        typealias InboundIn = HTTPServerRequestPart
        typealias OutboundOut = HTTPServerResponsePart

        private let answer: (Request) -> Answer
        private var head: HTTPRequestHead?
        private var body: [UInt8] = []

        init(answer: @escaping (Request) -> Answer) {
            self.answer = answer
        }

        func channelRead(context: ChannelHandlerContext, data: NIOAny) {
            switch unwrapInboundIn(data) {
            case .head(let head):
                self.head = head
                body = []
            case .body(let part):
                body.append(contentsOf: part.readableBytesView)
            case .end:
                guard let head else { return }
                respond(answer(Request(head: head, body: body)), context: context)
            }
        }

        private func respond(_ answer: Answer, context: ChannelHandlerContext) {
            switch answer {
            case .silence: return
            case .cut: context.close(promise: nil)
            case .status(let status, let headers, let body):
                var fields = HTTPHeaders(headers.map { ($0.key, $0.value) })
                fields.add(name: "content-length", value: String(body.utf8.count))
                let head = HTTPResponseHead(
                    version: .http1_1,
                    status: HTTPResponseStatus(statusCode: status),
                    headers: fields
                )
                context.write(wrapOutboundOut(.head(head)), promise: nil)
                context.write(wrapOutboundOut(.body(.byteBuffer(ByteBuffer(string: body)))), promise: nil)
                context.writeAndFlush(wrapOutboundOut(.end(nil)), promise: nil)
            }
        }
    }
}
