/// Keeps webhooks from reaching what only this machine and its network can reach (server-side request forgery).
///
/// Public addresses pass; others only when the host or the address is in `notification.webhook.allow`.
package struct AddressGuard: Sendable {
    private struct Network: Sendable {
        let address: IPAddress
        /// Of 128 bits.
        let length: Int

        init(_ address: IPAddress, length: Int) {
            self.address = address
            self.length = length
        }

        /// An address, or an address and the length of a prefix.
        init?(_ text: Substring) {
            let parts = text.split(separator: "/", omittingEmptySubsequences: false)
            guard let first = parts.first, let address = IPAddress(first), parts.count <= 2 else { return nil }
            let width = address.version4 == nil ? 128 : 32
            guard parts.count == 2 else {
                self.init(address, length: 128)
                return
            }
            guard let length = Int(parts[1]), (0...width).contains(length) else { return nil }
            self.init(address, length: 128 - width + length)
        }

        func contains(_ other: IPAddress) -> Bool {
            other.has(prefix: address, length: length)
        }
    }

    private let allowedHosts: Set<String>
    private let allowedNetworks: [Network]

    /// - Parameter allow: host names, addresses and networks such as `10.1.0.0/16`, separated by blanks or commas.
    package init(allow text: String = "") throws(SettingError) {
        var hosts: Set<String> = []
        var networks: [Network] = []
        for word in text.split(whereSeparator: { $0 == "," || $0.isWhitespace }) {
            if let network = Network(word) {
                networks.append(network)
            } else if word.utf8.allSatisfy({ Self.isHostCharacter($0) }) {
                hosts.insert(Self.normalised(word))
            } else {
                throw SettingError(
                    key: "notification.webhook.allow",
                    value: String(word),
                    allowed: "allowed are host names, addresses, and networks such as 10.1.0.0/16"
                )
            }
        }
        allowedHosts = hosts
        allowedNetworks = networks
    }

    /// Whether the setting names this host or address.
    package func allows(host: String) -> Bool {
        if allowedHosts.contains(Self.normalised(host)) { return true }
        return IPAddress(host).map(allows) ?? false
    }

    package func allows(_ address: IPAddress) -> Bool {
        allowedNetworks.contains { $0.contains(address) }
    }

    /// Whether a connection to `address`, which is one of `host`'s, may be made.
    package func permits(_ address: IPAddress, of host: String) -> Bool {
        Self.isPublic(address) || allows(address) || allows(host: host)
    }

    /// Whether the address belongs to the public internet (IANA special-purpose address registries).
    package static func isPublic(_ address: IPAddress) -> Bool {
        if address.version4 != nil { return !special4.contains { $0.contains(address) } }
        // Addresses that carry one of version 4 lead there.
        if let inner = embedded(in: address) { return isPublic(inner) }
        return globalUnicast.contains(address) && !special6.contains { $0.contains(address) }
    }

    private static let special4 = networks([
        "0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12", "192.0.0.0/24",
        "192.0.2.0/24", "192.88.99.0/24", "192.168.0.0/16", "198.18.0.0/15", "198.51.100.0/24", "203.0.113.0/24",
        "224.0.0.0/4", "240.0.0.0/4",
    ])
    private static let special6 = networks(["2001::/23", "2001:db8::/32", "3fff::/20", "5f00::/16"])
    private static let globalUnicast = Network(IPAddress(bits: 0x2000 << 112), length: 3)
    private static let translated = Network(IPAddress(bits: 0x0064_FF9B << 96), length: 96)
    private static let sixToFour = Network(IPAddress(bits: 0x2002 << 112), length: 16)

    private static func networks(_ texts: [Substring]) -> [Network] {
        texts.compactMap { Network($0) }
    }

    private static func embedded(in address: IPAddress) -> IPAddress? {
        if translated.contains(address) { return IPAddress(UInt32(truncatingIfNeeded: address.bits)) }
        if sixToFour.contains(address) { return IPAddress(UInt32(truncatingIfNeeded: address.bits >> 80)) }
        return nil
    }

    private static func normalised(_ host: some StringProtocol) -> String {
        let host = host.lowercased()
        return host.hasSuffix(".") ? String(host.dropLast()) : host
    }

    private static func isHostCharacter(_ byte: UInt8) -> Bool {
        switch byte {
        case 0x30...0x39, 0x41...0x5A, 0x61...0x7A, UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "_"): true
        default: false
        }
    }
}
