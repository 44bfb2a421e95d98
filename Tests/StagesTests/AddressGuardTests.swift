import Testing

@testable import Stages

struct AddressGuardTests {
    @Test(arguments: [
        "0.0.0.0", "0.1.2.3", "10.0.0.1", "10.255.255.255", "100.64.0.1", "100.127.255.255", "127.0.0.1", "127.8.8.8",
        "169.254.169.254", "172.16.0.1", "172.31.255.255", "192.0.0.8", "192.0.2.1", "192.88.99.1", "192.168.1.1",
        "198.18.0.1", "198.19.255.255", "198.51.100.7", "203.0.113.9", "224.0.0.1", "239.255.255.255", "240.0.0.1",
        "255.255.255.255", "::", "::1", "::ffff:127.0.0.1", "::ffff:10.0.0.1", "::ffff:a00:1", "::127.0.0.1",
        "fc00::1", "fd12:3456::1", "fe80::1", "fe80::1%eth0", "fec0::1", "ff02::1", "64:ff9b::10.0.0.1",
        "64:ff9b:1::1", "2001::1", "2001:db8::1", "2002:a00:1::1", "2002:7f00:1::", "3fff::1", "100::1", "5f00::1",
        "::ffff:0:127.0.0.1", "4000::1",
    ])
    func `an address that is not public is refused`(text: String) throws {
        let address = try #require(IPAddress(text))
        #expect(!AddressGuard.isPublic(address))
        #expect(try !AddressGuard().permits(address, of: "example.com"))
    }

    @Test(arguments: [
        "1.1.1.1", "8.8.8.8", "100.63.255.255", "100.128.0.0", "126.255.255.255", "128.0.0.1", "169.253.255.255",
        "172.15.255.255", "172.32.0.0", "192.167.255.255", "192.169.0.0", "198.17.255.255", "198.20.0.0",
        "223.255.255.255", "::ffff:8.8.8.8", "2606:4700::1111", "2a00:1450:4001:81b::200e", "64:ff9b::8.8.8.8",
        "2002:808:808::1",
    ])
    func `a public address passes`(text: String) throws {
        #expect(AddressGuard.isPublic(try #require(IPAddress(text))))
    }

    @Test(arguments: [
        "", ".", "1", "1.2.3", "1.2.3.4.5", "256.1.1.1", "01.2.3.4", "1.2.3.4 ", "0x7f.0.0.1", "2130706433", "a.b.c.d",
        ":", ":::", "1::2::3", "1:2:3:4:5:6:7", "1:2:3:4:5:6:7:8:9", "1:2:3:4:5:6:7::8", "12345::", "g::1",
        "::1.2.3", "1.2.3.4::", "::1.2.3.4:5", "１.1.1.1",
    ])
    func `what is no address is not read`(text: String) {
        #expect(IPAddress(text) == nil)
    }

    @Test func `spellings of one address are equal`() {
        #expect(IPAddress("::ffff:192.168.0.1") == IPAddress("192.168.0.1"))
        #expect(IPAddress("2001:DB8:0:0:0:0:0:1") == IPAddress("2001:db8::1"))
        #expect(IPAddress("[::1]") == IPAddress("::1"))
        #expect(IPAddress("10.1.2.3")?.description == "10.1.2.3")
        #expect(IPAddress("::1")?.description == "0:0:0:0:0:0:0:1")
    }

    @Test func `what the setting names may be private`() throws {
        let some = try AddressGuard(allow: "127.0.0.1, 10.1.0.0/16 fd00::/8,Receiver.Internal")
        #expect(some.permits(try #require(IPAddress("127.0.0.1")), of: "x"))
        #expect(some.permits(try #require(IPAddress("::ffff:10.1.255.1")), of: "x"))
        #expect(some.permits(try #require(IPAddress("fd12::1")), of: "x"))
        #expect(some.permits(try #require(IPAddress("192.168.0.1")), of: "receiver.internal."))
        #expect(!some.permits(try #require(IPAddress("127.0.0.2")), of: "x"))
        #expect(!some.permits(try #require(IPAddress("10.2.0.1")), of: "x"))
        #expect(some.allows(host: "127.0.0.1"))
        #expect(!some.allows(host: "localhost"))
    }

    @Test(arguments: ["10.0.0.0/33", "http://x", "::/129", "a/8"])
    func `a setting that can't be read is refused`(text: String) {
        let error = #expect(throws: SettingError.self) { try AddressGuard(allow: text) }
        #expect(error?.key == "notification.webhook.allow")
    }

    private func refusal(_ url: String, allow: String = "", addresses: [String]) async throws -> String? {
        let destination = WebhookDestination(
            url: try WebhookURL(url),
            addressGuard: try AddressGuard(allow: allow),
            resolve: { _ in addresses }
        )
        return await destination.check()
    }

    @Test func `all addresses of a host must be public`() async throws {
        #expect(try await refusal("https://example.com", addresses: ["8.8.8.8", "2606:4700::1"]) == nil)
        #expect(try await refusal("https://example.com", addresses: ["8.8.8.8", "10.0.0.1"]) != nil)
        #expect(
            try await refusal("https://example.com", allow: "10.0.0.0/8", addresses: ["8.8.8.8", "10.0.0.1"]) == nil
        )
        #expect(try await refusal("https://example.com", allow: "example.com", addresses: ["10.0.0.1"]) == nil)
        #expect(try await refusal("https://example.com", addresses: []) != nil)
        #expect(try await refusal("https://example.com", addresses: ["nonsense"]) != nil)
    }

    @Test func `without encryption the host must be named`() async throws {
        #expect(try await refusal("http://example.com", addresses: ["8.8.8.8"])?.contains("not encrypted") == true)
        #expect(try await refusal("http://example.com", allow: "example.com", addresses: ["8.8.8.8"]) == nil)
        #expect(try await refusal("http://localhost", allow: "127.0.0.1", addresses: ["127.0.0.1"]) == nil)
        #expect(try await refusal("http://localhost", allow: "127.0.0.1", addresses: ["127.0.0.1", "::1"]) != nil)
    }

    @Test(arguments: [
        "http://127.0.0.1/", "http://[::1]/", "http://localhost/", "https://127.0.0.1/", "http://127.1/",
        "http://2130706433/",
    ])
    func `this machine is refused under every name`(url: String) async throws {
        let destination = WebhookDestination(url: try WebhookURL(url), addressGuard: try AddressGuard())
        #expect(await destination.check() != nil)
    }

    @Test func `a name that turns private is refused from the next minute on`() async throws {
        let times = Times(milliseconds: 0)
        let destination = WebhookDestination(
            url: try WebhookURL("https://example.com"),
            addressGuard: try AddressGuard(),
            resolve: { _ in times.now.milliseconds == 0 ? ["8.8.8.8"] : ["10.0.0.1"] }
        )
        #expect(await destination.refusal(at: times.now) == nil)
        times.now = UTCTime(milliseconds: 59_000)
        #expect(await destination.refusal(at: times.now) == nil)
        times.now = UTCTime(milliseconds: 60_000)
        #expect(await destination.refusal(at: times.now) != nil)
    }
}
