import Primitives

/// The low-rank update of one matrix: W x becomes W x + ``scale`` B A x.
public struct LoRAUpdate: Sendable {
  /// Inner dimension of the product.
  public let rank: Int
  /// alpha over the rank, or over its square root for rsLoRA; finite.
  public let scaling: Double
  /// `[rank][in]`, in 32 or 16 bits.
  public let a: StoredTensor
  /// `[out][rank]`, in 32 or 16 bits.
  public let b: StoredTensor

  /// ``scaling``, as the engine multiplies by it.
  public var scale: Float { Float(scaling) }

  /// Bytes of both matrices as they are stored.
  public var byteCount: Int { a.byteCount + b.byteCount }
}

/// A LoRA adapter: low-rank updates of matrices of a decoder's layers, mapped from a PEFT folder.
///
/// E. J. Hu et al., "LoRA: Low-Rank Adaptation of Large Language Models", ICLR 2022.
public struct LoRAAdapter: Sendable {
  /// Name of the folder.
  public let name: String
  public let configuration: AdapterConfiguration
  /// The updates. A matrix that has none is left as it is.
  public let updates: [LoRASite: LoRAUpdate]
  /// The largest rank of any update.
  public let maxRank: Int
  /// What it takes in a pool that keeps matrices in the precision in which they are stored: bytes of
  /// all A and B.
  public let byteCount: Int

  init(name: String, configuration: AdapterConfiguration, updates: [LoRASite: LoRAUpdate]) {
    self.name = name
    self.configuration = configuration
    self.updates = updates
    maxRank = updates.values.map(\.rank).max() ?? 0
    byteCount = updates.values.reduce(0) { $0 + $1.byteCount }
  }

  /// The update of a matrix, or nil where the adapter leaves it as it is.
  public subscript(layer: Int, projection: Projection) -> LoRAUpdate? {
    updates[LoRASite(layer: layer, projection: projection)]
  }

  /// The matrices that are changed, in the order in which a model computes them.
  public var sites: [LoRASite] { updates.keys.sorted() }

  /// Opens an adapter and checks that it is one for this model: its matrices fit the model's, and it
  /// has an update for each module that its configuration says it changes.
  ///
  /// - Parameter path: a folder with `adapter_config.json` and `adapter_model.safetensors`.
  /// - Throws: `PitwallError` (noInput; data, which names file, tensor and cause).
  public static func open(_ path: String, for model: ModelConfiguration) throws -> LoRAAdapter {
    let adapter = try open(path)
    let files = AdapterFolder(path: path)
    for (site, update) in adapter.updates.sorted(by: { $0.key < $1.key }) {
      guard site.layer < model.layers else {
        throw PitwallError.data(
          files.weights, "tensor \(update.a.name): the model has \(model.layers) layers")
      }
      let shape = site.projection.shape(in: model)
      try files.check(update.a, hasShape: [update.rank, shape.in])
      try files.check(update.b, hasShape: [shape.out, update.rank])
    }
    try files.check(adapter, coversTargetsIn: model)
    return adapter
  }

  /// Opens an adapter for whatever model it fits.
  ///
  /// - Parameter path: a folder with `adapter_config.json` and `adapter_model.safetensors`.
  /// - Throws: `PitwallError` (noInput; data, which names file, tensor and cause).
  public static func open(_ path: String) throws -> LoRAAdapter {
    let files = AdapterFolder(path: path)
    let configuration = try AdapterConfiguration(path: files.configuration)
    let updates = try files.updates(under: configuration)
    return LoRAAdapter(name: files.name, configuration: configuration, updates: updates)
  }
}
