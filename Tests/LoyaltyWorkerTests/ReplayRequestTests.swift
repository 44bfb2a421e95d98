import ArgumentParser
import Stages
import Testing

@testable import LoyaltyWorker

@Suite struct `What a replay is asked for` {
    private let now = UTCTime(milliseconds: 1_764_000_000_000)

    @Test func `ends are times, durations back from now, or the ends of the log`() {
        #expect(ReplayBound("earliest") == .earliest)
        #expect(ReplayBound("latest")?.time(at: now) == nil)
        #expect(ReplayBound("-36h")?.time(at: now) == UTCTime(milliseconds: 1_763_870_400_000))
        #expect(ReplayBound("2026-11-23T14:00:00+01:00")?.time(at: now)?.iso8601 == "2026-11-23T13:00:00.000Z")
        for wrong in ["36h", "-36", "yesterday", "", "2026-13-01T00:00:00Z"] { #expect(ReplayBound(wrong) == nil) }
    }

    @Test func `partitions and offsets are lists`() {
        #expect(PartitionList.numbers("0,3-5") == [0, 3, 4, 5])
        for wrong in ["", "a", "5-3", "1,,2", "-1", "1-2-3", "0-999999999"] {
            #expect(PartitionList.numbers(wrong) == nil)
        }
        #expect(PartitionList.offsets("0:100,3:7") == [0: 100, 3: 7])
        for wrong in ["", "0", "0:-1", "0:1,0:2", "0:9223372036854775807", "x:1"] {
            #expect(PartitionList.offsets(wrong) == nil)
        }
    }

    @Test func `a filter names campaigns, customers and rules, and no customer stands in its text`() throws {
        let filter = try #require(ReplayFilter(["campaign=camp_1,campaign=camp_2", "customer=cust_secret"]))
        #expect(filter.text.hasPrefix("campaign=camp_1,campaign=camp_2,customer=sha256:"))
        #expect(!filter.text.contains("secret"))
        for wrong in ["campaign", "campaign=", "shop=1", "campaign=a,,"] { #expect(ReplayFilter([wrong]) == nil) }
        #expect(ReplayFilter([])?.isNone == true)
    }

    @Test func `names of jobs are safe in names of groups`() {
        #expect(ReplayJobName("may-2026.v2")?.group(of: "live") == "live.replay.may-2026.v2")
        #expect(ReplayJobName("a")?.definitionGroup(of: "live") == "live.replay.a.definition")
        for wrong in ["", "a b", "ä", "x.definition", String(repeating: "a", count: 101)] {
            #expect(ReplayJobName(wrong) == nil)
        }
        let made = ReplayJobName(at: now.iso8601, random: 0xab)
        #expect(made.description == "20251124T160000-00ab" && made.isUnique)
    }

    @Test(arguments: [
        [], ["--from", "yesterday"], ["--from", "earliest", "--notify"], ["--from", "earliest", "--stages", "all"],
        ["--from", "earliest", "--rate", "0"], ["--from", "earliest", "--filter", "x=1"],
        ["--from-offsets", "0"], ["--from", "earliest", "--job", "a b"], ["--from", "earliest", "--partitions", "x"],
    ])
    func `wrong usage is refused`(_ arguments: [String]) {
        let error = #expect(throws: (any Error).self) {
            _ = try LoyaltyWorkerCommand.parseAsRoot(["replay"] + arguments)
        }
        #expect(error.map { LoyaltyWorkerCommand.exitCode(for: $0).rawValue } == 64)
    }

    @Test func `durations that look like options are taken`() throws {
        let command = try LoyaltyWorkerCommand.parseAsRoot([
            "replay", "--from", "-36h", "--to", "-1h", "--rate", "500/s", "--kafka-topic", "t",
        ])
        let replay = try #require(command as? ReplayCommand)
        #expect(replay.from == "-36h" && replay.to == "-1h" && replay.options.settings == ["--kafka-topic", "t"])
    }
}
