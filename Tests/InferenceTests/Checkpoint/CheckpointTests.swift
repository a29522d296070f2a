import Foundation
import Primitives
import Testing

@testable import Inference

struct CheckpointTests {
  @Test func readsATinyFolder() throws {
    let checkpoint = try Checkpoint.open(Fixtures.path("tiny/tiny-rope3"))
    #expect(
      checkpoint.configuration
        == ModelConfiguration(
          hiddenSize: 48, layers: 3, heads: 6, keyValueHeads: 3, headSize: 16, feedForwardSize: 80,
          vocabularySize: 320, maxContext: 512, ropeTheta: 500_000,
          ropeScaling: .llama3(factor: 8, lowFrequency: 1, highFrequency: 4, originalContext: 64),
          normEpsilon: 1e-5, tiesEmbeddings: false, endTokens: [2]))
    #expect(checkpoint.optionalTensor("model.layers.2.mlp.down_proj.bias")?.shape == [48])
    #expect(checkpoint.rowOrder(of: "model.layers.0.self_attn.q_proj.weight") == .halfSplit)
    #expect(throws: PitwallError.self) {
      try checkpoint.tensor("model.layers.3.mlp.down_proj.bias")
    }
  }

  @Test func opensAFolderByItsTensors() throws {
    let file = Fixtures.path("tiny/tiny-untied/model.safetensors")
    #expect(try Checkpoint.open(file).configuration.layers == 2)
  }

  /// The GGUF file holds the folder's model with rows in another order.
  @Test func readsGGUFAsItsFolder() throws {
    let folder = try Checkpoint.open(Fixtures.path("tiny/tiny-tied"))
    let gguf = try Checkpoint.open(Fixtures.path("tiny/gguf/tiny-tied-f32.gguf"))
    #expect(gguf.configuration == folder.configuration)
    #expect(gguf.tensorNames == folder.tensorNames.filter { $0 != "lm_head.weight" })
    for name in gguf.tensorNames {
      let (a, b) = (try gguf.tensor(name), try folder.tensor(name))
      #expect(a.shape == b.shape)
      let (order, columns) = (gguf.rowOrder(of: name), a.columns)
      let (stored, expected) = (Dequantizer.floats(a), Dequantizer.floats(b))
      for row in 0..<b.rows {
        let from = order.storedRow(of: row) * columns
        #expect(stored[from..<from + columns] == expected[row * columns..<(row + 1) * columns])
      }
    }
    #expect(try gguf.tensor("lm_head.weight").name == "token_embd.weight")
  }

  @Test(arguments: ["f16", "q8_0", "q4_0", "q4_1"])
  func readsQuantisedGGUF(kind: String) throws {
    let exact = try Checkpoint.open(Fixtures.path("tiny/gguf/tiny-tied-f32.gguf"))
    let rounded = try Checkpoint.open(Fixtures.path("tiny/gguf/tiny-tied-\(kind).gguf"))
    let name = "model.layers.1.mlp.gate_proj.weight"
    let (a, b) = (
      Dequantizer.floats(try exact.tensor(name)), Dequantizer.floats(try rounded.tensor(name))
    )
    let error = zip(a, b).map { abs($0 - $1) }.max() ?? 0
    let largest = a.map(abs).max() ?? 0
    #expect(error > 0 && error <= largest / (kind == "f16" ? 1000 : kind == "q8_0" ? 200 : 6))
  }

  @Test func readsShards() throws {
    try Fixtures.withFolder { folder in
      let source = Fixtures.path("tiny/tiny-tied")
      let whole = try Checkpoint.open(source)
      try FileManager.default.copyItem(
        atPath: source + "/config.json", toPath: folder + "/config.json")
      var map: [String: JSONValue] = [:]
      let names = whole.tensorNames
      for (number, part) in [names.prefix(5), names.dropFirst(5)].enumerated() {
        let file = "model-\(number).safetensors"
        try SafeTensorsWriter.write(
          part.map {
            let tensor = try whole.tensor($0)
            return SafeTensorsWriter.Tensor(
              name: $0, shape: tensor.shape, type: tensor.type,
              bytes: tensor.withBytes { [UInt8]($0) })
          }, to: "\(folder)/\(file)")
        for name in part { map[name] = .string(file) }
      }
      func writeIndex() throws {
        let text = JSONText.compact(.object(["weight_map": .object(map)]))
        try AtomicFile.write(text, to: folder + "/model.safetensors.index.json")
      }
      try writeIndex()
      let sharded = try Checkpoint.open(folder)
      #expect(sharded.tensorNames == names)
      let name = "model.embed_tokens.weight"
      #expect(
        Dequantizer.floats(try sharded.tensor(name)) == Dequantizer.floats(try whole.tensor(name)))

      for (key, value) in [("extra", "model-0.safetensors"), (name, "../model-0.safetensors")] {
        let before = map
        map[key] = .string(value)
        try writeIndex()
        #expect(throws: PitwallError.self) { try Checkpoint.open(folder) }
        map = before
      }
    }
  }

  /// A change of the configuration, and what must be said of it.
  @Test(arguments: [
    (#""hidden_size": 64"#, #""hidden_size": 32"#, "has the shape"),
    (
      #""num_hidden_layers": 2"#, #""num_hidden_layers": 3"#,
      "model.layers.2.input_layernorm.weight is missing"
    ),
    (#""num_hidden_layers": 2"#, #""num_hidden_layers": 1"#, "has no place"),
    (
      #""num_hidden_layers": 2"#, #""num_hidden_layers": 2000000000"#,
      "number of layers is 2000000000"
    ),
    (#""num_key_value_heads": 2"#, #""num_key_value_heads": 3"#, "evenly"),
    (#""hidden_act": "silu""#, #""hidden_act": "gelu""#, "gelu"),
    (#""model_type": "llama""#, #""model_type": "gpt2""#, "gpt2"),
    (#""rope_type": "default""#, #""rope_type": "yarn", "factor": 2"#, "yarn"),
    (#""rms_norm_eps": 1e-05"#, #""rms_norm_eps": "small""#, "expected a number"),
    (#""eos_token_id": 2"#, #""eos_token_id": 512"#, "token 512"),
    (#""head_dim": 16"#, #""head_dim": 15"#, "odd"),
  ])
  func refusesOtherConfigurations(from: String, to: String, cause: String) throws {
    try Fixtures.withFolder { folder in
      let source = Fixtures.path("tiny/tiny-tied")
      let text = try String(contentsOfFile: source + "/config.json", encoding: .utf8)
      #expect(text.contains(from))
      try AtomicFile.write(
        text.replacingOccurrences(of: from, with: to), to: folder + "/config.json")
      try FileManager.default.createSymbolicLink(
        atPath: folder + "/model.safetensors", withDestinationPath: source + "/model.safetensors")
      let error = #expect(throws: PitwallError.self) { try Checkpoint.open(folder) }
      #expect(error?.code == .data)
      #expect(error?.description.contains(cause) == true, "\(error as Any)")
    }
  }

  @Test func namesAMissingPath() {
    let error = #expect(throws: PitwallError.self) { try Checkpoint.open("/nowhere/model.gguf") }
    #expect(error?.code == .noInput)
    #expect(error?.place == "/nowhere/model.gguf")
  }
}

/// The real model, where it has been fetched (`pitwall model fetch smollm2`).
@Suite(.enabled(if: Fixtures.smolLM2 != nil, "SmolLM2 has not been fetched"))
struct SmolLM2CheckpointTests {
  private struct Checksums: Decodable {
    struct Tensor: Decodable {
      let name: String
      let ggml_shape: [Int]
      let type: String
      let bytes: Int
      let sum, l2: Double
      let first, last: [Double]
    }
    let smollm2_tensors: [Tensor]
  }

  @Test func widensAsTheReference() throws {
    let path = try #require(Fixtures.smolLM2)
    let checkpoint = try Checkpoint.open(path)
    #expect(checkpoint.parameterCount == 134_515_008)
    for expected in try Fixtures.json("gguf.json", as: Checksums.self).smollm2_tensors {
      let tensor = try checkpoint.tensor(Checkpoint.huggingFaceName(gguf: expected.name))
      #expect(tensor.shape == expected.ggml_shape.reversed())
      #expect("\(tensor.type)".uppercased() == expected.type)
      #expect(tensor.byteCount == expected.bytes)
      let floats = Dequantizer.floats(tensor)
      let sum = floats.reduce(0.0) { $0 + Double($1) }
      let l2 = floats.reduce(0.0) { $0 + Double($1) * Double($1) }.squareRoot()
      #expect(abs(sum - expected.sum) <= 1e-7 * abs(expected.sum))
      #expect(abs(l2 - expected.l2) <= 1e-8 * expected.l2)
      // Eight digits identify a float.
      for (a, b) in zip(floats.prefix(8), expected.first) {
        #expect(abs(Double(a) - b) <= 1e-7 * abs(b))
      }
      for (a, b) in zip(floats.suffix(8), expected.last) {
        #expect(abs(Double(a) - b) <= 1e-7 * abs(b))
      }
    }
  }
}
