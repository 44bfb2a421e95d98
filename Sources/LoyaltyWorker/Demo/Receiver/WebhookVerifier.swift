import Crypto
import Foundation

/// The receiving side of Standard Webhooks 1.0.0, written without the sending side's code so that each checks the other.
struct WebhookVerifier: Sendable {
    /// How far a timestamp may be from now, either way.
    static let tolerance: Int64 = 300

    private let key: SymmetricKey

    /// Nil when `secret` is not `whsec_` and base64.
    init?(secret: String) {
        let prefix = "whsec_"
        guard secret.hasPrefix(prefix) else { return nil }
        let digits = secret.dropFirst(prefix.count).trimming { $0 == "=" }
        let padding = String(repeating: "=", count: (4 - digits.utf8.count % 4) % 4)
        guard let bytes = Data(base64Encoded: digits + padding), !bytes.isEmpty else { return nil }
        key = SymmetricKey(data: bytes)
    }

    /// A secret nobody else knows.
    static func newSecret() -> String {
        let bytes = (0..<32).map { _ in UInt8.random(in: .min ... .max) }
        return "whsec_" + Data(bytes).base64EncodedString()
    }

    /// Whether one of `signatures` (separated by blanks, each `v1,` and base64) is that of the message, and the message is recent.
    ///
    /// - Parameter now: seconds since 1970.
    func isValid(id: String, timestamp: String, signatures: String, body: [UInt8], now: Int64) -> Bool {
        // No difference is taken: the timestamp may be any number.
        guard let seconds = Int64(timestamp), seconds >= now - Self.tolerance, seconds <= now + Self.tolerance else {
            return false
        }
        let signed = Array("\(id).\(timestamp).".utf8) + body
        for signature in signatures.split(separator: " ") where signature.hasPrefix("v1,") {
            guard let code = Data(base64Encoded: String(signature.dropFirst(3))) else { continue }
            // Compares in constant time.
            if HMAC<SHA256>.isValidAuthenticationCode(code, authenticating: signed, using: key) { return true }
        }
        return false
    }
}

extension Substring {
    fileprivate func trimming(_ isTrimmed: (Character) -> Bool) -> String {
        var text = self
        while let last = text.last, isTrimmed(last) { text.removeLast() }
        return String(text)
    }
}
