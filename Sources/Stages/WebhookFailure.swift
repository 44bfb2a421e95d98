internal import AsyncHTTPClient
internal import Foundation
internal import NIOCore
internal import NIOHTTP1
internal import NIOPosix
internal import Pipeline

/// What it means that a call ended without an answer.
enum WebhookFailure {
    static func delivery(after error: any Error) -> Delivery {
        switch error {
        case let error as HTTPClientError where noAnswer.contains(error):
            unanswered("the receiver did not answer in time")
        case let error as HTTPClientError where cut.contains(error):
            unanswered("the receiver cut the connection before it answered")
        case let error as HTTPClientError:
            unreached(error.shortDescription)
        case is AddressRefused:
            unreached("its address is not public; name the host in notification.webhook.allow if that is meant")
        case let error as NIOConnectionError:
            unreached(words(for: error))
        case let error as IOError:
            connecting.contains(error.errnoCode)
                ? unreached(words(for: error)) : unanswered("the connection to the receiver broke before it answered")
        case ChannelError.connectTimeout:
            unreached("no connection in time")
        case is ChannelError:
            unanswered("the connection to the receiver broke before it answered")
        case is HTTPParserError:
            unanswered("the receiver's answer is no HTTP")
        case is CancellationError:
            .failed(.unavailable(reason: "the call was cancelled"), mayHaveHappened: true)
        default:
            // What is left comes from TLS, before anything of a request is sent.
            unreached("\(error)")
        }
    }

    private static func words(for error: NIOConnectionError) -> String {
        if error.dnsAError != nil, error.dnsAAAAError != nil { return "its host can't be resolved" }
        guard let first = error.connectionErrors.first?.error else { return "no address of its host could be tried" }
        if first is ChannelError { return "no connection in time" }
        return (first as? IOError).map { words(for: $0) } ?? "\(first)"
    }

    private static func words(for error: IOError) -> String {
        switch error.errnoCode {
        case ECONNREFUSED: "connection refused"
        case EHOSTUNREACH, ENETUNREACH, EHOSTDOWN, ENETDOWN: "no route to it"
        default: "\(error)"
        }
    }

    /// The request may have been sent and understood.
    private static func unanswered(_ reason: String) -> Delivery {
        .failed(.retry(reason: reason), mayHaveHappened: true)
    }

    private static func unreached(_ reason: String) -> Delivery {
        .failed(.unavailable(reason: "the receiver can't be reached: \(reason.prefix(200))"))
    }

    private static let noAnswer: [HTTPClientError] = [.deadlineExceeded, .readTimeout, .writeTimeout]

    private static let cut: [HTTPClientError] = [.remoteConnectionClosed, .uncleanShutdown, .requestStreamCancelled]

    /// Errors of making a connection, not of using one.
    private static let connecting: Set<CInt> = [
        ECONNREFUSED, EHOSTUNREACH, EHOSTDOWN, ENETUNREACH, ENETDOWN, EADDRNOTAVAIL, EMFILE, ENFILE, ENOBUFS, EACCES,
    ]
}
