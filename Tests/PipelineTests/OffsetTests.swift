import Testing

@testable import Pipeline

@Suite struct OffsetTests {
    @Test func `the frontier moves over the finished prefix only`() throws {
        var ledger = OffsetLedger()
        let sequences = [3, 4, 9, 10].compactMap { ledger.track($0) }
        try #require(sequences.count == 4)
        #expect(ledger.frontier == 3)
        ledger.finish(sequences[1])
        ledger.finish(sequences[2])
        #expect(ledger.frontier == 3)
        ledger.finish(sequences[0])
        #expect(ledger.frontier == 10)
        ledger.finish(sequences[3])
        #expect(ledger.frontier == 11)
        #expect(ledger.span == 0)
    }

    @Test func `an offset that does not rise is not tracked twice`() {
        var ledger = OffsetLedger(frontier: 5)
        let tracked = [4, 5, 5, .max, -1].map { ledger.track($0) != nil }
        #expect(tracked == [false, true, false, false, false])
    }

    @Test func `the end of a partition moves an idle frontier over gaps, never back`() {
        var ledger = OffsetLedger(frontier: 5)
        let moved = ledger.reach(9)
        #expect(moved && ledger.frontier == 9)
        let movedBack = ledger.reach(7)
        #expect(!movedBack)
        _ = ledger.track(9)
        let movedOver = ledger.reach(20)
        #expect(!movedOver)
        #expect(ledger.frontier == 9)
    }

    @Test func `any ledger gives metadata from which every record's status is read back`() throws {
        for seed in 0..<300 as Range<UInt64> {
            var random = SplitMix64(seed: seed)
            var ledger = OffsetLedger()
            var offset = Int64.random(in: 0...1_000_000, using: &random)
            var wanted: [(offset: Int64, status: RecordStatus)] = []
            for _ in 0..<Int.random(in: 1...400, using: &random) {
                let tracked = ledger.track(offset)
                let sequence = try #require(tracked)
                var status = RecordStatus.untouched
                switch Int.random(in: 0..<4, using: &random) {
                case 0 where !wanted.isEmpty:
                    ledger.finish(sequence)
                    status = .finished
                case 1:
                    let stages = StageSet(rawValue: UInt8.random(in: 1...3, using: &random))
                    ledger.mark(sequence, done: stages)
                    status = RecordStatus(done: stages)
                default: break
                }
                wanted.append((offset, status))
                offset += Int64.random(in: 1...3, using: &random)
            }
            let map = try #require(ledger.map())
            let (metadata, isComplete) = map.encoded()
            #expect(isComplete, "seed \(seed)")
            #expect(metadata.utf8.count <= OffsetMap.limit)
            #expect(metadata.utf8.allSatisfy { $0 >= 0x20 && $0 < 0x7f })
            let read = try OffsetMap(metadata: metadata, frontier: map.frontier)
            for (offset, status) in wanted {
                #expect(read.status(at: offset) == status, "seed \(seed), offset \(offset)")
            }
            #expect(read.status(at: offset + 10) == .untouched)
            #expect(read.status(at: map.frontier - 1) == .untouched)
        }
    }

    @Test func `a map that does not fit says so and keeps what does`() throws {
        var map = OffsetMap(frontier: 0)
        for offset in 0..<20_000 as Range<Int64> {
            map.append(offset: offset, status: offset % 2 == 0 ? .untouched : .finished)
        }
        let (metadata, isComplete) = map.encoded()
        #expect(!isComplete)
        #expect(metadata.utf8.count <= OffsetMap.limit)
        let read = try OffsetMap(metadata: metadata, frontier: 0)
        #expect(read.status(at: 1) == .finished)
        #expect(read.status(at: 2) == .untouched)
        #expect(read.status(at: 19_999) == .untouched)
    }

    @Test func `a hundred thousand finished records above a stuck one are one run`() {
        var map = OffsetMap(frontier: 7)
        map.append(offset: 7, status: .untouched)
        for offset in 8..<100_008 as Range<Int64> { map.append(offset: offset, status: .finished) }
        #expect(map.encoded().metadata.utf8.count < 50)
    }

    @Test(arguments: [
        "hello", "lw1:", "lw1::", "lw1:AAEC:0000000000000000", "lw1:!!!:0000000000000000", "{\"v\":1}", "lw2:AAA=:0",
        "\0",
    ])
    func `foreign or broken metadata is refused`(_ metadata: String) {
        #expect(throws: OffsetMap.Malformed.self) { try OffsetMap(metadata: metadata, frontier: 0) }
    }

    @Test func `a map of another offset is refused`() throws {
        var map = OffsetMap(frontier: 5)
        map.append(offset: 5, status: .untouched)
        map.append(offset: 6, status: .finished)
        let metadata = map.encoded().metadata
        #expect(throws: OffsetMap.Malformed.broken) { try OffsetMap(metadata: metadata, frontier: 6) }
        #expect(try OffsetMap(metadata: metadata, frontier: 5) == map)
    }

    @Test func `mutated metadata never traps and is never taken for another map`() throws {
        for seed in 0..<200 as Range<UInt64> {
            var random = SplitMix64(seed: seed)
            var map = OffsetMap(frontier: 1000)
            for offset in 1000..<1100 as Range<Int64> {
                map.append(offset: offset, status: Bool.random(using: &random) ? .finished : .untouched)
            }
            var bytes = Array(map.encoded().metadata.utf8)
            let place = Int.random(in: 0..<bytes.count, using: &random)
            bytes[place] ^= UInt8.random(in: 1...127, using: &random)
            let read = try? OffsetMap(metadata: String(decoding: bytes, as: UTF8.self), frontier: 1000)
            #expect(read == nil, "seed \(seed)")
        }
    }

    @Test func `a barred key that could not be written again is not read either`() {
        let key: [UInt8] = [1, 2, 3, 4, 5]
        var far: [UInt8] = []
        Varint.append(1 << 62, to: &far)
        #expect(BarredKeys(bytes: key + far + [0], frontier: 0) == nil)
        #expect(BarredKeys(bytes: key + [0] + far, frontier: 0) == nil)
        var near: [UInt8] = []
        Varint.append((1 << 62) - 1, to: &near)
        #expect(BarredKeys(bytes: key + near + [0], frontier: 0)?.bytes(frontier: 0) == key + near + [0])
    }

    @Test func `the fuzzer's corpus breaks nothing`() throws {
        for (name, data) in try Corpus.inputs("offset-map") {
            #expect(OffsetMapProperty.broken(by: data) == nil, "\(name)")
        }
    }
}
