import Testing

@Suite struct CorpusTests {
    @Test func `the fuzzer's corpus breaks nothing`() throws {
        for (name, data) in try Corpus.inputs("headers") {
            #expect(HeaderProperty.broken(by: data) == nil, "\(name)")
        }
    }
}
