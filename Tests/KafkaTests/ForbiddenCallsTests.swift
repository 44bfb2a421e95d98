import Foundation
import Testing

/// Functions of librdkafka whose defects this module goes around by not calling them, with the issues.
struct ForbiddenCallsTests {
    private static let forbidden = [
        // Rewinds a partition that was not paused (#4637); a pause outlives its assignment; slow to take effect.
        "rd_kafka_resume_partitions", "rd_kafka_pause_partitions",
        // Waits without limit while the coordinator is away.
        "rd_kafka_commit(", "rd_kafka_commit_message",
        // Loses the metadata (#4084), and would commit what is not finished.
        "rd_kafka_offsets_store", "rd_kafka_offset_store", "rd_kafka_position",
        // Its timeout is a thousand times too short (#4230).
        "rd_kafka_seek",
        // Waits for events that nobody answers (#4527).
        "rd_kafka_consumer_close(",
        // Closes the consumer first, and may wait for ever.
        "rd_kafka_destroy(client", "rd_kafka_flush",
    ]

    @Test
    func `what librdkafka does wrong is not called`() throws {
        let sources = URL(filePath: #filePath).deletingLastPathComponent()
            .appending(path: "../../Sources/Kafka").standardizedFileURL
        let files = try FileManager.default.contentsOfDirectory(at: sources, includingPropertiesForKeys: nil)
            .filter { $0.pathExtension == "swift" }
        #expect(files.count > 10)
        for file in files {
            let text = try String(contentsOf: file, encoding: .utf8)
            for name in Self.forbidden {
                #expect(!text.contains(name), "\(file.lastPathComponent)")
            }
        }
    }
}
