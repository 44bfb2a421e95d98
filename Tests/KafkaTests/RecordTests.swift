import Testing

@testable import Kafka

struct RecordTests {
    private let source = TopicPartition(topic: "events", partition: 3)

    @Test
    func `value, padding and key share one array`() {
        let record = Record(source: source, offset: 7, key: [9, 8], value: [1, 2, 3])
        #expect(record.bytes == [1, 2, 3, 9, 8])
        #expect(record.value.map(Array.init) == [1, 2, 3])
        #expect(record.key.map(Array.init) == [9, 8])
        #expect("\(record.source)" == "events/3")
    }

    @Test
    func `null and empty differ`() {
        let null = Record(source: source, offset: 0, key: nil, value: nil)
        #expect(null.value == nil && null.key == nil && null.keyHash == nil)
        #expect(null.bytes.isEmpty)
        let empty = Record(source: source, offset: 0, key: [], value: [])
        #expect(empty.value == [] && empty.key == [] && empty.keyHash != nil)
    }

    @Test
    func `the hash of a key never changes`() {
        func hash(_ text: String) -> UInt64 { KeyHash.hash(Array(text.utf8)) }
        #expect(hash("") == 0x247c_67d4_fab4_e199)
        #expect(hash("a") == 0x8ef8_89da_abef_7b9c)
        #expect(hash("cust_0001") == 0xf1ed_ae77_d545_e07c)
        #expect(hash("card_00000000-0000-0000-0000-000000000001") == 0x3eb7_bfcc_230d_503c)
    }

    @Test
    func `similar keys spread evenly over lanes`() {
        var lanes = [Int](repeating: 0, count: 64)
        for index in 0..<64_000 {
            let hash = KeyHash.hash(Array("customer-\(index)".utf8))
            lanes[Int(hash % 64)] += 1
        }
        #expect(lanes.allSatisfy { (800...1200).contains($0) })
    }

    @Test
    func `keys that differ only in zero bytes differ in hash`() {
        let hashes = (0..<40).map { KeyHash.hash([UInt8](repeating: 0, count: $0)) }
        #expect(Set(hashes).count == 40)
    }
}
