import Foundation
import Kafka

/// How much chaos there is: little by default, much when `deploy/chaos` sets these variables.
enum ChaosScale {
    private static let environment = ProcessInfo.processInfo.environment

    /// Where measurements are appended, one JSON object a line; nil in the short form.
    static let report = environment["CHAOS_REPORT"].map { URL(filePath: $0) }
    static let isLong = report != nil
    /// What all draws follow from; printed by every test that draws.
    static let seed = environment["CHAOS_SEED"].flatMap(UInt64.init) ?? .random(in: 1...999_999)
    /// SIGKILLs of workers in the middle of calls.
    static let kills = number("CHAOS_KILLS", short: 4)
    /// Groups that are killed side by side.
    static let lanes = number("CHAOS_LANES", short: 2)
    /// Rebalances by members that come and go.
    static let rebalances = number("CHAOS_REBALANCES", short: 6)
    /// Faults of all kinds, drawn for each broker.
    static let faults = number("CHAOS_FAULTS", short: 8)
    /// How long the receiver is away.
    static let outage = number("CHAOS_OUTAGE", short: 5)
    /// Times that each measurement of a duration or a speed is repeated.
    static let repeats = number("CHAOS_REPEATS", short: 1)

    /// Long enough for the numbers above.
    static var minutes: Int {
        isLong ? 10 + kills / max(lanes, 1) / 3 + rebalances / 5 + faults / 5 + outage / 20 + repeats * 10 : 8
    }

    private static func number(_ name: String, short: Int) -> Int {
        environment[name].flatMap(Int.init) ?? short
    }
}

/// Draws that a seed repeats.
struct SeededDraws: RandomNumberGenerator {
    private var state: UInt64

    init(seed: UInt64) {
        state = seed
    }

    /// SplitMix64.
    mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var word = state
        word = (word ^ word >> 30) &* 0xbf58_476d_1ce4_e5b9
        word = (word ^ word >> 27) &* 0x94d0_49bb_1331_11eb
        return word ^ word >> 31
    }
}

/// One row of the table of faults.
struct Measurement {
    let fault: String
    let broker: String
    /// How often the fault was provoked.
    var tried: Int
    var tally = Tally()
    /// Calls that the receiver may get twice by what is promised.
    var bound = 0
    /// Further numbers, by name.
    var notes: [String: Double] = [:]

    /// Prints it, and keeps it when there is a report.
    func publish() throws {
        let fields: [String: Any] = [
            "fault": fault, "broker": broker, "librdkafka": "\(LibraryVersion.current)",
            "seed": "\(ChaosScale.seed)", "tried": tried, "events": tally.events, "lost": tally.lost,
            "repeated_effects": tally.repeatedEffects, "out_of_order": tally.outOfOrder,
            "repeated_webhooks": tally.repeatedWebhooks, "bound": bound,
            "notes": notes.mapValues { ($0 * 1000).rounded() / 1000 },
        ]
        let line = try JSONSerialization.data(withJSONObject: fields, options: [.sortedKeys]) + Data("\n".utf8)
        print("chaos: \(String(decoding: line.dropLast(), as: UTF8.self))")
        guard let report = ChaosScale.report else { return }
        if !FileManager.default.fileExists(atPath: report.path) {
            _ = FileManager.default.createFile(atPath: report.path, contents: nil)
        }
        let file = try FileHandle(forWritingTo: report)
        try file.seekToEnd()
        try file.write(contentsOf: line)
        try file.close()
    }
}

extension Duration {
    var inSeconds: Double { self / .seconds(1) }
}
