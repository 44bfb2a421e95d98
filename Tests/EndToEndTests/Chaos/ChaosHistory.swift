import Foundation
import Testing

/// One group of several workers in a world where everything goes wrong for a while. All that happens is drawn from a seed.
final class ChaosHistory {
    enum Fault: String, CaseIterable {
        case kill, terminate, pause, zombie
        case stallBroker = "stall of the broker"
        case cut = "cut connections"
        case delay = "delayed answers"
        case receiverGone = "receiver killed"
        case receiverFails = "receiver answers 503"
        case receiverSlow = "slow receiver"
        case journalFull = "journal can't grow"
    }

    /// What ends a fault.
    private enum Recovery {
        case resume(Int)
        case wakeBroker
        case undelay
        case restartReceiver
        case calmReceiver
        case freeJournal(Int)
    }

    private static let inFlight = 32
    /// Failures in a row that open a breaker: so many more effects may have to be recorded when the journal can't be written.
    private static let breakerFailures = 20

    private let site: Site
    private let broker: BrokerProcess
    private let members: [Member]
    private var draws: SeededDraws
    private var recoveries: [(due: ContinuousClock.Instant, recovery: Recovery)] = []
    private(set) var tried: [Fault: Int] = [:]
    private var isReceiverGone = false
    private var isReceiverOdd = false
    private var isBrokerOdd = false

    /// - Parameter options: of every worker, beside those of the site.
    init(_ kind: BrokerProcess.Kind, members count: Int = 3, options: [String] = [], seed: UInt64) async throws {
        draws = SeededDraws(seed: seed)
        broker = try await BrokerProcess(kind, topics: ["loyalty.events": 12, "loyalty.events.dlq": 1])
        site = try await Site(
            brokers: broker.address,
            makesTopics: kind != .mock,
            receiver: ["--delay-ms", "5..40"]
        )
        let settings =
            site.settings + [
                "--limits-in-flight", "\(Self.inFlight)", "--retry-max-attempts", "1000000", "--retry-max-delay",
                "500ms",
                "--breaker-cooldown", "300ms", "--breaker-failures", "\(Self.breakerFailures)",
            ] + options
        members = try (0..<count).map { _ in try Member(settings, mayBeForced: true) }
    }

    func run(faults count: Int) async throws -> Measurement {
        var expected = try await generate(ChaosScale.isLong ? 3000 : 2000)
        for member in members { #expect(await member.worker.logs(" assigned"), "\(member.worker.errorText)") }
        let before = site.notified.count
        while tried.values.reduce(0, +) < count {
            // Not while the producer's connection could break: what it sent again would be in the topic twice.
            if !isBrokerOdd, expected.notifications < site.notified.count + 1000 {
                expected = expected + (try await generate(1500))
            }
            try await recover(all: false)
            try await refill()
            try await provoke()
            // Time to work in between: the mock takes five seconds for a rebalance.
            let pause = broker.kind == .mock ? 200...2500 : 100...1200
            try await Task.sleep(for: .milliseconds(Int.random(in: pause, using: &draws)))
        }
        let during = site.notified.count - before
        try await recover(all: true)
        for member in members where member.ending != .none { try await member.finish() }
        for member in members where member.ending != .none { try member.refill() }

        let isDone = try await site.commitsEverything(expected.events)
        #expect(
            isDone,
            "not finished:\n\(members.map { $0.worker.errorText.suffix(3000) }.joined(separator: "\n--\n"))"
        )
        for member in members { member.terminate() }
        for member in members { try await member.finish() }
        #expect(members.allSatisfy { $0.sum("lost") == 0 }, "missing in the accounts of a worker")
        var measurement = Measurement(
            fault: "faults of all kinds",
            broker: broker.kind.rawValue,
            tried: tried.values.reduce(0, +),
            bound: bound
        )
        for (fault, count) in tried { measurement.notes[fault.rawValue] = Double(count) }
        measurement.notes["ended by their watchdog"] = Double(members.reduce(0) { $0 + $1.forcedExits })
        measurement.notes["webhooks meanwhile"] = Double(during)
        measurement.notes["lost assignments"] = Double(members.reduce(0) { $0 + $1.losses })
        measurement.tally = try await Books(of: site, expected: expected).check(expected, repeatsAllowed: bound)
        return measurement
    }

