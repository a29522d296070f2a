import Foundation
import Testing

@testable import Inference

/// Checkpoints in bfloat16, made by rounding those whose logits are known in 32 bits.
@Suite struct BFloat16Tests {
  /// Logits of the end of each prompt beside those of the weights in 32 bits.
  private struct Deviation {
    /// Root of the sum of squares of the differences, over that of the logits: for the recorded
    /// largest ones of transformers, and for all of our own.
    private(set) var recorded = 0.0
    private(set) var own = 0.0
    private(set) var prompts = 0
    /// Prompts after which the most likely token is the same.
    private(set) var agreeing = 0

    mutating func add(_ logits: [Float], exact: [Float], _ fixture: ModelFixture.Logits) {
      recorded = max(
        recorded, Self.relative(fixture.top_ids.map { Double(logits[$0]) }, fixture.top))
      own = max(own, Self.relative(logits.map(Double.init), exact.map(Double.init)))
      prompts += 1
      let top = logits.indices.max { logits[$0] < logits[$1] }
      if top == fixture.top_ids[0] { agreeing += 1 }
    }

    private static func relative(_ values: [Double], _ expected: [Double]) -> Double {
      let difference = zip(values, expected).reduce(0) { $0 + ($1.0 - $1.1) * ($1.0 - $1.1) }
      return (difference / expected.reduce(0) { $0 + $1 * $1 }).squareRoot()
    }
  }

  /// Writes a model's weights rounded to bfloat16, stored as that or as 32 bits.
  private func write(_ checkpoint: Checkpoint, as type: ElementType, to folder: String) throws {
    let tensors = try checkpoint.tensorNames.map { name in
      let tensor = try checkpoint.tensor(name)
      let floats = Dequantizer.floats(tensor)
      let order = checkpoint.rowOrder(of: name)
      // Biases count as rows of one element.
      let rows = tensor.shape[0]
      let columns = floats.count / rows
      let inOrder = (0..<rows).flatMap { (row: Int) -> ArraySlice<Float> in
        let stored = order.storedRow(of: row)
        return floats[stored * columns..<(stored + 1) * columns]
      }
      let rounded = try SafeTensorsWriter.Tensor(
        name: name, shape: tensor.shape, type: .bf16, floats: inOrder)
      guard type == .f32 else { return rounded }
      // The upper half of a float is its bfloat16.
      let bytes = (0..<inOrder.count).flatMap { (index: Int) -> [UInt8] in
        [0, 0, rounded.bytes[2 * index], rounded.bytes[2 * index + 1]]
      }
      return SafeTensorsWriter.Tensor(name: name, shape: tensor.shape, type: .f32, bytes: bytes)
    }
    try SafeTensorsWriter.write(tensors, to: folder + "/model.safetensors")
  }

  /// `config.json` of a model without scaled rotary frequencies.
  private func writeConfiguration(_ model: ModelConfiguration, to folder: String) throws {
    try #require(model.ropeScaling == .none)
    let members: [String: Any] = [
      "model_type": "llama", "hidden_size": model.hiddenSize, "num_hidden_layers": model.layers,
      "num_attention_heads": model.heads, "num_key_value_heads": model.keyValueHeads,
      "head_dim": model.headSize, "intermediate_size": model.feedForwardSize,
      "vocab_size": model.vocabularySize, "max_position_embeddings": model.maxContext,
      "rope_theta": model.ropeTheta, "rms_norm_eps": model.normEpsilon,
      "tie_word_embeddings": model.tiesEmbeddings,
    ]
    try JSONSerialization.data(withJSONObject: members)
      .write(to: URL(fileURLWithPath: folder + "/config.json"))
  }

