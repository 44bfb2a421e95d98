import Foundation

/// Inputs that the fuzzer keeps (`deploy/fuzz`).
enum Corpus {
    /// The inputs of one target by their name.
    static func inputs(_ target: String) throws -> [(name: String, data: [UInt8])] {
        let tests = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        let folder = tests.appending(path: "Fuzz/corpus/\(target)")
        return try FileManager.default.contentsOfDirectory(at: folder, includingPropertiesForKeys: nil)
            .sorted { $0.lastPathComponent < $1.lastPathComponent }
            .map { ($0.lastPathComponent, Array(try Data(contentsOf: $0))) }
    }
}
