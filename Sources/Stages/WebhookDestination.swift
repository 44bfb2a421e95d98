internal import Foundation
internal import NIOPosix
internal import Synchronization

/// The receiver's URL, taken apart and checked against the address guard.
package struct WebhookURL: Sendable, Equatable {
    package let text: String
    package let host: String
    package let isEncrypted: Bool

    /// - Throws: when it is no usable http or https URL.
    package init(_ text: String) throws(SettingError) {
        func refused(_ reason: String) -> SettingError {
            // The URL may hold credentials, its query a token.
            SettingError(key: "notification.webhook.url", value: nil, allowed: reason)
        }
        guard let parts = URLComponents(string: text), let scheme = parts.scheme?.lowercased(),
            let host = parts.host, !host.isEmpty
        else { throw refused("must be a URL such as https://example.com/hooks/loyalty") }
        guard scheme == "http" || scheme == "https" else { throw refused("the scheme must be https or http") }
        guard parts.user == nil, parts.password == nil else {
            throw refused("a user or password in it is not supported")
        }
        let hasPort = parts.rangeOfPort.map { !$0.isEmpty } ?? false
        guard !hasPort || (1...65_535).contains(parts.port ?? 0), URL(string: text) != nil else {
            throw refused("the port must be 1 to 65535")
        }
        guard parts.fragment == nil else { throw refused("a fragment (#…) in it has no meaning") }
        self.text = text
        self.host = host.hasPrefix("[") && host.hasSuffix("]") ? String(host.dropFirst().dropLast()) : host
        isEncrypted = scheme == "https"
    }

    /// What a message may show of a text that was given as a URL: scheme, host and path, as far as it has them. A user,
    /// a password and a query never.
    package static func shown(_ text: String) -> String {
        guard let scheme = text.range(of: "://") else {
            return text.contains("@") ? "…" : String(text.prefix { $0 != "?" && $0 != "#" })
        }
        let start = String(text[..<scheme.upperBound])
        guard let parts = URLComponents(string: text), let host = parts.host, !host.isEmpty else { return start + "…" }
        // An "@" behind the host is what is left of a password with a slash in it.
        guard !parts.path.contains("@"), !start.contains("@") else { return start.contains("@") ? "…" : start + "…" }
        return start + host + (parts.port.map { ":\($0)" } ?? "") + parts.path
    }
}

/// Decides, at the start and then at most once a minute, whether the receiver's host may be contacted.
final class WebhookDestination: Sendable {
    /// Finds all addresses of a host; empty when it has none or can't be found.
    typealias Resolver = @Sendable (String) async -> [String]

    private struct Verdict {
        let minute: Int64
        let refusal: String?
    }

    let url: WebhookURL
    let addressGuard: AddressGuard
    private let resolve: Resolver
    private let verdict = Mutex<Verdict?>(nil)

    init(url: WebhookURL, addressGuard: AddressGuard, resolve: @escaping Resolver = WebhookDestination.addresses) {
        self.url = url
        self.addressGuard = addressGuard
        self.resolve = resolve
    }

    /// Why the receiver may not be contacted now; nil when it may.
    ///
    /// The first call of a minute looks the host up again; calls meanwhile rely on the last verdict.
    func refusal(at now: UTCTime) async -> String? {
        let minute = now.seconds / 60
        let last = verdict.withLock { verdict -> Verdict? in
            if let last = verdict, last.minute == minute { return last }
            guard let last = verdict else { return nil }
            verdict = Verdict(minute: minute, refusal: last.refusal)
            return nil
        }
        if let last { return last.refusal }
        let refusal = await check()
        verdict.withLock { $0 = Verdict(minute: minute, refusal: refusal) }
        return refusal
    }

    /// Looks the host up now. Returns what is wrong, or nil.
    func check() async -> String? {
        let host = url.host
        if addressGuard.allows(host: host) { return nil }
        let texts = await resolve(host)
        guard !texts.isEmpty else { return "the host \(host) of notification.webhook.url can't be resolved" }
        for text in texts {
            guard let address = IPAddress(text), addressGuard.permits(address, of: host) else {
                return "notification.webhook.url leads to \(text), which is not public; "
                    + "name the host or the address in notification.webhook.allow if that is meant"
            }
            guard url.isEncrypted || addressGuard.allows(address) else {
                return "notification.webhook.url is not encrypted (http); "
                    + "use https, or name the host in notification.webhook.allow"
            }
        }
        return nil
    }

    /// The system's resolver, on a thread of its own.
    static let addresses: Resolver = { host in
        if let address = IPAddress(host) { return [address.description] }
        return (try? await NIOThreadPool.singleton.runIfActive { Host(name: host).addresses }) ?? []
    }
}
