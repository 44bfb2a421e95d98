import Testing

@Suite struct CorpusTests {
    @Test func `the fuzzer's corpus breaks nothing`() throws {
        let property = DecoderProperty()
        for (name, data) in try Corpus.inputs("decoder") {
            #expect(property.broken(by: data) == nil, "\(name)")
        }
    }

    @Test func `keys in another order are all there, and so is what is not shuffled`() {
        let text = #" {"a":[1,{"x" : "y","z":2e1}],"b":"\"{,","a":null,"c":{"\u0061":1,"b":2},"d":{}} "#
        let shuffled = KeyOrder.shuffled(Array(text.utf8), seed: 1)
        #expect(String(decoding: shuffled, as: UTF8.self).filter { $0 != " " }.count == text.filter { $0 != " " }.count)
        let orders = Set((0..<20).map { KeyOrder.shuffled(Array(minimal().utf8), seed: $0) })
        #expect(orders.count > 10)
    }
}
