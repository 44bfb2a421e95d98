internal import Crypto
internal import Foundation

/// The secrets of a Standard Webhooks receiver (version 1.0.0): `whsec_` and base64 of 24 to 64 bytes. Several for the
/// time of a rotation.
package struct WebhookSecrets: Sendable {
    private let keys: [SymmetricKey]

    /// - Parameter text: one or more secrets, separated by blanks or commas.
    package init(_ text: String) throws(SettingError) {
        let words = text.split(whereSeparator: { $0 == "," || $0.isWhitespace })
        var keys: [SymmetricKey] = []
        for word in words {
            guard word.hasPrefix("whsec_"), let data = Data(base64Encoded: Self.padded(word.dropFirst(6))),
                (24...64).contains(data.count)
            else {
                throw SettingError(
                    key: "notification.webhook.secret",
                    value: nil,
                    allowed: "each secret must be whsec_ and the base64 of 24 to 64 bytes"
                )
            }
            keys.append(SymmetricKey(data: data))
        }
        guard !keys.isEmpty else {
            throw SettingError(
                key: "notification.webhook.secret",
                value: nil,
                allowed: "is needed to sign webhooks: whsec_ and the base64 of 24 to 64 bytes"
            )
        }
        self.keys = keys
    }

    /// The value of `webhook-signature`: a signature for each secret.
    package func signature(id: String, timestamp: Int64, body: [UInt8]) -> String {
        let head = Array("\(id).\(timestamp).".utf8)
        return keys.map { key in
            var code = HMAC<SHA256>(key: key)
            code.update(data: head)
            code.update(data: body)
            return "v1," + Data(code.finalize()).base64EncodedString()
        }.joined(separator: " ")
    }

    /// Some tools drop the `=` at the end.
    private static func padded(_ text: Substring) -> String {
        String(text) + String(repeating: "=", count: (4 - text.utf8.count % 4) % 4)
    }
}
