import Foundation

@testable import Pipeline

/// What holds of any metadata, for the fuzzer and for the replay of its corpus. Of the data the first byte says whether the
/// rest is the text itself or, behind eight bytes of frontier, runs and barred keys that are sealed here: no fuzzer
/// guesses a checksum.
enum OffsetMapProperty {
    /// What does not hold; nil when all does.
    static func broken(by data: [UInt8]) -> String? {
        guard data.count >= 10 else { return nil }
        // Nothing that a partition will ever reach; distances of barred keys are exact up to here.
        let frontier = data[1..<9].reduce(0 as Int64) { $0 << 8 | Int64($1) } & (1 << 60 - 1)
        let rest = data[9...]
        guard !data[0].isMultiple(of: 2) else {
            return broken(metadata: String(decoding: rest, as: UTF8.self), frontier: frontier)
        }
        let count = min(Int(data[0]) / 2, rest.count - 1)
        let bars = Array(rest.prefix(count))
        return broken(metadata: sealed(Array(rest.dropFirst(count)), bars, frontier), frontier: frontier)
    }

    private static func sealed(_ runs: [UInt8], _ bars: [UInt8], _ frontier: Int64) -> String {
        let text = Data(runs).base64EncodedString() + (bars.isEmpty ? "" : "," + Data(bars).base64EncodedString())
        return "lw1:\(text):" + OffsetMap.checksum(frontier: frontier, runs + bars)
    }

    private static func broken(metadata: String, frontier: Int64) -> String? {
        guard var map = try? OffsetMap(metadata: metadata, frontier: frontier) else { return nil }
        if let reason = brokenReading(map) { return reason }
        // A restart goes on with what it has read.
        let offset = map.runs.last?.end ?? frontier
        map.append(offset: offset, status: .finished)
        _ = map.barred.died(UInt64(bitPattern: frontier), at: offset, nil)
        return map.barred.count > BarredKeys.limit ? "more keys are barred than are remembered" : brokenReading(map)
    }

    private static func brokenReading(_ map: OffsetMap) -> String? {
        var wanted = map.runs
        while let last = wanted.last, last.status == .untouched { wanted.removeLast() }
        let (text, isComplete) = map.encoded()
        guard text.utf8.count <= OffsetMap.limit else { return "\(text.utf8.count) bytes" }
        guard let read = try? OffsetMap(metadata: text, frontier: map.frontier) else { return "not read back: \(text)" }
        guard isComplete ? read.runs == wanted : wanted.starts(with: read.runs) else {
            return "runs \(wanted), read back \(read.runs)"
        }
        guard text.isEmpty || read.barred == map.barred else { return "barred \(map.barred), read back \(read.barred)" }
        for run in read.runs
        where read.status(at: run.start) != run.status || read.status(at: run.end - 1) != run.status {
            return "another status in \(run)"
        }
        return nil
    }
}
