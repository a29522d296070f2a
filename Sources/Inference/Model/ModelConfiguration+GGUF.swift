import Primitives

extension ModelConfiguration {
  /// Reads the metadata of a GGUF file.
  /// - Throws: `PitwallError` (data): a key that is missing or wrong, or a model that is no
  ///   Llama-like decoder or needs what the engine does not do.
  init(_ file: GGUFFile) throws {
    let fields = try GGUFFields(file)
    let heads = try fields.integer("attention.head_count")
    let hiddenSize = try fields.integer("embedding_length")
    let headSize = try fields.integer(
      "attention.key_length", or: heads > 0 ? hiddenSize / heads : 0)
    try fields.require("attention.value_length", toBe: headSize)
    try fields.require("rope.dimension_count", toBe: headSize)
    try fields.require("expert_count", toBe: 0)
    // The embedding may have more rows than the tokenizer has tokens.
    guard let embedding = file.tensors["token_embd.weight"] else {
      throw PitwallError.data(file.path, "the tensor token_embd.weight is missing")
    }
    self.init(
      hiddenSize: hiddenSize, layers: try fields.integer("block_count"), heads: heads,
      keyValueHeads: try fields.integer("attention.head_count_kv", or: heads), headSize: headSize,
      feedForwardSize: try fields.integer("feed_forward_length"), vocabularySize: embedding.rows,
      maxContext: try fields.integer("context_length"),
      ropeTheta: try fields.number("rope.freq_base", or: 10_000),
      ropeScaling: try fields.ropeScaling(),
      normEpsilon: try fields.number("attention.layer_norm_rms_epsilon"),
      tiesEmbeddings: file.tensors["output.weight"] == nil,
      endTokens: try fields.endTokens(), beginToken: try fields.beginToken())
    try validate(file.path)
  }
}

/// Typed access to the metadata of a GGUF model.
private struct GGUFFields {
  private let path: String
  private let metadata: [String: GGUFValue]
  private let architecture: String

  init(_ file: GGUFFile) throws {
    path = file.path
    metadata = file.metadata
    guard let architecture = metadata["general.architecture"]?.string else {
      throw PitwallError.data(path, "general.architecture is missing")
    }
    guard ["llama", "qwen2"].contains(architecture) else {
      throw PitwallError.data(
        path, "architecture \"\(architecture)\" is not supported, only llama and qwen2")
    }
    self.architecture = architecture
  }

  private func key(_ name: String) -> String { "\(architecture).\(name)" }

  private func value<T>(
    _ key: String, _ what: String, or fallback: T?, _ read: (GGUFValue) -> T?
  ) throws -> T {
    guard let value = metadata[key] else {
      guard let fallback else { throw PitwallError.data(path, "\(key) is missing") }
      return fallback
    }
    guard let result = read(value) else {
      throw PitwallError.data(path, "\(key): expected \(what)")
    }
    return result
  }

  func integer(_ name: String, or fallback: Int? = nil) throws -> Int {
    try value(key(name), "a whole number", or: fallback, \.integer)
  }

  func number(_ name: String, or fallback: Double? = nil) throws -> Double {
    try value(key(name), "a number", or: fallback, \.double)
  }

  /// A size that, where it is given at all, the engine needs to be this one.
  func require(_ name: String, toBe expected: Int) throws {
    let found = try integer(name, or: expected)
    guard found == expected else {
      throw PitwallError.data(path, "\(key(name)) is \(found); only \(expected) is supported")
    }
  }

  func ropeScaling() throws -> ModelConfiguration.RopeScaling {
    let type = try value(key("rope.scaling.type"), "text", or: "none", \.string)
    switch type {
    case "none":
      // How it was written before there were types.
      let factor = try number("rope.scale_linear", or: 1)
      return factor == 1 ? .none : .linear(factor: factor)
    case "linear": return .linear(factor: try number("rope.scaling.factor"))
    default:
      throw PitwallError.data(
        path, "rope scaling \"\(type)\" is not supported, only none and linear")
    }
  }

  func endTokens() throws -> [Int32] {
    var tokens: [Int32] = []
    for key in ["tokenizer.ggml.eos_token_id", "tokenizer.ggml.eot_token_id"] {
      guard let token = try self.token(key), !tokens.contains(token) else { continue }
      tokens.append(token)
    }
    return tokens
  }

  func beginToken() throws -> Int32? {
    let adds = try value(
      "tokenizer.ggml.add_bos_token", "true or false", or: GGUFTokens.addsBegin(metadata), \.boolean
    )
    return adds ? try token("tokenizer.ggml.bos_token_id") : nil
  }

  private func token(_ key: String) throws -> Int32? {
    guard metadata[key] != nil else { return nil }
    return try value(key, "a token", or: nil) { $0.integer.flatMap(Int32.init(exactly:)) }
  }
}