    /// Webhooks that may come twice: calls under way when their worker died, lost its partitions, or saw its connection to the
    /// receiver break; and calls that were answered while the journal could not be written.
    private var bound: Int {
        // Until it is told of a loss, a member also begins new calls.
        let crashes = tried[.kill, default: 0] + members.reduce(0) { $0 + 2 * $1.losses }
        let breaks = tried[.receiverGone, default: 0] * members.count
        let unwritten = tried[.journalFull, default: 0]
        return (crashes + breaks) * Self.inFlight + unwritten * (Self.inFlight + Self.breakerFailures)
    }

    private func generate(_ count: Int) async throws -> Site.Expected {
        try await site.generate(count, seed: Int.random(in: 0..<1 << 30, using: &draws))
    }

    // MARK: Faults

    private func provoke() async throws {
        guard let fault = faults.randomElement(using: &draws) else { return }
        let number = Int.random(in: members.indices, using: &draws)
        let member = members[number]
        switch fault {
        case .kill where !member.hasEnded:
            member.kill()
        case .terminate where !member.hasEnded && !member.isPaused && member.ending == .none:
            member.terminate()
        case .pause where !member.hasEnded && !member.isPaused:
            member.pause()
            plan(.resume(number), after: 0.1...3)
        case .zombie where !member.hasEnded && !member.isPaused:
            member.pause()
            plan(.resume(number), after: 7...11)
        case .stallBroker where !isBrokerOdd:
            isBrokerOdd = true
            if broker.kind == .mock {
                broker.program.send(SIGSTOP)
                plan(.wakeBroker, after: 0.5...broker.longestStall)
            } else {
                let seconds = Double.random(in: 0.5...broker.longestStall, using: &draws)
                try broker.program.write("stall \(seconds)")
                plan(.wakeBroker, after: seconds...seconds)
            }
        case .cut:
            try broker.program.write("cut")
        case .delay where !isBrokerOdd:
            isBrokerOdd = true
            try broker.program.write("delay \(Double.random(in: 0.05...1, using: &draws))")
            plan(.undelay, after: 0.5...3)
        case .receiverGone where !isReceiverGone:
            isReceiverGone = true
            await site.killReceiver()
            plan(.restartReceiver, after: 0.1...3)
        case .receiverFails where !isReceiverGone && !isReceiverOdd:
            isReceiverOdd = true
            try await site.conduct("{\"fail_rate\":\(Double.random(in: 0.1...1, using: &draws))}")
            plan(.calmReceiver, after: 0.5...3)
        case .receiverSlow where !isReceiverGone && !isReceiverOdd:
            isReceiverOdd = true
            try await site.conduct("{\"delay_ms\":[100,1500]}")
            plan(.calmReceiver, after: 0.5...3)
        case .journalFull where !member.hasEnded:
            try await member.limitFiles(to: 4096)
            plan(.freeJournal(number), after: 0.2...2)
        default:
            return
        }
        tried[fault, default: 0] += 1
    }

    private var faults: [Fault] {
        let all: [Fault] = [
            .kill, .kill, .terminate, .terminate, .pause, .zombie, .receiverGone, .receiverFails, .receiverSlow,
            .journalFull, .stallBroker,
        ]
        return broker.kind == .tansu ? all + [.cut, .delay] : all
    }

    private func plan(_ recovery: Recovery, after seconds: ClosedRange<Double>) {
        let due = ContinuousClock.now + .seconds(Double.random(in: seconds, using: &draws))
        recoveries.append((due, recovery))
    }

    private func recover(all: Bool) async throws {
        let now = ContinuousClock.now
        let due = recoveries.filter { all || $0.due <= now }
        recoveries.removeAll { all || $0.due <= now }
        for (_, recovery) in due {
            switch recovery {
            case .resume(let number): members[number].resume()
            case .wakeBroker:
                if broker.kind == .mock { broker.program.send(SIGCONT) }
                isBrokerOdd = false
            case .undelay:
                try broker.program.write("delay 0")
                isBrokerOdd = false
            case .restartReceiver:
                try await site.restartReceiver()
                isReceiverGone = false
                isReceiverOdd = false
            case .calmReceiver:
                if !isReceiverGone { try await site.conduct("{\"fail_rate\":0.0,\"delay_ms\":[5,40]}") }
                isReceiverOdd = false
            case .freeJournal(let number): try await members[number].limitFiles(to: nil)
            }
        }
    }

    private func refill() async throws {
        for member in members where member.hasEnded {
            try await member.finish()
            try member.refill()
        }
    }
}
