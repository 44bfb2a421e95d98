import Foundation

/// The process's memory as Linux counts it; nil elsewhere.
enum ResidentMemory {
    /// Now, in bytes.
    static var current: Int? { bytes("VmRSS:") }
    /// The most it ever was, in bytes.
    static var peak: Int? { bytes("VmHWM:") }

    private static func bytes(_ field: String) -> Int? {
        guard let status = try? String(contentsOfFile: "/proc/self/status", encoding: .utf8) else { return nil }
        let line = status.split(separator: "\n").first { $0.hasPrefix(field) }
        let words = line?.split(whereSeparator: \.isWhitespace) ?? []
        return words.count > 1 ? Int(words[1]).map { $0 * 1024 } : nil
    }
}
