import Inference
import Primitives
import Testing

@Suite struct MergedAdapterTests {
  @Test(arguments: TinyModel.names)
  func mergedAdaptersAgreeWithPEFT(_ name: String) throws {
    let tiny = try TinyModel(name)
    let engine = tiny.engine
    let base = engine.weightChecksum()
    for (adapter, id) in tiny.adapters {
      try engine.merge(id)
      #expect(engine.weightChecksum() != base)
      for example in tiny.fixture.cases.prefix(3) {
        let expected = try #require(example.configs[adapter])
        let result = try engine.generate([(example.ids, [AdapterUse(id)])], count: 8)[0]
        let distance = Distance(result.logits, expected.logits)
        #expect(distance.isClose, "\(adapter): \(distance)")
        expectGreedy(result.tokens, expected, "\(adapter)")
      }
      engine.unmerge()
      #expect(engine.weightChecksum() == base, "\(adapter)")
    }
  }

  @Test func othersMustWait() throws {
    let tiny = try TinyModel("tiny-tied")
    try tiny.engine.merge(0)
    #expect(throws: PitwallError.self) { try tiny.engine.generate([([1], [])], count: 1) }
    #expect(throws: PitwallError.self) { try tiny.engine.merge(1) }
    #expect(throws: PitwallError.self) { try tiny.engine.unload(0) }
    tiny.engine.unmerge()
    #expect(try tiny.engine.generate([([1], [])], count: 1).count == 1)
  }
}
