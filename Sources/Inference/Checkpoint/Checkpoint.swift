import Primitives

/// A model on disk: its shape, and its tensors under Hugging Face's names.
///
/// Proven when opened: every tensor that the model needs is there with the right shape, and there is
/// none that the engine would ignore.
public struct Checkpoint: Sendable {
  /// How a checkpoint is stored.
  public enum Format: String, Sendable {
    case gguf = "GGUF"
    case safeTensors = "safetensors"
  }

  /// The file or folder that was opened.
  public let path: String
  public let format: Format
  public let configuration: ModelConfiguration
  /// Whether query and key rows lie in llama.cpp's interleaved order.
  private let interleavesRotaryRows: Bool
  private let tensors: [String: StoredTensor]

  init(
    path: String, format: Format, configuration: ModelConfiguration, interleavesRotaryRows: Bool,
    tensors: [String: StoredTensor]
  ) throws {
    self.path = path
    self.format = format
    self.configuration = configuration
    self.interleavesRotaryRows = interleavesRotaryRows
    self.tensors = tensors
    try checkTensors()
  }

  /// Names of the model's tensors, sorted.
  public var tensorNames: [String] { tensors.keys.sorted() }

  /// A tensor by its Hugging Face name, such as `model.layers.0.self_attn.q_proj.weight`; for
  /// `lm_head.weight` the embedding where the two are tied.
  /// - Throws: `PitwallError` (data) if there is none.
  public func tensor(_ name: String) throws -> StoredTensor {
    guard let tensor = optionalTensor(name) else {
      throw PitwallError.data(path, "the tensor \(name) is missing")
    }
    return tensor
  }

  /// A tensor that not every model has, such as a bias; nil if this one has not.
  public func optionalTensor(_ name: String) -> StoredTensor? {
    let isTied = configuration.tiesEmbeddings && name == "lm_head.weight"
    return tensors[isTied ? "model.embed_tokens.weight" : name]
  }

  /// In which order the rows of a tensor lie. Who widens or repacks it must take row
  /// ``RowOrder/storedRow(of:)`` for each row of the model. Biases count as rows of one element.
  public func rowOrder(of name: String) -> RowOrder {
    let isRotary = name.contains(".q_proj.") || name.contains(".k_proj.")
    return interleavesRotaryRows && isRotary
      ? .interleaved(headSize: configuration.headSize) : .halfSplit
  }

  /// Bytes of all tensors.
  public var byteCount: Int { tensors.values.reduce(0) { $0 + $1.byteCount } }

  /// Numbers in all tensors.
  public var parameterCount: Int { tensors.values.reduce(0) { $0 + $1.rows * $1.columns } }

  private func checkTensors() throws {
    var unknown = Set(tensors.keys)
    func check(_ name: String, _ shape: [Int], isOptional: Bool = false) throws {
      guard let tensor = tensors[name] else {
        guard isOptional else { throw PitwallError.data(path, "the tensor \(name) is missing") }
        return
      }
      guard tensor.shape == shape else {
        throw PitwallError.data(
          path, "the tensor \(name) has the shape \(tensor.shape), where \(shape) is due")
      }
      unknown.remove(name)
    }
    let model = configuration
    try check("model.embed_tokens.weight", [model.vocabularySize, model.hiddenSize])
    try check("model.norm.weight", [model.hiddenSize])
    try check(
      "lm_head.weight", [model.vocabularySize, model.hiddenSize], isOptional: model.tiesEmbeddings)
    for layer in 0..<model.layers {
      let prefix = "model.layers.\(layer)."
      try check(prefix + "input_layernorm.weight", [model.hiddenSize])
      try check(prefix + "post_attention_layernorm.weight", [model.hiddenSize])
      for projection in Projection.allCases {
        let name = "\(prefix)\(projection.block).\(projection.name)"
        let shape = projection.shape(in: model)
        try check(name + ".weight", [shape.out, shape.in])
        try check(name + ".bias", [shape.out], isOptional: true)
      }
    }
    if let name = unknown.min() {
      throw PitwallError.data(path, "the tensor \(name) has no place in a Llama model")
    }
  }
}
