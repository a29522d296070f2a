import Primitives

/// A model with random weights, as a Hugging Face folder: it says nothing sensible, but everything
/// that a real one goes through can be tried on it.
///
/// The same description gives the same bytes on every machine.
public struct RandomModel: Sendable {
  public var configuration: ModelConfiguration
  /// How all tensors are stored: F32, F16 or BF16.
  public var type: ElementType
  /// Whether every matrix of the layers has a bias.
  public var hasBiases: Bool
  public var seed: UInt64

  /// The fewest tokens that a vocabulary can have.
  public static let leastVocabulary = RandomTokenizer.leastSize
  /// What the size of a head must be a multiple of for the engine to run the model.
  public static let headSizes = ModelWeights.headSizes

  /// More than a model that is only for trying things should take.
  private static let mostParameters = 1 << 29

  public init(
    configuration: ModelConfiguration, type: ElementType = .f32, hasBiases: Bool = false,
    seed: UInt64
  ) {
    self.configuration = configuration
    self.type = type
    self.hasBiases = hasBiases
    self.seed = seed
  }

  /// Writes the folder, which then appears whole or not at all.
  /// - Throws: `PitwallError`: (usage) where it would be too large or something has its name,
  ///   (data) where the configuration contradicts itself, (inputOutput) where writing fails.
  public func write(to folder: String) throws {
    try configuration.validate(folder)
    guard configuration.vocabularySize >= RandomModel.leastVocabulary else {
      throw PitwallError(
        .usage, "a vocabulary takes at least \(RandomModel.leastVocabulary) tokens")
    }
    let parts = try parts()
    try AtomicFolder.write(to: folder) { folder in
      let tokenizer = RandomTokenizer(size: configuration.vocabularySize, seed: seed)
      try AtomicFile.write(JSONText.compact(config), to: "\(folder)/config.json")
      try AtomicFile.write(tokenizer.text, to: "\(folder)/tokenizer.json")
      try AtomicFile.write(tokenizer.configText, to: "\(folder)/tokenizer_config.json")
      try SafeTensorsWriter.write(
        parts.map(tensor), metadata: ["format": "pt"], to: "\(folder)/model.safetensors")
    }
  }

  /// A tensor before it has numbers.
  private struct Part {
    let name: String
    let shape: [Int]
    /// Its numbers are spread about this mean by this much.
    let mean, deviation: Float
  }

  private func parts() throws -> [Part] {
    let model = configuration
    let width = Float(model.hiddenSize).squareRoot()
    // So that logits are some units apart, and the greedy choice is clear.
    let embedding = [model.vocabularySize, model.hiddenSize]
    var parts = [
      Part(name: "model.embed_tokens.weight", shape: embedding, mean: 0, deviation: 3 / width),
      Part(name: "model.norm.weight", shape: [model.hiddenSize], mean: 1, deviation: 0.1),
    ]
    if !model.tiesEmbeddings {
      parts.append(Part(name: "lm_head.weight", shape: embedding, mean: 0, deviation: 3 / width))
    }
    for layer in 0..<model.layers {
      let prefix = "model.layers.\(layer)."
      for norm in ["input_layernorm", "post_attention_layernorm"] {
        parts.append(
          Part(name: "\(prefix)\(norm).weight", shape: [model.hiddenSize], mean: 1, deviation: 0.1))
      }
      for projection in Projection.allCases {
        let (out, columns) = projection.shape(in: model)
        let name = "\(prefix)\(projection.block).\(projection.name)"
        parts.append(
          Part(
            name: name + ".weight", shape: [out, columns], mean: 0,
            deviation: 1 / Float(columns).squareRoot()))
        if hasBiases {
          parts.append(Part(name: name + ".bias", shape: [out], mean: 0, deviation: 0.1))
        }
      }
    }
    let counts = parts.map { StoredTensor.product($0.shape) ?? RandomModel.mostParameters }
    let count = counts.reduce(0) { min($0 + $1, RandomModel.mostParameters) }
    guard count < RandomModel.mostParameters else {
      throw PitwallError(.usage, "more than 2^29 parameters are too many for a random model")
    }
    return parts
  }

  private func tensor(_ part: Part) throws -> SafeTensorsWriter.Tensor {
    var random = RandomStream(seed: seed, purpose: "weights of \(part.name)")
    let floats = (0..<part.shape.reduce(1, *)).map { _ in
      part.mean + part.deviation * RandomModel.bell(random.next())
    }
    return try SafeTensorsWriter.Tensor(
      name: part.name, shape: part.shape, type: type, floats: floats)
  }

  /// Four uniform numbers of 16 bits added up: mean 0, variance 1 and nearly a bell, without a
  /// logarithm, whose last digit is not the same everywhere.
  private static func bell(_ bits: UInt64) -> Float {
    let sum = (0..<4).reduce(0) { $0 + Int(bits >> (16 * $1) & 0xffff) }
    return Float(sum - 2 * 0xffff) * (Float(3).squareRoot() / 65536)
  }

  private var config: JSONValue {
    let model = configuration
    return .object([
      "architectures": .array([.string("LlamaForCausalLM")]), "model_type": .string("llama"),
      "hidden_act": .string("silu"), "hidden_size": .integer(model.hiddenSize),
      "intermediate_size": .integer(model.feedForwardSize),
      "num_hidden_layers": .integer(model.layers), "num_attention_heads": .integer(model.heads),
      "num_key_value_heads": .integer(model.keyValueHeads), "head_dim": .integer(model.headSize),
      "vocab_size": .integer(model.vocabularySize),
      "max_position_embeddings": .integer(model.maxContext),
      "rope_theta": .number(model.ropeTheta), "rms_norm_eps": .number(model.normEpsilon),
      "tie_word_embeddings": .boolean(model.tiesEmbeddings),
      "attention_bias": .boolean(hasBiases), "mlp_bias": .boolean(hasBiases),
      "bos_token_id": .integer(1), "eos_token_id": .integer(2),
      "torch_dtype": .string(type == .f32 ? "float32" : type == .f16 ? "float16" : "bfloat16"),
    ])
  }
}
