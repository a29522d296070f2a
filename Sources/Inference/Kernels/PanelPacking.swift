import CKernels
import Primitives

/// A tensor of a checkpoint on its way into a panel matrix.
struct PanelSource: Sendable {
  let tensor: StoredTensor
  let order: RowOrder
  /// What its panels will hold.
  let kind: PanelKind

  /// - Parameter packed: keep the file's types, where there are kernels for them, instead of
  ///   widening to 32 bits.
  init(_ tensor: StoredTensor, order: RowOrder, packed: Bool) {
    self.tensor = tensor
    self.order = order
    kind = packed ? PanelKind(tensor.type) ?? .f32 : .f32
  }

  var byteCount: Int {
    PanelMatrix.byteCount(rows: tensor.rows, columns: tensor.columns, kind: kind)
  }

  /// A matrix at `offset` of `memory`, not yet filled.
  func matrix(in memory: AlignedMemory, at offset: Int) -> PanelMatrix {
    PanelMatrix(
      rows: tensor.rows, columns: tensor.columns, kind: kind, memory: memory, offset: offset)
  }

  /// Fills one panel of a matrix that ``matrix(in:at:)`` gave.
  func fill(_ matrix: PanelMatrix, panel: Int) {
    let first = panel * PanelMatrix.panelRows
    let count = min(PanelMatrix.panelRows, matrix.rows - first)
    if kind == .f32 && tensor.type != .f32 {
      unsafe widen(rows: first..<first + count, into: matrix.panel(panel))
    } else {
      unsafe copy(rows: first..<first + count, into: matrix.panel(panel))
    }
  }

  private func widen(rows: Range<Int>, into panel: UnsafeMutableRawPointer) {
    let columns = tensor.columns
    unsafe withUnsafeTemporaryAllocation(of: Float.self, capacity: rows.count * columns) { floats in
      guard let start = floats.baseAddress else { return }
      for (index, row) in rows.enumerated() {
        let stored = order.storedRow(of: row)
        unsafe Dequantizer.widen(
          tensor, rows: stored..<stored + 1, into: start + index * columns)
      }
      unsafe interleave(rows.count, into: panel) { unsafe UnsafeRawPointer(start + $0 * columns) }
    }
  }

  private func copy(rows: Range<Int>, into panel: UnsafeMutableRawPointer) {
    unsafe tensor.withBytes { bytes in
      guard let start = bytes.baseAddress else { return }
      unsafe interleave(rows.count, into: panel) {
        unsafe start + order.storedRow(of: rows.lowerBound + $0) * tensor.rowBytes
      }
    }
  }

  private func interleave(
    _ count: Int, into panel: UnsafeMutableRawPointer, row: (Int) -> UnsafeRawPointer
  ) {
    unsafe withUnsafeTemporaryAllocation(of: UnsafeRawPointer?.self, capacity: count) { rows in
      for index in 0..<count { unsafe rows[index] = unsafe row(index) }
      let count = Int32(truncatingIfNeeded: count)
      if let bytes = kind.elementBytes {
        unsafe pw_interleave(
          rows.baseAddress, count, tensor.columns, Int32(truncatingIfNeeded: bytes),
          Int32(PanelMatrix.panelRows),
          panel)
      } else {
        unsafe pw_interleave_blocks(kind.code, rows.baseAddress, count, tensor.columns, panel)
      }
    }
  }
}
