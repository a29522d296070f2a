import CKernels
import Primitives

/// The base weights that a merge changed, kept so that it can be undone to the bit.
struct MergedAdapter {
  let id: Int
  let adapter: LoRAAdapter
  /// The matrices that it changed.
  let sites: [LoRASite]
}

extension Engine {
  /// Folds an adapter into the weights: until ``unmerge()``, its sequences need no products of their
  /// own, and no other sequence can run.
  ///
  /// B. Wu et al., "dLoRA", OSDI 2024.
  /// - Throws: `PitwallError` (usage) for an adapter that is not loaded, weights that are not
  ///   widened, or where one is merged already; (unavailable) where there is no memory for the base
  ///   weights that it changes.
  public func merge(_ id: Int) throws {
    guard merged == nil else { throw PitwallError(.usage, "an adapter is merged already") }
    guard let place = places[id], let adapter = forward.adapters[place] else {
      throw PitwallError(.usage, "adapter \(id) is not loaded")
    }
    let sites = adapter.source.sites
    let matrices = sites.map { matrix(at: $0) }
    guard matrices.allSatisfy({ $0.kind == .f32 }) else {
      throw PitwallError(.usage, "only widened weights can be merged into")
    }
    let bytes = matrices.reduce(0) { $0 + $1.byteCount }
    if keptWeights.map({ $0.byteCount < bytes }) ?? true {
      keptWeights = try AlignedMemory(byteCount: bytes, for: "the kept base weights")
    }
    guard let kept = keptWeights else { return }
    var offset = 0
    for (site, matrix) in zip(sites, matrices) {
      guard let update = adapter.source.updates[site] else { continue }
      fold(update, scale: update.scale, into: matrix, keeping: kept, at: offset)
      offset += matrix.byteCount
    }
    merged = MergedAdapter(id: id, adapter: adapter.source, sites: sites)
  }

  /// Puts back the weights that a merge changed, exactly.
  public func unmerge() {
    guard let merged, let kept = keptWeights else { return }
    self.merged = nil
    var offset = 0
    for site in merged.sites {
      let matrix = matrix(at: site)
      let start = offset
      offset += matrix.byteCount
      if fault == .driftedUnmerge {
        // What a subtraction leaves is not what was there.
        subtract(merged.adapter, at: site, from: matrix, keeping: kept, at: start)
        continue
      }
      workers.run(units: matrix.panels) { panel, _ in
        unsafe matrix.panel(panel).copyMemory(
          from: kept.start + start + panel * matrix.panelBytes, byteCount: matrix.panelBytes)
      }
    }
  }

  private func subtract(
    _ adapter: LoRAAdapter, at site: LoRASite, from matrix: PanelMatrix,
    keeping kept: AlignedMemory, at offset: Int
  ) {
    guard let update = adapter.updates[site] else { return }
    fold(update, scale: -update.scale, into: matrix, keeping: kept, at: offset)
  }

  private func matrix(at site: LoRASite) -> PanelMatrix {
    for group in weights.layers[site.layer].groups {
      for part in group.parts where part.projection == site.projection { return part.matrix }
    }
    return weights.embedding
  }

  private func fold(
    _ update: LoRAUpdate, scale: Float, into matrix: PanelMatrix, keeping kept: AlignedMemory,
    at offset: Int
  ) {
    let rank = update.rank
    let a = LowRankSide(update.a, scale: scale)
    let set = configuration.instructionSet
    workers.run(units: matrix.panels) { panel, _ in
      let first = panel * PanelMatrix.panelRows
      let count = min(PanelMatrix.panelRows, matrix.rows - first)
      unsafe pw_set_aside(
        matrix.panel(panel), matrix.panelBytes, kept.start + offset + panel * matrix.panelBytes)
      unsafe withUnsafeTemporaryAllocation(
        of: Float.self, capacity: rank * (PanelMatrix.panelRows + count)
      ) { scratch in
        guard let b = scratch.baseAddress else { return }
        let rows = unsafe b + rank * PanelMatrix.panelRows
        unsafe Dequantizer.widen(update.b, rows: first..<first + count, into: rows)
        for row in 0..<PanelMatrix.panelRows {
          for index in 0..<rank {
            unsafe b[index * PanelMatrix.panelRows + row] =
              row < count ? rows[row * rank + index] : 0
          }
        }
        unsafe a.transposed.withUnsafeBufferPointer { a in
          unsafe pw_multiply(
            set.code, pw_f32, a.baseAddress, rank, Int32(truncatingIfNeeded: matrix.columns), b, 0,
            1, Int32(truncatingIfNeeded: rank),
            matrix.panel(panel).assumingMemoryBound(to: Float.self), PanelMatrix.panelRows, true)
        }
      }
    }
  }

  func checkMerge(_ adapters: AdapterList) throws {
    guard let merged else { return }
    guard adapters.count == 1, adapters.weights[0] == 1,
      places[merged.id].map({ Int32($0) == adapters.places[0] }) == true
    else {
      throw PitwallError(.usage, "while adapter \(merged.id) is merged, only its sequences can run")
    }
  }
}

/// The A of an update, `[in][rank]`, times its scale.
private struct LowRankSide {
  let transposed: [Float]

  init(_ a: StoredTensor, scale: Float) {
    let floats = Dequantizer.floats(a)
    let (rank, columns) = (a.rows, a.columns)
    transposed = unsafe [Float](unsafeUninitializedCapacity: floats.count) { target, count in
      for row in 0..<rank {
        for column in 0..<columns {
          unsafe target[column * rank + row] = floats[row * columns + column] * scale
        }
      }
      count = floats.count
    }
  }
}
