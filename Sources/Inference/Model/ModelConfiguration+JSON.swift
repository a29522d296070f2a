import Primitives

extension ModelConfiguration {
  private static let mostBytes = 1 << 24

  /// Reads the `config.json` of a Hugging Face folder, and `generation_config.json` where there is
  /// one, which may name more end tokens.
  /// - Throws: `PitwallError` (noInput, data): a key that is missing or wrong, or a model that is no
  ///   Llama-like decoder or needs what the engine does not do.
  static func read(folder: String, hasGenerationConfig: Bool) throws -> ModelConfiguration {
    let path = folder + "/config.json"
    let fields = Fields(path: path, try JSONParser.parse(file: path, limit: mostBytes))
    try refuseOtherModels(fields)
    let hiddenSize = try fields.integer("hidden_size")
    let heads = try fields.integer("num_attention_heads")
    var model = ModelConfiguration(
      hiddenSize: hiddenSize, layers: try fields.integer("num_hidden_layers"), heads: heads,
      keyValueHeads: try fields.integer("num_key_value_heads", or: heads),
      headSize: try fields.integer("head_dim", or: heads > 0 ? hiddenSize / heads : 0),
      feedForwardSize: try fields.integer("intermediate_size"),
      vocabularySize: try fields.integer("vocab_size"),
      maxContext: try fields.integer("max_position_embeddings"),
      ropeTheta: try fields.ropeTheta(), ropeScaling: try fields.ropeScaling(),
      normEpsilon: try fields.number("rms_norm_eps"),
      tiesEmbeddings: try fields.boolean("tie_word_embeddings", or: false),
      endTokens: try fields.tokens("eos_token_id"))
    if hasGenerationConfig {
      let path = folder + "/generation_config.json"
      let more = Fields(path: path, try JSONParser.parse(file: path, limit: mostBytes))
      for token in try more.tokens("eos_token_id") where !model.endTokens.contains(token) {
        model.endTokens.append(token)
      }
    }
    try model.validate(path)
    return model
  }

  /// Refuses what would run but give wrong numbers.
  private static func refuseOtherModels(_ fields: Fields) throws {
    let type = try fields.string("model_type", or: "")
    guard ["llama", "mistral", "qwen2"].contains(type) else {
      throw fields.error("model_type \"\(type)\" is not supported, only llama, mistral and qwen2")
    }
    let activation = try fields.string("hidden_act", or: "silu")
    guard activation == "silu" else {
      throw fields.error("hidden_act \"\(activation)\" is not supported, only silu")
    }
    let hasWindow =
      type == "qwen2"
      ? try fields.boolean("use_sliding_window", or: false) : fields.has("sliding_window")
    guard !hasWindow else { throw fields.error("a sliding window of attention is not supported") }
    guard !fields.has("quantization_config") else {
      throw fields.error("quantised Hugging Face checkpoints are not supported")
    }
    guard try fields.number("partial_rotary_factor", or: 1) == 1 else {
      throw fields.error("partial_rotary_factor is not supported")
    }
  }
}

/// Typed access to the members of a `config.json`.
private struct Fields {
  let path: String
  private let json: JSONValue

  init(path: String, _ json: JSONValue) {
    self.path = path
    self.json = json
  }

  func error(_ message: String) -> PitwallError { .data(path, message) }

  func has(_ key: String) -> Bool { json[key] != nil }

  private func value<T>(
    _ key: String, _ what: String, or fallback: T?, _ read: (JSONValue) -> T?
  ) throws -> T {
    guard let value = json[key] else {
      guard let fallback else { throw error("\(key) is missing") }
      return fallback
    }
    guard let result = read(value) else { throw error("\(key): expected \(what)") }
    return result
  }

  func integer(_ key: String, or fallback: Int? = nil) throws -> Int {
    try value(key, "a whole number", or: fallback, \.integer)
  }

  func number(_ key: String, or fallback: Double? = nil) throws -> Double {
    try value(key, "a number", or: fallback, \.double)
  }

  func boolean(_ key: String, or fallback: Bool) throws -> Bool {
    try value(key, "true or false", or: fallback, \.boolean)
  }

  func string(_ key: String, or fallback: String) throws -> String {
    try value(key, "text", or: fallback, \.string)
  }

  /// One token or several, or none.
  func tokens(_ key: String) throws -> [Int32] {
    try value(key, "a token or a list of tokens", or: []) { value in
      let list = value.array ?? [value]
      let tokens = list.compactMap(\.integer).compactMap(Int32.init(exactly:))
      return tokens.count == list.count ? tokens : nil
    }
  }

  /// In `rope_parameters` from transformers 5 on, beside it before.
  func ropeTheta() throws -> Double {
    if let theta = json["rope_parameters"]?["rope_theta"]?.double { return theta }
    return try number("rope_theta", or: 10_000)
  }

  func ropeScaling() throws -> ModelConfiguration.RopeScaling {
    guard let scaling = json["rope_parameters"] ?? json["rope_scaling"] else { return .none }
    // The key was called `type` before transformers 4.43.
    let type = (scaling["rope_type"] ?? scaling["type"])?.string ?? "default"
    func number(_ key: String) throws -> Double {
      guard let number = scaling[key]?.double else {
        throw error("rope scaling \"\(type)\" needs a number as \(key)")
      }
      return number
    }
    switch type {
    case "default": return .none
    case "linear": return .linear(factor: try number("factor"))
    case "llama3":
      guard let context = Int(exactly: try number("original_max_position_embeddings")) else {
        throw error("original_max_position_embeddings: expected a whole number")
      }
      return .llama3(
        factor: try number("factor"), lowFrequency: try number("low_freq_factor"),
        highFrequency: try number("high_freq_factor"), originalContext: context)
    default:
      throw error("rope scaling \"\(type)\" is not supported, only default, linear and llama3")
    }
  }
}
