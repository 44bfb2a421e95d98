import Testing

@testable import LoyaltyWorker

@Suite struct `Amounts are read as people write them` {
    @Test(arguments: [
        ("200ms", Duration.milliseconds(200)), ("15s", .seconds(15)), ("1.5s", .milliseconds(1500)),
        ("5m", .seconds(300)),
        ("1h", .seconds(3600)), ("2d", .seconds(172_800)), ("0s", .zero), ("10 s", .seconds(10)),
        ("7us", .microseconds(7)),
    ])
    func `durations`(_ text: String, _ duration: Duration) {
        #expect(Quantity.duration(text) == duration)
    }

    @Test(arguments: [
        "", "5", "s", "-5s", "5 sec", "1e3s", "0x10s", "1..5s", ".5s", "infs", "nans", "99999999999999999d", "٣s",
    ])
    func `what is no duration`(_ text: String) {
        #expect(Quantity.duration(text) == nil)
    }

    @Test(arguments: [
        ("64MiB", 67_108_864), ("1 MiB", 1_048_576), ("500kB", 500_000), ("1024", 1024), ("2KiB", 2048),
        ("1gib", 1 << 30),
        ("3B", 3), ("0.5MiB", 524_288), ("1MB", 1_000_000), ("1GB", 1_000_000_000),
    ])
    func `sizes`(_ text: String, _ bytes: Int) {
        #expect(Quantity.size(text) == bytes)
    }

    @Test(arguments: ["", "MiB", "-1", "1 M", "1e3", "1TiB", "99999999999999999999"])
    func `what is no size`(_ text: String) {
        #expect(Quantity.size(text) == nil)
    }

    @Test func `two durations are bounds, one is both`() throws {
        let format = SettingFormat<ClosedRange<Duration>>.durations(.zero ... .seconds(1))
        #expect(try format.parse("0ms..5ms") == .zero ... .milliseconds(5))
        #expect(try format.parse("20ms") == .milliseconds(20) ... .milliseconds(20))
        for text in ["", "..", "5ms..", "5ms..0ms", "0..5", "0ms..2s", "1ms..2ms..3ms"] {
            #expect(throws: Refusal.self, "\(text)") { try format.parse(text) }
        }
    }

    @Test(arguments: ["1500ms", "15s", "5m", "2h", "0s", "90s"])
    func `a duration is written as it is read`(_ text: String) throws {
        #expect(Quantity.text(try #require(Quantity.duration(text))) == text)
    }

    @Test(arguments: ["64 MiB", "1 KiB", "3 GiB", "1500 B"])
    func `a size is written as it is read`(_ text: String) throws {
        #expect(Quantity.text(bytes: try #require(Quantity.size(text))) == text)
    }
}
