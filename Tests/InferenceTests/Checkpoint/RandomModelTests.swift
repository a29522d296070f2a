import Foundation
import Primitives
import Testing

@testable import Inference

struct RandomModelTests {
  private func model(seed: UInt64, vocabulary: Int = 300) -> RandomModel {
    RandomModel(
      configuration: ModelConfiguration(
        hiddenSize: 48, layers: 2, heads: 6, keyValueHeads: 3, headSize: 8, feedForwardSize: 80,
        vocabularySize: vocabulary, maxContext: 128, ropeTheta: 10_000, normEpsilon: 1e-5,
        tiesEmbeddings: false, endTokens: [2]),
      type: .bf16, hasBiases: true, seed: seed)
  }

  @Test func isAModelThatOpens() throws {
    try Fixtures.withFolder { folder in
      let made = model(seed: 1)
      try made.write(to: folder + "/a")
      let checkpoint = try Checkpoint.open(folder + "/a")
      #expect(checkpoint.configuration == made.configuration)
      let weights = Dequantizer.floats(try checkpoint.tensor("model.layers.1.mlp.gate_proj.weight"))
      let mean = weights.reduce(0, +) / Float(weights.count)
      let variance = weights.reduce(0) { $0 + $1 * $1 } / Float(weights.count)
      #expect(abs(mean) < 0.01 && abs(variance * 48 - 1) < 0.1)
      let tokenizer = try checkpoint.tokenizer()
      #expect(tokenizer.count == 300)
      let text = "<|im_start|>user\nAny text, é 🚀 12<|im_end|>"
      #expect(tokenizer.decode(tokenizer.encode(text)) == text)
      #expect(tokenizer.encode(text).first == 1)
    }
  }

  @Test func sameSeedSameBytes() throws {
    try Fixtures.withFolder { folder in
      for (name, seed) in [("a", 1), ("b", 1), ("c", 2)] {
        try model(seed: UInt64(seed)).write(to: "\(folder)/\(name)")
      }
      func bytes(_ name: String, _ file: String) throws -> Data {
        try Data(contentsOf: URL(fileURLWithPath: "\(folder)/\(name)/\(file)"))
      }
      for file in ["config.json", "tokenizer.json", "model.safetensors"] {
        #expect(try bytes("a", file) == bytes("b", file))
      }
      #expect(try bytes("a", "model.safetensors") != bytes("c", "model.safetensors"))
    }
  }

  @Test func refusesWhatItCannotMake() throws {
    try Fixtures.withFolder { folder in
      try model(seed: 1).write(to: folder + "/a")
      #expect(throws: PitwallError.self) { try model(seed: 1).write(to: folder + "/a") }
      #expect(throws: PitwallError.self) {
        try model(seed: 1, vocabulary: 258).write(to: folder + "/b")
      }
      var huge = model(seed: 1)
      huge.configuration.layers = 4096
      huge.configuration.hiddenSize = 1 << 18
      #expect(throws: PitwallError.self) { try huge.write(to: folder + "/b") }
      #expect(throws: PitwallError.self) { try model(seed: 1).write(to: folder + "/none/b") }
      #expect(try FileManager.default.contentsOfDirectory(atPath: folder) == ["a"])
    }
  }

  @Test func findsModelsByName() throws {
    try Fixtures.withFolder { folder in
      let library = ModelLibrary(environment: ["XDG_CACHE_HOME": folder])
      #expect(library.folder == folder + "/pitwall/models")
      #expect(
        ModelLibrary(environment: ["HOME": "/h", "PITWALL_MODELS": ""]).folder
          == "/h/.cache/pitwall/models")
      let missing = #expect(throws: PitwallError.self) { try library.resolve("smollm2") }
      #expect(missing?.message.contains("pitwall model fetch smollm2") == true)
      let slip = #expect(throws: PitwallError.self) { try library.resolve("smolm2") }
      #expect(slip?.code == .noInput)
      let resolved = try library.resolve(folder)
      #expect(resolved == folder)
    }
  }
}
