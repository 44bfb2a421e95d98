import Testing

@testable import Kafka

struct GroupTests {
    private let all = Set(TopicPartition.all(6))

    private func makeCluster() throws -> MockCluster {
        let cluster = try MockCluster()
        try cluster.createTopic("events", partitions: 6)
        return cluster
    }

    private func fill(_ cluster: MockCluster, _ count: Int) async throws {
        let records = (0..<count)
            .map { OutgoingRecord(topic: "events", partition: Int32($0 % 6), key: nil, value: [UInt8($0 % 250)]) }
        try await produce(records, to: cluster)
    }

    @Test
    func `a member gets everything, drains, commits and leaves`() async throws {
        let cluster = try makeCluster()
        try await fill(cluster, 600)
        let reader = try Reader(cluster, topics: ["events"])
        await eventually("records", reader.bell) {
            try reader.turn()
            return reader.count == 600
        }
        #expect(reader.owned == all)
        #expect(!reader.consumer.isCooperative && !reader.consumer.isAssignmentLost)

        reader.holdsRevokes = true
        try reader.consumer.startClose()
        await eventually("revoke", reader.bell) {
            try reader.serveEvents()
            return !reader.pendingRevokes.isEmpty
        }
        #expect(Set(reader.pendingRevokes.joined()) == all)
        // The drain: the commit is still taken, because the revoke is not answered yet.
        let offsets = all.map { CommittedOffset(partition: $0, offset: 100, metadata: "v1") }
        try reader.consumer.commit(offsets, token: 1)
        await eventually("commit", reader.bell) {
            try reader.serveEvents()
            return reader.commits[1] != nil
        }
        #expect(reader.commits[1]?.error == nil)
        #expect(!reader.consumer.isClosed)
        try reader.answerRevokes()
        await eventually("closed", reader.bell) {
            try reader.serveEvents()
            return reader.consumer.isClosed
        }

        let next = try Reader(cluster)
        let stored = try await next.consumer.committed(Array(all), timeout: .seconds(10))
        #expect(stored.allSatisfy { $0.offset == 100 && $0.metadata == "v1" })
    }

    @Test
    func `a revoke answered late keeps the partitions until then`() async throws {
        let cluster = try makeCluster()
        try await fill(cluster, 600)
        // One bell for both members: this test is their worker.
        let bell = Doorbell()
        let first = try Reader(cluster, topics: ["events"], name: "first", bell: bell)
        await eventually("first owns all", bell) {
            try first.turn()
            return first.owned == all && first.count == 600
        }
        first.holdsRevokes = true
        let second = try Reader(cluster, topics: ["events"], name: "second", bell: bell)
        await eventually("revoke", bell) {
            try first.serveEvents()
            try second.serveEvents()
            return !first.pendingRevokes.isEmpty
        }
        // While the revoke is unanswered nobody else gets anything, and nothing is fetched.
        #expect(second.owned.isEmpty)
        try await fill(cluster, 60)
        for queue in first.queues.values {
            #expect(queue.receive(upTo: 10, { _ in }) == 0)
        }
        first.records = [:]
        first.holdsRevokes = false
        try first.answerRevokes()
        await eventually("both own some", bell) {
            try first.turn()
            try second.turn()
            return first.owned.union(second.owned) == all && !first.owned.isEmpty && !second.owned.isEmpty
                && first.owned.isDisjoint(with: second.owned)
                && first.count + second.count >= 660
        }
        #expect(first.owned.isDisjoint(with: second.owned))
        try await first.close()
        try await second.close()
    }

    @Test
    func `closing before the first assignment ends`() async throws {
        let cluster = try makeCluster()
        let reader = try Reader(cluster, topics: ["events"])
        try reader.serveEvents()
        try await reader.close()
        #expect(reader.assignments == 0)
    }

    @Test
    func `closing while the answer to the join is under way ends`() async throws {
        let cluster = try makeCluster()
        try cluster.push(.none, after: .seconds(8), for: .syncGroup, broker: 1)
        let waitsForSync = Counter()
        let reader = try Reader(cluster, topics: ["events"], ["debug": "cgrp"]) { line in
            if line.message.contains("-> wait-sync") { waitsForSync.add(1) }
        }
        await eventually("joined", reader.bell) {
            try reader.serveEvents()
            return waitsForSync.value > 0
        }
        try await reader.close()
        #expect(reader.assignments == 0)
    }

    @Test
    func `closing with the brokers away ends`() async throws {
        let cluster = try makeCluster()
        try await fill(cluster, 60)
        let reader = try Reader(cluster, topics: ["events"])
        await eventually("records", reader.bell) {
            try reader.turn()
            return reader.count == 60
        }
        try cluster.setDown()
        let begin = ContinuousClock.now
        try await reader.close()
        #expect(ContinuousClock.now - begin < .seconds(10))
    }

    @Test
    func `letting go of an open consumer ends`() async throws {
        let cluster = try makeCluster()
        try await fill(cluster, 60)
        do {
            let reader = try Reader(cluster, topics: ["events"])
            await eventually("records", reader.bell) {
                try reader.turn()
                return reader.count == 60
            }
        }
        let reader = try Reader(cluster)
        try reader.assign(Array(all))
        await eventually("records", reader.bell) {
            try reader.turn()
            return reader.count == 60
        }
    }

    @Test(.enabled(if: LibraryVersion.current >= .safeCooperativeRebalance))
    func `two cooperative members share the partitions`() async throws {
        let cluster = try makeCluster()
        let bell = Doorbell()
        let extra = ["partition.assignment.strategy": "cooperative-sticky"]
        let members = try (0..<2).map { try CooperativeMember(cluster, bell, "\($0)", extra) }
        await eventually("both own half", bell) {
            for member in members { try member.serve() }
            return members.allSatisfy { $0.owned.count == 3 } && members[0].owned.isDisjoint(with: members[1].owned)
        }
        for member in members {
            #expect(member.consumer.isCooperative)
            try member.consumer.startClose()
            await eventually("closed", bell) {
                for member in members { try member.serve() }
                return member.consumer.isClosed
            }
        }
    }
}

private final class CooperativeMember {
    let consumer: Consumer
    var owned: Set<TopicPartition> = []

    init(_ cluster: MockCluster, _ bell: Doorbell, _ name: String, _ extra: [String: String]) throws {
        consumer = try Consumer(
            configuration: .test(cluster, extra.merging(["client.id": name]) { $1 }),
            topics: ["events"],
            doorbell: bell,
            log: { _ in }
        )
    }

    func serve() throws {
        while let event = consumer.nextEvent() {
            switch event {
            case .assigned(let partitions):
                owned.formUnion(partitions)
                try consumer.incrementalAssign(partitions.map { StartOffset($0, at: .stored) })
            case .revoked(let partitions, _):
                owned.subtract(partitions)
                try consumer.incrementalUnassign(partitions)
            default: break
            }
        }
    }
}
