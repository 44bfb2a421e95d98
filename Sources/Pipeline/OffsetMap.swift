import Foundation

/// What is finished at and above the frontier, stage by stage: kept in the commit's metadata, so that a restart repeats only what
/// was unfinished.
///
/// Text form: `lw1:`, base64 of the runs (status byte, LEB128 count of consecutive offsets, from the frontier on), with barred
/// keys `,` and base64 of those, then `:` and a checksum over the frontier and both. Printable, because librdkafka 2.0.2 reads
/// NUL bytes in metadata back as garbage (https://github.com/confluentinc/librdkafka/issues/4649).
package struct OffsetMap: Sendable, Equatable {
    /// Bytes that Kafka allows for commit metadata by default (`offset.metadata.max.bytes`).
    package static let limit = 4096

    /// Metadata that is not an offset map of this worker, or not one for this offset.
    package enum Malformed: Error, Equatable {
        case foreign
        case broken
    }

    struct Run: Sendable, Equatable {
        var status: RecordStatus
        var start: Int64
        var end: Int64
    }

    private static let prefix = "lw1:"

    package let frontier: Int64
    private(set) var runs: [Run] = []
    /// The keys whose records are parked: they have to survive a restart as the map has.
    package var barred = BarredKeys()

    package init(frontier: Int64) {
        self.frontier = frontier
    }

    package var isEmpty: Bool { runs.isEmpty && barred.isEmpty }

    /// Adds the next record; offsets must rise. Offsets between two records (compacted, transaction markers) do not exist, so a run
    /// may span them.
    package mutating func append(offset: Int64, status: RecordStatus) {
        guard offset >= frontier, offset < .max else { return }
        if let last = runs.indices.last, runs[last].end <= offset {
            if runs[last].status == status {
                runs[last].end = offset + 1
                return
            }
            runs[last].end = offset
        } else if status == .untouched, runs.isEmpty {
            runs.append(Run(status: status, start: frontier, end: offset + 1))
            return
        }
        runs.append(Run(status: status, start: runs.last?.end ?? frontier, end: offset + 1))
    }

    /// Adds what an earlier map says of the offsets from `start` on, where this one must end.
    mutating func append(_ earlier: OffsetMap, from start: Int64) {
        for run in earlier.runs where run.end > start {
            if let last = runs.indices.last, runs[last].status == run.status {
                runs[last].end = run.end
            } else {
                runs.append(Run(status: run.status, start: runs.last?.end ?? frontier, end: run.end))
            }
        }
    }

    /// The status of the record at `offset`; `.untouched` outside the map.
    package func status(at offset: Int64) -> RecordStatus {
        var low = 0
        var high = runs.count
        while low < high {
            let middle = (low + high) / 2
            if runs[middle].end <= offset { low = middle + 1 } else { high = middle }
        }
        guard low < runs.count, runs[low].start <= offset else { return .untouched }
        return runs[low].status
    }

    /// The text form, empty when there is nothing to say. When all runs don't fit into `limit` bytes, as many as fit, and
    /// `isComplete` is false: what is left out would be repeated after a restart.
    package func encoded(limit: Int = limit) -> (metadata: String, isComplete: Bool) {
        var wanted = runs[...]
        while let last = wanted.last, last.status == .untouched { wanted.removeLast() }
        guard !wanted.isEmpty || !barred.isEmpty else { return ("", true) }
        let bars = barred.bytes(frontier: frontier)
        let barsText = bars.isEmpty ? "" : "," + Data(bars).base64EncodedString()
        // prefix, separator and sixteen digits of checksum; four characters for three bytes
        let room = (limit - Self.prefix.utf8.count - 17 - barsText.utf8.count) / 4 * 3
        var bytes: [UInt8] = []
        var isComplete = true
        for run in wanted {
            let before = bytes.count
            bytes.append(run.status.rawValue)
            Varint.append(UInt64(clamping: run.end - run.start), to: &bytes)
            if bytes.count > room {
                bytes.removeSubrange(before...)
                isComplete = false
                break
            }
        }
        guard !bytes.isEmpty || !bars.isEmpty else { return ("", false) }
        let text = Data(bytes).base64EncodedString() + barsText
        return (Self.prefix + text + ":" + Self.checksum(frontier: frontier, bytes + bars), isComplete)
    }

    /// Reads the text form. Empty metadata is an empty map.
    package init(metadata: String, frontier: Int64) throws(Malformed) {
        self.init(frontier: frontier)
        guard !metadata.isEmpty else { return }
        guard metadata.hasPrefix(Self.prefix) else { throw .foreign }
        let parts = metadata.dropFirst(Self.prefix.count).split(separator: ":", omittingEmptySubsequences: false)
        guard parts.count == 2, metadata.utf8.count <= Self.limit else { throw .broken }
        let sections = parts[0].split(separator: ",", maxSplits: 1, omittingEmptySubsequences: false)
        guard let runData = Data(base64Encoded: String(sections[0])),
            let barData = Data(base64Encoded: sections.count == 2 ? String(sections[1]) : "")
        else { throw .broken }
        let bytes = Array(runData)
        let bars = Array(barData)
        guard Self.checksum(frontier: frontier, bytes + bars) == parts[1],
            let barred = BarredKeys(bytes: bars, frontier: frontier)
        else { throw .broken }
        self.barred = barred
        var rest = bytes[...]
        var start = frontier
        while let status = rest.popFirst() {
            guard let count = Varint.take(from: &rest), count > 0, count < 1 << 40 else { throw .broken }
            let (end, overflow) = start.addingReportingOverflow(Int64(count))
            guard !overflow else { throw .broken }
            runs.append(Run(status: RecordStatus(rawValue: status), start: start, end: end))
            start = end
        }
    }

    /// FNV-1a over the frontier and the runs: not against forgery, only against metadata that belongs to another offset.
    static func checksum(frontier: Int64, _ bytes: [UInt8]) -> String {
        var hash: UInt64 = 0xcbf2_9ce4_8422_2325
        func mix(_ byte: UInt8) { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01b3 }
        for shift in stride(from: 0, to: 64, by: 8) { mix(UInt8(truncatingIfNeeded: frontier >> Int64(shift))) }
        for byte in bytes { mix(byte) }
        let digits = String(hash, radix: 16)
        return String(repeating: "0", count: 16 - digits.count) + digits
    }
}
