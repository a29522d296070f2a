import Inference
import Testing

/// The engine against transformers and PEFT.
@Suite struct EngineFixtureTests {
  @Test(arguments: TinyModel.names)
  func logitsAndGreedyTokensAgreeWithPEFT(_ name: String) throws {
    let tiny = try TinyModel(name)
    for (index, example) in tiny.fixture.cases.enumerated() {
      for (adapter, expected) in example.configs {
        let result = try tiny.engine.generate(
          [(example.ids, tiny.use(adapter))], count: expected.greedy.count)[0]
        let distance = Distance(result.logits, expected.logits)
        #expect(distance.isClose, "prompt \(index), \(adapter): \(distance)")
        expectGreedy(result.tokens, expected, "prompt \(index), \(adapter)")
      }
    }
  }

  @Test(arguments: TinyModel.names)
  func mixedBatchAgreesWithPEFT(_ name: String) throws {
    let tiny = try TinyModel(name)
    let mixed = tiny.fixture.mixed_batch
    let results = try tiny.engine.generate(
      mixed.adapter_names.map { (mixed.ids, tiny.use($0)) }, count: 1)
    for (index, result) in results.enumerated() {
      let distance = Distance(result.logits, mixed.logits[index])
      #expect(distance.isClose, "\(mixed.adapter_names[index]): \(distance)")
    }
  }
}
