import CKernels
import Primitives

/// An adapter on its way into the pool.
///
/// The engine reserves its pages; then ``copy()`` or pieces of it run on any one thread, beside
/// steps, which never look at these pages; ``Engine/finish(_:)`` makes it usable.
///
/// `@unchecked Sendable`: it is used by one thread at a time, handed over by whoever schedules the
/// load; the pages are its own until the engine has it back.
@safe public final class AdapterLoad: @unchecked Sendable {
  public let id: Int
  let adapter: LoRAAdapter
  let layout: AdapterLayout
  let pages: [Int32]
  private let memory: [UnsafeMutableRawPointer]
  private var next = 0

  init(_ adapter: LoRAAdapter, as id: Int, layout: AdapterLayout, pages: [Int32], pool: DevicePool)
  {
    self.adapter = adapter
    self.id = id
    self.layout = layout
    self.pages = pages
    unsafe memory = pages.map { unsafe pool.page($0) }
  }

  /// Bytes that are copied in all.
  public var byteCount: Int { adapter.byteCount }
  /// Whether everything is there.
  public var isComplete: Bool { next == layout.updates.count }

  /// Copies everything that is left.
  public func copy() { while !isComplete { copyPiece() } }

  /// Leaves in the pages what they held before.
  func skip() { next = layout.updates.count }

  /// Copies the matrices of one module, and returns how many bytes that were.
  @discardableResult public func copyPiece() -> Int {
    guard next < layout.updates.count else { return 0 }
    let update = layout.updates[next]
    next += 1
    guard let source = adapter.updates[update.site] else { return 0 }
    for (group, runs) in update.groups.enumerated() {
      let first = group * AdapterLayout.groupRanks
      copy(
        source.a, rows: first..<min(first + AdapterLayout.groupRanks, update.rank),
        width: update.width(ofGroup: group), runs: runs, kind: update.kinds.a)
    }
    for (panel, runs) in update.panels.enumerated() {
      let first = panel * PanelMatrix.panelRows
      copy(
        source.b, rows: first..<min(first + PanelMatrix.panelRows, update.rows),
        width: PanelMatrix.panelRows, runs: runs, kind: update.kinds.b)
    }
    return source.byteCount
  }

  /// Lays rows of a tensor side by side.
  private func copy(
    _ tensor: StoredTensor, rows: Range<Int>, width: Int, runs: Range<Int>, kind: PanelKind
  ) {
    guard let elementBytes = kind.elementBytes else { return }
    unsafe tensor.withBytes { bytes in
      guard let start = bytes.baseAddress else { return }
      unsafe withUnsafeTemporaryAllocation(of: UnsafeRawPointer?.self, capacity: rows.count) {
        pointers in
        for run in layout.runs[runs] {
          for (index, row) in rows.enumerated() {
            unsafe pointers[index] = start + row * tensor.rowBytes + run.first * elementBytes
          }
          unsafe pw_interleave(
            pointers.baseAddress, Int32(truncatingIfNeeded: rows.count), run.count,
            Int32(truncatingIfNeeded: elementBytes), Int32(truncatingIfNeeded: width),
            memory[run.page] + run.offset)
        }
      }
    }
  }
}
