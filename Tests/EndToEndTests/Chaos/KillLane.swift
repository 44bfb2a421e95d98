import Foundation
import GRDB
import Testing

/// A group of one worker that is killed again and again, each time with calls under way.
struct KillLane {
    static let inFlight = 32

    let name: String
    let brokers: String
    let kills: Int
    let seed: UInt64

    struct Outcome: Sendable {
        var tally = Tally()
        var kills = 0
        /// Calls that each killed worker had made and not entered into the journal: what may come again.
        var unrecorded = 0
        var mostUnrecorded = 0
    }

    func run() async throws -> Outcome {
        var draws = SeededDraws(seed: seed)
        var outcome = Outcome()
        let site = try await Site(
            brokers: brokers,
            topic: name,
            makesTopics: false,
            receiver: ["--delay-ms", "10..60"]
        )
        let member = try Member(
            site.settings(sessionTimeout: 4000) + [
                "--limits-in-flight", "\(Self.inFlight)", "--retry-max-attempts", "1000000",
            ]
        )
        var expected = Site.Expected.none
        for kill in 1...kills {
            // Enough to be in the middle of whatever is drawn.
            while expected.notifications < site.notified.count + 300 {
                let batch = Int.random(in: 0..<1 << 30, using: &draws)
                expected = expected + (try await site.generate(1000, seed: batch))
            }
            let before = site.notified.count
            let goal = before + Int.random(in: 5...120, using: &draws)
            guard await site.notifiedReaches(goal), !member.hasEnded else {
                Issue.record("\(name), kill \(kill): \(member.worker.errorText.suffix(3000))")
                break
            }
            member.kill()
            try await member.finish()
            outcome.kills += 1
            // Calls under way at the kill end by themselves; their webhooks count as taken.
            while try await site.openCalls() > 0 {}
            let unrecorded = try await unrecorded(among: Set(site.notified[before...]), at: site)
            #expect(unrecorded <= Self.inFlight, "\(name), kill \(kill)")
            outcome.unrecorded += unrecorded
            outcome.mostUnrecorded = max(outcome.mostUnrecorded, unrecorded)
            try member.refill()
        }
        #expect(try await site.commitsEverything(expected.events), "\(name): \(member.worker.errorText.suffix(3000))")
        member.terminate()
        try await member.finish()
        outcome.tally = try await Books(of: site, expected: expected)
            .check(expected, repeatsAllowed: outcome.unrecorded)
        return outcome
    }

    private func unrecorded(among webhooks: Set<String>, at site: Site) async throws -> Int {
        let keys = "[\"" + webhooks.map { $0.dropFirst("msg_".count) }.joined(separator: "\",\"") + "\"]"
        let recorded = try await site.journalDatabase().read { database in
            try Int.fetchOne(
                database,
                sql: """
                    SELECT count(*) FROM effects WHERE stage = 'notification'
                    AND effect_key IN (SELECT value FROM json_each(?))
                    """,
                arguments: [keys]
            )
        }
        return webhooks.count - (recorded ?? 0)
    }
}
