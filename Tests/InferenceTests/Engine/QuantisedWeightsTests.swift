import Inference
import Testing

/// Weights that stay in the file's types.
@Suite struct QuantisedWeightsTests {
  private struct GGUFFixture: Decodable {
    struct Case: Decodable {
      let ids: [Int32]
      let logits: ModelFixture.Logits
    }

    let tiny: [String: [Case]]
  }

  private func engine(_ file: String, _ storage: WeightStorage) throws -> Engine {
    var configuration = EngineConfiguration()
    configuration.storage = storage
    configuration.workers = 1
    return try Engine(Checkpoint.open(Fixtures.path("tiny/gguf/\(file)")), configuration)
  }

  @Test(
    arguments: ["f32", "f16", "q8_0", "q4_1", "q4_0"].map { "tiny-tied-\($0).gguf" },
    WeightStorage.allCases)
  func logitsAgreeWithTheDequantisedModel(_ file: String, _ storage: WeightStorage) throws {
    let fixture: GGUFFixture = try Fixtures.json("gguf.json")
    let engine = try engine(file, storage)
    for example in try #require(fixture.tiny[file]) {
      let result = try engine.generate([(example.ids, [])], count: 1)[0]
      let distance = Distance(result.logits, example.logits)
      #expect(distance.isClose, "\(distance)")
    }
  }

  @Test(arguments: ["f32", "f16", "q8_0", "q4_1", "q4_0"].map { "tiny-tied-\($0).gguf" })
  func packedAndWidenedWeightsGiveTheSameBits(_ file: String) throws {
    let prompts = (1...5).map { length in
      (ids: (0..<Int32(length * 9)).map { $0 * 7 % 500 }, adapters: [AdapterUse]())
    }
    let packed = try engine(file, .packed)
    let widened = try engine(file, .widened)
    #expect(packed.weightBytes <= widened.weightBytes)
    #expect(
      BatchInvarianceTests.same(
        try packed.generate(prompts, count: 16), try widened.generate(prompts, count: 16)))
  }
}
