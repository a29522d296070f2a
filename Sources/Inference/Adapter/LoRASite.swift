/// One matrix of one layer: where an adapter can act.
public struct LoRASite: Sendable, Hashable, Comparable {
  /// From 0.
  public let layer: Int
  public let projection: Projection

  public init(layer: Int, projection: Projection) {
    self.layer = layer
    self.projection = projection
  }

  /// The module's name in a Hugging Face model: `model.layers.3.self_attn.q_proj`.
  public var module: String { "model.layers.\(layer).\(projection.block).\(projection.name)" }

  /// In the order in which a model computes them.
  public static func < (a: LoRASite, b: LoRASite) -> Bool {
    (a.layer, a.projection.rawValue) < (b.layer, b.projection.rawValue)
  }
}

/// Which of the two matrices of a low-rank update.
public enum LoRAPart: Sendable, Hashable, CaseIterable {
  /// `[rank][in]`.
  case a
  /// `[out][rank]`.
  case b

  /// Its name in PEFT files.
  public var name: String { self == .a ? "lora_A" : "lora_B" }
}

extension LoRASite {
  /// Reads the name of a tensor of an adapter, as PEFT and those who use it have written them:
  /// with `base_model.model.` before the model's own name or without, with `model.` for a causal
  /// language model or without for a bare decoder, and with the adapter's name after `lora_A` in
  /// checkpoints of training frameworks.
  ///
  /// - Returns: nil where the name is none of a decoder layer's projection.
  static func parse(tensor name: String) -> (site: LoRASite, part: LoRAPart)? {
    var words = name.split(separator: ".", omittingEmptySubsequences: false)[...]
    if words.starts(with: ["base_model", "model"]) { words = words.dropFirst(2) }
    if words.first == "model" { words = words.dropFirst() }
    // layers N block projection lora_X [adapter] weight
    guard words.count == 6 || words.count == 7, words.popFirst() == "layers",
      let number = words.popFirst(), let layer = Int(number), String(layer) == number, layer >= 0,
      let block = words.popFirst(), let module = words.popFirst(),
      let projection = Projection.allCases.first(where: { $0.block == block && $0.name == module }),
      let letter = words.popFirst(),
      let part = LoRAPart.allCases.first(where: { $0.name == letter }),
      words.last == "weight"
    else { return nil }
    return (LoRASite(layer: layer, projection: projection), part)
  }
}
