import Primitives

/// Where each tensor of a checkpoint goes in one piece of memory: laid out first, filled after.
struct WeightPlan {
  /// A vector of floats, padded to whole panels.
  struct Vector {
    let tensor: StoredTensor
    let order: RowOrder
    let offset: Int

    func pointer(in memory: AlignedMemory) -> UnsafeMutablePointer<Float> {
      unsafe (memory.start + offset).assumingMemoryBound(to: Float.self)
    }
  }

  struct Matrix {
    let projection: Projection?
    let source: PanelSource
    let offset: Int
    let bias: Vector?

    func part(in memory: AlignedMemory, column: Int) -> PanelGroup.Part {
      unsafe PanelGroup.Part(
        projection: projection, matrix: source.matrix(in: memory, at: offset),
        bias: bias.map { unsafe $0.pointer(in: memory) }, column: column)
    }
  }

  struct Layer {
    let attentionNorm: Vector
    let feedForwardNorm: Vector
    let groups: [[Matrix]]

    func weights(in memory: AlignedMemory) -> LayerWeights {
      let groups = groups.map { matrices in
        var column = 0
        let parts = matrices.map { matrix in
          let part = matrix.part(in: memory, column: column)
          column += part.matrix.paddedRows
          return part
        }
        return PanelGroup(parts)
      }
      return unsafe LayerWeights(
        attentionNorm: attentionNorm.pointer(in: memory),
        feedForwardNorm: feedForwardNorm.pointer(in: memory), groups: groups)
    }
  }

  private let checkpoint: Checkpoint
  private let packed: Bool
  private(set) var byteCount = 0
  private var matrices: [Matrix] = []
  private var vectors: [Vector] = []

  init(_ checkpoint: Checkpoint, packed: Bool) {
    self.checkpoint = checkpoint
    self.packed = packed
  }

  private mutating func take(_ bytes: Int) -> Int {
    defer { byteCount += (bytes + 63) / 64 * 64 }
    return byteCount
  }

  mutating func vector(_ name: String) throws -> Vector {
    let tensor = try checkpoint.tensor(name)
    let padded = (tensor.rows * tensor.columns + 31) / 32 * 32
    let vector = Vector(
      tensor: tensor, order: checkpoint.rowOrder(of: name), offset: take(padded * 4))
    vectors.append(vector)
    return vector
  }

  /// A matrix, with its bias where it has one, under its Hugging Face name without `.weight`.
  mutating func matrix(_ name: String, _ projection: Projection?) throws -> Matrix {
    let weight = name + ".weight"
    let source = PanelSource(
      try checkpoint.tensor(weight), order: checkpoint.rowOrder(of: weight), packed: packed)
    let offset = take(source.byteCount)
    let hasBias = checkpoint.optionalTensor(name + ".bias") != nil
    let bias = hasBias ? try vector(name + ".bias") : nil
    let matrix = Matrix(projection: projection, source: source, offset: offset, bias: bias)
    matrices.append(matrix)
    return matrix
  }

  mutating func layer(_ index: Int) throws -> Layer {
    let prefix = "model.layers.\(index)."
    return Layer(
      attentionNorm: try vector(prefix + "input_layernorm.weight"),
      feedForwardNorm: try vector(prefix + "post_attention_layernorm.weight"),
      groups: try GroupSite.allCases.map { site in
        try site.projections.map { try matrix("\(prefix)\($0.block).\($0.name)", $0) }
      })
  }

  /// Fills the memory, which is zero, by all workers.
  func fill(_ memory: AlignedMemory, workers: Workers) {
    for vector in vectors {
      let floats = Dequantizer.floats(vector.tensor)
      let target = unsafe vector.pointer(in: memory)
      for row in floats.indices { unsafe target[row] = floats[vector.order.storedRow(of: row)] }
    }
    for matrix in matrices {
      let panels = matrix.source.matrix(in: memory, at: matrix.offset)
      let source = matrix.source
      workers.run(units: panels.panels) { unit, _ in source.fill(panels, panel: unit) }
    }
  }
}
