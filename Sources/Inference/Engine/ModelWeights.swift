import CKernels
import Primitives

/// How an engine keeps the weights of a model.
public enum WeightStorage: String, Sendable, CaseIterable {
  /// Widened to 32-bit floats.
  case widened
  /// In the checkpoint's own types, widened in registers: the same numbers in fewer bytes.
  /// Types without kernels (Q6_K) are widened all the same.
  case packed
}

/// Matrices that take the same input, side by side in one row of outputs.
@safe struct PanelGroup {
  /// A matrix, its bias, and the column of the outputs at which it begins.
  @safe struct Part {
    let projection: Projection?
    var matrix: PanelMatrix
    /// Padded to whole panels; nil where there is none.
    let bias: UnsafeMutablePointer<Float>?
    let column: Int
  }

  let parts: [Part]
  /// Panels of all parts.
  let panels: Int
  /// Width of a row of outputs.
  let width: Int
  /// Length of the inputs.
  let columns: Int

  init(_ parts: [Part]) {
    self.parts = parts
    panels = parts.reduce(0) { $0 + $1.matrix.panels }
    width = parts.reduce(0) { $0 + $1.matrix.paddedRows }
    columns = parts.first?.matrix.columns ?? 0
  }

  /// Outputs of panel `index` for some rows of inputs.
  func multiply(
    _ x: Rows, from first: Int, count: Int, panel index: Int, into y: Rows, accumulating: Bool,
    by set: InstructionSet
  ) {
    var index = index
    var part = 0
    while index >= parts[part].matrix.panels {
      index -= parts[part].matrix.panels
      part += 1
    }
    let target = y.from(column: parts[part].column)
    parts[part].matrix.multiply(
      x, from: first, count: count, panel: index, into: target, accumulating: accumulating, by: set)
    guard let bias = unsafe parts[part].bias else { return }
    let column = index * PanelMatrix.panelRows
    for row in first..<first + count {
      unsafe pw_add(
        set.code, bias + column, Int32(PanelMatrix.panelRows), target[row] + column)
    }
  }
}

/// Where an adapter can act, as the engine computes: matrices of one group share their input.
enum GroupSite: Int, CaseIterable {
  case attentionInput, attentionOutput, feedForwardInput, feedForwardOutput

  /// In the order in which their outputs lie side by side.
  var projections: [Projection] { GroupSite.projections[rawValue] }

  private static let projections: [[Projection]] = [
    [.query, .key, .value], [.output], [.gate, .up], [.down],
  ]
}

/// The weights of one decoder layer.
@safe struct LayerWeights {
  let attentionNorm: UnsafeMutablePointer<Float>
  let feedForwardNorm: UnsafeMutablePointer<Float>
  /// By ``GroupSite``.
  let groups: [PanelGroup]
}

/// A model's weights in memory, as the kernels want them.
@safe final class ModelWeights {
  let model: ModelConfiguration
  let storage: WeightStorage
  let layers: [LayerWeights]
  let embedding: PanelMatrix
  /// The output matrix; ``embedding`` itself where they are tied.
  let head: PanelGroup
  let norm: UnsafeMutablePointer<Float>
  private let memory: AlignedMemory
  /// Bytes that are filled.
  let byteCount: Int
  /// Of their multiples a head's size must be one.
  static let headSizes = 16

  /// Reads the weights of a checkpoint.
  /// - Throws: `PitwallError` (data) for a model that the kernels cannot run, (unavailable) where
  ///   there is not enough memory.
  init(_ checkpoint: Checkpoint, storage: WeightStorage, workers: Workers) throws {
    let model = checkpoint.configuration
    guard model.headSize.isMultiple(of: ModelWeights.headSizes) else {
      throw PitwallError.data(
        checkpoint.path,
        "the head size is \(model.headSize); only multiples of \(ModelWeights.headSizes) are supported"
      )
    }
    var plan = WeightPlan(checkpoint, packed: storage == .packed)
    let layerPlans = try (0..<model.layers).map { try plan.layer($0) }
    let embedding = try plan.matrix("model.embed_tokens", nil)
    let head = model.tiesEmbeddings ? embedding : try plan.matrix("lm_head", nil)
    let norm = try plan.vector("model.norm.weight")
    memory = try AlignedMemory(byteCount: plan.byteCount, for: "the weights")
    byteCount = plan.byteCount
    let memory = memory
    self.model = model
    self.storage = storage
    layers = layerPlans.map { $0.weights(in: memory) }
    self.embedding = embedding.part(in: memory, column: 0).matrix
    self.head = PanelGroup([head.part(in: memory, column: 0)])
    unsafe self.norm = norm.pointer(in: memory)
    plan.fill(memory, workers: workers)
  }

  /// A number that changes when any bit of the weights does.
  func checksum() -> UInt64 { unsafe pw_checksum(memory.start, byteCount) }
}
