import Kafka
import Stages
import Testing

@testable import LoyaltyWorker

@Suite struct `The range of a replay` {
    private let now = UTCTime(milliseconds: 1_764_000_000_000)
    private let one = TopicPartition(topic: "t", partition: 0)
    private let two = TopicPartition(topic: "t", partition: 1)

    private func ranges(
        _ facts: [TopicPartition: PartitionFacts],
        _ adjust: (inout ReplayRequest) -> Void
    ) -> ReplayRanges {
        var request = ReplayRequest(topics: ["t"])
        adjust(&request)
        return ReplayRanges(request, facts, at: now)
    }

    @Test func `times are the offsets that the broker finds; none means the end of the log`() {
        let facts = [
            one: PartitionFacts(log: Watermarks(low: 0, high: 100), fromOffset: 20, toOffset: 60),
            two: PartitionFacts(log: Watermarks(low: 0, high: 100), fromOffset: 90, toOffset: nil),
        ]
        let found = ranges(facts) {
            $0.from = .ago(.seconds(7200))
            $0.to = .ago(.seconds(3600))
        }
        #expect(found.ranges == [one: 20..<60, two: 90..<100])
        #expect(found.remarks.isEmpty)
    }

    @Test func `the ends of the log need no times, and empty partitions have empty ranges`() {
        let facts = [
            one: PartitionFacts(log: Watermarks(low: 7, high: 100)),
            two: PartitionFacts(log: Watermarks(low: 5, high: 5)),
        ]
        #expect(ranges(facts) { $0.from = .earliest }.ranges == [one: 7..<100, two: 5..<5])
        #expect(ranges(facts) { $0.from = .latest }.ranges == [one: 100..<100, two: 5..<5])
    }

    @Test func `only the partitions that are asked for are part of the job`() {
        let facts = [
            one: PartitionFacts(log: Watermarks(low: 0, high: 100)),
            two: PartitionFacts(log: Watermarks(low: 0, high: 100)),
        ]
        #expect(ranges(facts) { $0.fromOffsets = [1: 10] }.ranges == [two: 10..<100])
        #expect(ranges(facts) { $0.toOffsets = [0: 10] }.ranges == [one: 0..<10])
        #expect(ranges(facts) { $0.partitions = [1] }.ranges == [two: 0..<100])
        let unknown = ranges(facts) { $0.partitions = [1, 7] }
        #expect(unknown.remarks == ["no such partition in t: 7"])
    }

    @Test func `what is not quite the range that was asked for is said`() {
        let facts = [one: PartitionFacts(log: Watermarks(low: 50, high: 100), fromOffset: 50, toOffset: nil)]
        let cut = ranges(facts) {
            $0.fromOffsets = [0: 10]
            $0.toOffsets = [0: 500]
        }
        #expect(cut.ranges == [one: 50..<100])
        #expect(cut.remarks.count == 2)
        #expect(ranges(facts) { $0.fromOffsets = [0: 200] }.ranges == [one: 100..<100])
        let early = ranges(facts) { $0.from = .ago(.seconds(86400)) }
        #expect(early.remarks == ["t/0: the range begins with the log, at 50; what was before it may be deleted"])
        let late = ranges(facts) {
            $0.from = .earliest
            $0.to = .time(UTCTime(milliseconds: now.milliseconds + 1))
        }
        #expect(late.ranges == [one: 50..<100])
        #expect(late.remarks.count == 1)
    }

    @Test func `gaps count as deleted as far as the log no longer begins before them`() {
        let gaps = LogGaps()
        gaps.skipped(10..<20, of: one)
        gaps.skipped(30..<31, of: one)
        gaps.skipped(5..<9, of: two)
        #expect(gaps.deleted == 0)
        gaps.explain(one, beginning: 15)
        gaps.explain(two, beginning: 0)
        #expect(gaps.deleted == 5)
        #expect(gaps.unexplained.isEmpty)
    }
}