  /// Each storage of a checkpoint in bfloat16 gives the bits of one that holds the same numbers in
  /// 32 bits, and nearly the logits of the one that was rounded.
  @Test(arguments: TinyModel.names) func tinyModels(_ name: String) throws {
    let exact = try TinyModel(name)
    let source = Fixtures.path("tiny/\(name)")
    let original = try Checkpoint.open(source)
    try Fixtures.withFolder { folder in
      func rounded(_ type: ElementType, _ storage: WeightStorage) throws -> Engine {
        let path = "\(folder)/\(type)-\(storage)"
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
        try FileManager.default.copyItem(
          atPath: source + "/config.json", toPath: path + "/config.json")
        try write(original, as: type, to: path)
        let engine = try Engine(Checkpoint.open(path), exact.engine.configuration(storage))
        for (adapter, id) in exact.adapters {
          let adapter = try LoRAAdapter.open("\(source)/adapters/\(adapter)", for: engine.model)
          try engine.load(adapter, as: id)
        }
        return engine
      }
      let engines = [
        try rounded(.f32, .widened), try rounded(.bf16, .widened), try rounded(.bf16, .packed),
      ]
      var (agreeing, count) = (0, 0)
      for adapter in ["base"] + exact.adapters.keys.sorted() {
        var deviation = Deviation()
        let prompts = exact.fixture.cases.map { ($0.ids, exact.use(adapter)) }
        let expected = try exact.engine.generate(prompts, count: 4)
        let results = try engines.map { try $0.generate(prompts, count: 4) }
        #expect(BatchInvarianceTests.same(results[1], results[0]), "\(adapter)")
        #expect(BatchInvarianceTests.same(results[2], results[0]), "\(adapter), packed")
        for (index, example) in exact.fixture.cases.enumerated() {
          let fixture = try #require(example.configs[adapter]).logits
          deviation.add(results[1][index].logits, exact: expected[index].logits, fixture)
        }
        // Rounding that changed nothing would be none.
        #expect(deviation.own > 0)
        expectClose(deviation, to: "\(name), \(adapter)", isBase: adapter == "base")
        agreeing += deviation.agreeing
        count += deviation.prompts
      }
      // Of an adapter there are too few prompts to count one by one.
      #expect(20 * agreeing >= 19 * count, "\(agreeing) of \(count)")
    }
  }

  @Test(.enabled(if: Fixtures.canRunSmolLM2, "no SmolLM2 in PITWALL_MODELS, or a debug build"))
  func smolLM2() throws {
    let (exact, adapters) = try SmolLM2EngineTests.model(.widened)
    let fixture: ModelFixture = try Fixtures.json("smollm2-logits.json")
    try Fixtures.withFolder { folder in
      let path = try #require(Fixtures.smolLM2)
      let original = try Checkpoint.open(path)
      try writeConfiguration(original.configuration, to: folder)
      try write(original, as: .bf16, to: folder)
      let checkpoint = try Checkpoint.open(folder)
      let (engine, _) = try SmolLM2EngineTests.model(.widened, of: checkpoint)
      for name in ["base"] + adapters.keys.sorted() {
        let prompts = fixture.cases.map { example in
          (example.ids, adapters[name].map { [AdapterUse($0)] } ?? [])
        }
        var deviation = Deviation()
        let expected = try exact.generate(prompts, count: 1)
        for (index, result) in try engine.generate(prompts, count: 1).enumerated() {
          let fixture = try #require(fixture.cases[index].configs[name]).logits
          #expect(Distance(expected[index].logits, fixture).isClose)
          deviation.add(result.logits, exact: expected[index].logits, fixture)
        }
        expectClose(deviation, to: "SmolLM2, \(name)", isBase: name == "base")
        #expect(20 * deviation.agreeing >= 19 * deviation.prompts, "\(name): \(deviation)")
      }
    }
  }

  private func expectClose(_ deviation: Deviation, to what: String, isBase: Bool) {
    let limit = isBase ? 0.05 : 0.1
    #expect(deviation.recorded <= limit && deviation.own <= limit, "\(what): \(deviation)")
    print("\(what) in bf16: \(deviation)")
  }
}

extension Engine {
  /// The same sizes with weights stored otherwise.
  fileprivate func configuration(_ storage: WeightStorage) -> EngineConfiguration {
    var configuration = configuration
    configuration.storage = storage
    return configuration
  }
}
