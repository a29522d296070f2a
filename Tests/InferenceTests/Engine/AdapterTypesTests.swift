import Foundation
import Inference
import Testing

/// Adapters in whatever precision their two matrices are stored.
@Suite struct AdapterTypesTests {
  private static let types: [ElementType] = [.f32, .f16, .bf16]

  /// An adapter on the queries and values of `tiny-tied`, of numbers that all types hold exactly.
  private func adapter(
    rank: Int, a: ElementType, b: ElementType, in folder: String
  ) throws -> LoRAAdapter {
    let model = AdapterFixtures.model
    func floats(_ count: Int) -> [Float] { (0..<count).map { Float(($0 * 37) % 33 - 16) / 64 } }
    let tensors = try [Projection.query, .value].flatMap { projection in
      let name = "model.layers.1.self_attn.\(projection.name)"
      let shape = projection.shape(in: model)
      return [
        try SafeTensorsWriter.Tensor(
          name: "\(name).lora_A.weight", shape: [rank, shape.in], type: a,
          floats: floats(rank * shape.in)),
        try SafeTensorsWriter.Tensor(
          name: "\(name).lora_B.weight", shape: [shape.out, rank], type: b,
          floats: floats(shape.out * rank)),
      ]
    }
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    try SafeTensorsWriter.write(tensors, to: folder + "/adapter_model.safetensors")
    let configuration = """
      {"peft_type": "LORA", "r": \(rank), "lora_alpha": \(rank),
       "target_modules": ["q_proj", "v_proj"], "layers_to_transform": [1]}
      """
    try Data(configuration.utf8).write(
      to: URL(fileURLWithPath: folder + "/adapter_config.json"))
    return try LoRAAdapter.open(folder, for: model)
  }

  /// Widening is exact, so it gives the same bits.
  @Test(arguments: [3, 20]) func eachMatrixHasATypeOfItsOwn(_ rank: Int) throws {
    let tiny = try TinyModel("tiny-tied")
    let ids = tiny.fixture.cases[0].ids
    func logits(_ id: Int) throws -> [Float] {
      try tiny.engine.generate([(ids, [AdapterUse(id)])], count: 1)[0].logits
    }
    let base = try tiny.engine.generate([(ids, [])], count: 1)[0].logits
    try Fixtures.withFolder { folder in
      var expected: [Float]?
      for (index, (a, b)) in Self.types.flatMap({ a in Self.types.map { (a, $0) } }).enumerated() {
        let adapter = try adapter(rank: rank, a: a, b: b, in: "\(folder)/\(a)-\(b)")
        try tiny.engine.load(adapter, as: 100 + index)
        let found = try logits(100 + index)
        #expect(found != base)
        #expect(found == expected ?? found, "A \(a), B \(b)")
        expected = found

        try tiny.engine.merge(100 + index)
        let merged = try logits(100 + index)
        tiny.engine.unmerge()
        let difference = zip(merged, found).map { abs($0 - $1) }.max() ?? .infinity
        #expect(difference < 1e-3, "A \(a), B \(b), merged: \(difference)")
      }
    }
  }
}
