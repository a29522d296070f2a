/// The matrices of a decoder layer that adapters can change.
public enum Projection: Int, Sendable, CaseIterable {
  case query, key, value, output, gate, up, down

  /// Its name in PEFT and Hugging Face files.
  public var name: String {
    switch self {
    case .query: "q_proj"
    case .key: "k_proj"
    case .value: "v_proj"
    case .output: "o_proj"
    case .gate: "gate_proj"
    case .up: "up_proj"
    case .down: "down_proj"
    }
  }

  /// The part of the layer that it belongs to, in Hugging Face names.
  public var block: String { rawValue < Projection.gate.rawValue ? "self_attn" : "mlp" }

  /// Which dimension of its `[out][in]` is that of the residual stream.
  var streamDimension: Int { self == .output || self == .down ? 0 : 1 }

  /// Rows and columns of the matrix, `[out][in]`.
  public func shape(in model: ModelConfiguration) -> (out: Int, in: Int) {
    let keyValue = model.keyValueHeads * model.headSize
    return switch self {
    case .query: (model.heads * model.headSize, model.hiddenSize)
    case .key, .value: (keyValue, model.hiddenSize)
    case .output: (model.hiddenSize, model.heads * model.headSize)
    case .gate, .up: (model.feedForwardSize, model.hiddenSize)
    case .down: (model.hiddenSize, model.feedForwardSize)
    }
  }
}
