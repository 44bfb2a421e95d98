import Testing

@testable import Stages

struct TimeTests {
    @Test(
        arguments: [
            ("1970-01-01T00:00:00Z", 0),
            ("2026-11-23T14:48:25.123Z", 1_795_445_305_123),
            ("2026-11-23T14:48:25.123999Z", 1_795_445_305_123),
            ("2026-11-23T15:48:25+01:00", 1_795_445_305_000),
            ("2026-11-23T09:18:25-0530", 1_795_445_305_000),
            ("2026-11-23 14:48:25", 1_795_445_305_000),
            ("2024-02-29T23:59:59Z", 1_709_251_199_000),
            ("1969-12-31T23:59:59.999Z", -1),
            ("0001-01-01T00:00:00Z", -62_135_596_800_000),
        ] as [(String, Int64)]
    )
    func `a time is read`(text: String, milliseconds: Int64) {
        #expect(UTCTime(iso8601: text)?.milliseconds == milliseconds)
    }

    @Test(arguments: [
        "", "2026", "2026-13-01T00:00:00Z", "2025-02-29T00:00:00Z", "2026-11-23T24:00:00Z", "2026-11-23T14:48:25.Z",
        "2026-11-23T14:48:25Zx", "2026-11-23T14:48:25+25:00", "99999-01-01T00:00:00Z", "２026-11-23T14:48:25Z",
    ])
    func `what is no time is not read`(text: String) {
        #expect(UTCTime(iso8601: text) == nil)
    }

    @Test(arguments: [1, 2, 3] as [UInt64])
    func `a time is written as it is read`(seed: UInt64) {
        var state = seed
        for _ in 0..<10_000 {
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            let time = UTCTime(milliseconds: -62_135_596_800_000 + Int64(state % 315_537_897_600_000))
            #expect(UTCTime(iso8601: time.iso8601) == time)
        }
    }

    @Test func `times beyond the calendar are written as its ends`() {
        #expect(UTCTime(milliseconds: .max).iso8601 == "9999-12-31T23:59:59.999Z")
        #expect(UTCTime(milliseconds: .min).iso8601 == "0001-01-01T00:00:00.000Z")
        #expect(UTCTime(milliseconds: .min).seconds < 0)
        #expect(UTCTime(milliseconds: .max).since(UTCTime(milliseconds: .min)) > .zero)
    }

    private static let now = UTCTime(milliseconds: 784_111_777_000)

    @Test(
        arguments: [
            ("0", 0), ("120", 120), (" 7 ", 7), ("999999999999", 3600), ("3601", 3600),
            ("Sun, 06 Nov 1994 08:50:37 GMT", 60),
            ("Sunday, 06-Nov-94 08:50:37 GMT", 60),
            ("Sun Nov  6 08:50:37 1994", 60),
            ("Sun, 06 Nov 1994 08:49:36 GMT", 0),
            ("Sun, 06 Nov 2094 08:49:37 GMT", 3600),
        ] as [(String, Int64)]
    )
    func `retry-after is read in both forms and bounded`(text: String, seconds: Int64) {
        #expect(RetryAfter.duration(text, now: Self.now, limit: .seconds(3600)) == .seconds(seconds))
    }

    @Test(arguments: [
        "", "soon", "-5", "1.5", "12 34", "Sun, 06 Nov 1994 08:50:37 CET", "Sun, 31 Feb 1994 08:50:37 GMT",
    ])
    func `a retry-after that can't be read counts as none`(text: String) {
        #expect(RetryAfter.duration(text, now: Self.now, limit: .seconds(3600)) == nil)
    }
}
