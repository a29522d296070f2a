import Foundation
import Inference
import Testing

/// The engine on a real model against transformers and PEFT; where it has been fetched, and in
/// optimised builds, because the arithmetic would take an hour without.
@Suite(.enabled(if: Fixtures.canRunSmolLM2, "no SmolLM2 in PITWALL_MODELS, or a debug build"))
struct SmolLM2EngineTests {
  /// The model with those of the fixture's adapters that lie in `adapters` beside its file.
  /// - Parameter checkpoint: its weights in another form; nil for the file itself.
  static func model(
    _ storage: WeightStorage, of checkpoint: Checkpoint? = nil
  ) throws -> (Engine, [String: Int]) {
    let path = try #require(Fixtures.smolLM2)
    var configuration = EngineConfiguration()
    configuration.storage = storage
    configuration.maxBatchTokens = 2048
    configuration.poolPages = 1200
    let engine = try Engine(checkpoint ?? Checkpoint.open(path), configuration)
    let folder = URL(fileURLWithPath: path).deletingLastPathComponent().path + "/adapters/"
    var adapters: [String: Int] = [:]
    for name in [
      "pirate", "detective", "json", "r4-qv", "r8-all", "r16-qv-rslora", "r32-all-rslora",
      "r64-all",
    ] where FileManager.default.fileExists(atPath: folder + name) {
      adapters[name] = adapters.count
      try engine.load(LoRAAdapter.open(folder + name, for: engine.model), as: adapters.count - 1)
    }
    return (engine, adapters)
  }

  @Test(arguments: WeightStorage.allCases)
  func logitsAndGreedyTokensAgreeWithPEFT(_ storage: WeightStorage) throws {
    let fixture: ModelFixture = try Fixtures.json("smollm2-logits.json")
    let (engine, adapters) = try Self.model(storage)
    var worst = 0.0
    for name in ["base"] + adapters.keys.sorted() {
      let use = adapters[name].map { [AdapterUse($0)] } ?? []
      let results = try engine.generate(fixture.cases.map { ($0.ids, use) }, count: 32)
      for (index, result) in results.enumerated() {
        let expected = try #require(fixture.cases[index].configs[name])
        let distance = Distance(result.logits, expected.logits)
        worst = max(worst, distance.largest)
        #expect(distance.isClose, "prompt \(index), \(name): \(distance)")
        expectGreedy(result.tokens, expected, "prompt \(index), \(name)")
      }
    }
    print("SmolLM2 \(storage), \(adapters.count) adapters: largest difference \(worst)")
  }

  @Test func mixedBatchesGiveWhatEachGivesAlone() throws {
    let fixture: ModelFixture = try Fixtures.json("smollm2-logits.json")
    let (engine, adapters) = try Self.model(.widened)
    let names = ["base"] + adapters.keys.sorted()
    let requests = fixture.cases.prefix(16).enumerated().flatMap { index, example in
      [0, 1].map { step in
        let name = names[(2 * index + step) % names.count]
        return (
          ids: Array(example.ids.prefix(60)),
          adapters: adapters[name].map { [AdapterUse($0)] } ?? []
        )
      }
    }
    let alone = try requests.map { try engine.generate([$0], count: 16)[0] }
    #expect(BatchInvarianceTests.same(alone, try engine.generate(requests, count: 16)))
    let shuffled = try engine.generate(requests.reversed(), count: 16, chunk: 24)
    #expect(BatchInvarianceTests.same(alone, shuffled.reversed()))
    let mixed = fixture.mixed_batch
    let results = try engine.generate(
      mixed.adapter_names.map { (mixed.ids, adapters[$0].map { [AdapterUse($0)] } ?? []) }, count: 1
    )
    for (index, result) in results.enumerated()
    where adapters[mixed.adapter_names[index]] != nil || mixed.adapter_names[index] == "__base__" {
      let distance = Distance(result.logits, mixed.logits[index])
      #expect(distance.isClose, "\(mixed.adapter_names[index]): \(distance)")
    }
  }
}
