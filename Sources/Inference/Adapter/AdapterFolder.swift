import Foundation
import Primitives

/// The folder that PEFT saves an adapter to.
struct AdapterFolder {
  let path: String

  var configuration: String { path + "/adapter_config.json" }
  var weights: String { path + "/adapter_model.safetensors" }
  /// Last part of the path.
  var name: String { URL(fileURLWithPath: path).standardizedFileURL.lastPathComponent }

  /// Reads which tensors there are, and pairs them.
  /// - Throws: `PitwallError` (noInput, data) where a tensor is none of a LoRA, is there twice, lacks
  ///   its partner, has another rank than the configuration says, or is not targeted by it.
  func updates(under configuration: AdapterConfiguration) throws -> [LoRASite: LoRAUpdate] {
    let file = try SafeTensorsFile(path: weights)
    if let (name, type) = file.unreadable.min(by: { $0.key < $1.key }) {
      throw wrong(name, "elements of type \(type) are not supported")
    }
    guard !file.tensors.isEmpty else { throw PitwallError.data(weights, "holds no tensors") }
    let parts = try parts(of: file)
    return try withRules(configuration) { rules in
      var updates: [LoRASite: LoRAUpdate] = [:]
      for (site, tensors) in parts.sorted(by: { $0.key < $1.key }) {
        updates[site] = try update(of: site, tensors, &rules)
      }
      return updates
    }
  }

  /// Tensors by what they are of.
  private func parts(of file: SafeTensorsFile) throws -> [LoRASite: [LoRAPart: StoredTensor]] {
    var parts: [LoRASite: [LoRAPart: StoredTensor]] = [:]
    for (name, tensor) in file.tensors.sorted(by: { $0.key < $1.key }) {
      guard let (site, part) = LoRASite.parse(tensor: name) else {
        throw wrong(name, AdapterFolder.reason(against: name))
      }
      if let other = parts[site, default: [:]].updateValue(tensor, forKey: part) {
        throw wrong(name, "\(other.name) is \(part.name) of the same module")
      }
    }
    return parts
  }

  private static func reason(against name: String) -> String {
    if name.contains("lora_magnitude_vector") { return "DoRA is not supported" }
    if name.contains("lora_embedding") { return "updates of embeddings are not supported" }
    if name.hasSuffix(".bias") { return "biases are not supported" }
    return "not lora_A or lora_B of a projection in a decoder layer"
  }

  /// Wider than any model.
  private static let mostFeatures = 1 << 20

  private func update(
    of site: LoRASite, _ tensors: [LoRAPart: StoredTensor], _ rules: inout AdapterRules
  ) throws -> LoRAUpdate {
    guard let a = tensors[.a], let b = tensors[.b] else {
      let lone = tensors.values.first?.name ?? site.module
      throw wrong(lone, "its \(tensors[.a] == nil ? "lora_A" : "lora_B") is missing")
    }
    guard try rules.targets(site) else {
      throw wrong(a.name, "the configuration does not target \(site.module)")
    }
    let (rank, scaling) = try rules.update(of: site)
    try check(a, hasShape: [rank, a.columns])
    try check(b, hasShape: [b.rows, rank])
    guard a.columns > 0, b.rows > 0 else { throw wrong(a.name, "an empty matrix") }
    guard max(a.columns, b.rows) <= AdapterFolder.mostFeatures else {
      throw wrong(a.name, "for more than \(AdapterFolder.mostFeatures) features")
    }
    guard Float(scaling).isFinite else {
      throw PitwallError.data(self.configuration, "lora_alpha: the scale is not finite")
    }
    return LoRAUpdate(rank: rank, scaling: scaling, a: a, b: b)
  }

  func check(_ tensor: StoredTensor, hasShape shape: [Int]) throws {
    guard tensor.shape == shape else {
      throw wrong(tensor.name, "its shape is \(tensor.shape), not \(shape)")
    }
  }

  /// Throws where a module is targeted that has no update.
  func check(_ adapter: LoRAAdapter, coversTargetsIn model: ModelConfiguration) throws {
    try withRules(adapter.configuration) { rules in
      for layer in 0..<model.layers {
        for projection in Projection.allCases {
          let site = LoRASite(layer: layer, projection: projection)
          guard adapter.updates[site] == nil, try rules.targets(site) else { continue }
          throw PitwallError.data(weights, "no tensors of \(site.module), which is targeted")
        }
      }
    }
  }

  /// Turns what is wrong with a regular expression into an error that names the file.
  private func withRules<R>(
    _ configuration: AdapterConfiguration, _ body: (inout AdapterRules) throws -> R
  ) throws -> R {
    do {
      var rules = try AdapterRules(configuration)
      return try body(&rules)
    } catch let error as ModulePattern.Malformed {
      throw PitwallError.data(self.configuration, "\(error.key): a pattern \(error.why)")
    }
  }

  private func wrong(_ tensor: String, _ message: String) -> PitwallError {
    .data(weights, "tensor \(tensor): \(message)")
  }
}
