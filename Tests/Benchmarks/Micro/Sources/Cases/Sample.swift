package import Foundation

/// The seed sample of the decoder's tests.
package enum Sample {
    /// Where it is, seen from this file.
    private static let path = "../../../../LoyaltyEventsTests/Samples/01-seed-sample.json"

    /// The text as it is.
    package static func data() throws -> Data {
        let url = URL(filePath: #filePath).deletingLastPathComponent()
        return try Data(contentsOf: url.appending(path: path))
    }

    static func bytes() throws -> [UInt8] {
        Array(try data())
    }
}
