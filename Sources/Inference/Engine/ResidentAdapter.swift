import CKernels

/// An adapter in the pool, as the kernels read it.
@safe final class ResidentAdapter {
  /// A stretch of a group or panel.
  @safe struct Run {
    let memory: UnsafeMutableRawPointer
    let first: Int
    let count: Int
  }

  let id: Int
  let source: LoRAAdapter
  let pages: [Int32]
  private let updates: [AdapterLayout.Update]
  private let runs: [Run]
  /// By layer and projection, index in ``updates``; -1 where the adapter changes nothing.
  private let index: [Int]
  /// Sequences that use it.
  var users = 0

  /// - Parameter offset: bytes by which everything is read in the wrong place; 0 but for a planted
  ///   fault.
  init(_ load: AdapterLoad, pool: DevicePool, layers: Int, offset: Int) {
    id = load.id
    source = load.adapter
    pages = load.pages
    updates = load.layout.updates
    runs = load.layout.runs.map {
      unsafe Run(
        memory: pool.page(load.pages[$0.page]) + $0.offset + offset, first: $0.first,
        count: $0.count)
    }
    var index = [Int](repeating: -1, count: layers * Projection.allCases.count)
    for (position, update) in load.layout.updates.enumerated() {
      index[ResidentAdapter.slot(update.site.layer, update.site.projection)] = position
    }
    self.index = index
  }

  private static func slot(_ layer: Int, _ projection: Projection) -> Int {
    layer * Projection.allCases.count + projection.rawValue
  }

  /// Groups of A and panels of B that it has for a matrix.
  func extent(layer: Int, _ projection: Projection) -> (groups: Int, panels: Int, rank: Int) {
    let position = index[ResidentAdapter.slot(layer, projection)]
    guard position >= 0 else { return (0, 0, 0) }
    let update = updates[position]
    return (update.groups.count, update.panels.count, update.rank)
  }

  /// The ranks of one group of `t = x A`, times the update's scale and each row's weight.
  func shrink(
    layer: Int, _ projection: Projection, group: Int, _ x: Rows, rows: Range<Int>,
    weights: UnsafeMutablePointer<Float>, into t: Rows, by set: InstructionSet
  ) {
    let update = updates[index[ResidentAdapter.slot(layer, projection)]]
    let width = update.width(ofGroup: group)
    let column = group * AdapterLayout.groupRanks
    for run in update.groups[group] {
      let run = runs[run]
      unsafe pw_shrink(
        set.code, update.kinds.a.code, x[rows.lowerBound] + run.first, x.stride,
        Int32(truncatingIfNeeded: rows.count), run.memory, Int32(truncatingIfNeeded: run.count),
        Int32(truncatingIfNeeded: width), t[rows.lowerBound] + column, t.stride, run.first > 0)
    }
    for row in rows {
      let scale = unsafe update.scale * weights[row]
      for rank in column..<column + width { unsafe t[row][rank] *= scale }
    }
  }

  /// `y += t B` for some panels of outputs.
  func expand(
    layer: Int, _ projection: Projection, panels: Range<Int>, _ t: Rows, rows: Range<Int>,
    into y: Rows, by set: InstructionSet
  ) {
    let update = updates[index[ResidentAdapter.slot(layer, projection)]]
    for panel in panels {
      for run in update.panels[panel] {
        let run = runs[run]
        unsafe pw_multiply(
          set.code, update.kinds.b.code, t[rows.lowerBound] + run.first, t.stride,
          Int32(truncatingIfNeeded: rows.count), run.memory, 0, 1,
          Int32(truncatingIfNeeded: run.count), y[rows.lowerBound] + panel * PanelMatrix.panelRows,
          y.stride, true)
      }
    }
  }
}
