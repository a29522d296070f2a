import CKernels
import Primitives

/// A weight matrix `[out][in]`, in panels of 32 outputs: `[out / 32][in][32]`.
///
/// The outputs of a panel for one input lie side by side, so that a product is sums of vectors with
/// no reduction at the end, each weight is read once in order, and a batch of any size takes the
/// same path.
@safe struct PanelMatrix {
  let rows: Int
  let columns: Int
  let kind: PanelKind
  /// Rows rounded up to whole panels.
  var paddedRows: Int { panels * PanelMatrix.panelRows }
  var panels: Int { (rows + PanelMatrix.panelRows - 1) / PanelMatrix.panelRows }
  let panelBytes: Int
  let memory: AlignedMemory
  /// Where it begins in ``memory``.
  let offset: Int

  static let panelRows = Int(pw_panel)

  var byteCount: Int { panels * panelBytes }

  func panel(_ index: Int) -> UnsafeMutableRawPointer {
    unsafe memory.start + offset + index * panelBytes
  }

  /// Bytes that a matrix takes.
  static func byteCount(rows: Int, columns: Int, kind: PanelKind) -> Int {
    (rows + panelRows - 1) / panelRows * pw_panel_bytes(kind.code, columns)
  }

  /// Room for a matrix at `offset` of `memory`, whose panels somebody fills.
  init(rows: Int, columns: Int, kind: PanelKind, memory: AlignedMemory, offset: Int) {
    self.rows = rows
    self.columns = columns
    self.kind = kind
    self.memory = memory
    self.offset = offset
    panelBytes = pw_panel_bytes(kind.code, columns)
  }

  /// Outputs of one panel for some rows of inputs: `y = x w` or, `accumulating`, `y += x w`.
  func multiply(
    _ x: Rows, from first: Int, count: Int, panel index: Int, into y: Rows, accumulating: Bool,
    by set: InstructionSet
  ) {
    unsafe pw_multiply(
      set.code, kind.code, x[first], x.stride, Int32(truncatingIfNeeded: count), panel(index),
      panelBytes, 1, Int32(truncatingIfNeeded: columns),
      y[first] + index * PanelMatrix.panelRows, y.stride, accumulating)
  }

  /// Row `index`, widened.
  func copyRow(_ index: Int, to target: UnsafeMutablePointer<Float>) {
    unsafe pw_column(
      kind.code, panel(index / PanelMatrix.panelRows), columns,
      Int32(truncatingIfNeeded: index % PanelMatrix.panelRows), target)
  }
}

/// How the weights of a panel are stored.
enum PanelKind: Sendable {
  case f32, f16, bf16, q8_0, q4_0, q4_1

  var code: pw_kind {
    switch self {
    case .f32: pw_f32
    case .f16: pw_f16
    case .bf16: pw_bf16
    case .q8_0: pw_q8_0
    case .q4_0: pw_q4_0
    case .q4_1: pw_q4_1
    }
  }

  /// Bytes of an element that stands alone; nil in blocks.
  var elementBytes: Int? {
    switch self {
    case .f32: 4
    case .f16, .bf16: 2
    case .q8_0, .q4_0, .q4_1: nil
    }
  }

  /// The kind that keeps a tensor as it is; nil where there are no kernels for it.
  init?(_ type: ElementType) {
    switch type {
    case .f32: self = .f32
    case .f16: self = .f16
    case .bf16: self = .bf16
    case .q8_0: self = .q8_0
    case .q4_0: self = .q4_0
    case .q4_1: self = .q4_1
    case .q6_K: return nil
    }
  }
}

/// A view of rows of floats at equal distances. Whoever makes one keeps the memory and the sizes.
@safe struct Rows {
  let start: UnsafeMutablePointer<Float>
  /// Floats from row to row.
  let stride: Int

  subscript(row: Int) -> UnsafeMutablePointer<Float> { unsafe start + row * stride }

  /// The same rows from a column on.
  func from(column: Int) -> Rows { unsafe Rows(start: start + column, stride: stride) }
}
