import Glibc
import Primitives

/// Zeroed memory of fixed size, aligned to pages and in huge ones where the system has them, which
/// spares a stream over hundreds of megabytes most of its address translations.
///
/// `@unchecked Sendable`: the address never changes and the memory goes in `deinit` only. Who writes
/// to it says in its own type how writers and readers are kept apart.
@safe final class AlignedMemory: @unchecked Sendable {
  let start: UnsafeMutableRawPointer
  let byteCount: Int
  private let mapped: Int

  /// Memory of the whole machine.
  static let machineBytes = sysconf(Int32(_SC_PHYS_PAGES)) * sysconf(Int32(_SC_PAGESIZE))

  /// - Throws: `PitwallError` (unavailable) where the machine has no such memory, or none left.
  init(byteCount: Int, for purpose: String) throws {
    let huge = 2 << 20
    // Kernels ask for memory a little beyond what they read.
    let (padded, overflow) = max(byteCount, 1).addingReportingOverflow(2 * huge)
    guard byteCount >= 0, !overflow, padded <= AlignedMemory.machineBytes,
      let memory = unsafe mmap(
        nil, padded, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0),
      unsafe memory != MAP_FAILED
    else {
      throw PitwallError(.unavailable, "no memory for \(purpose): \(byteCount) bytes")
    }
    unsafe base = memory
    mapped = padded
    let address = Int(bitPattern: memory)
    unsafe start = memory + ((address + huge - 1) / huge * huge - address)
    self.byteCount = byteCount
    if byteCount >= huge { _ = unsafe madvise(start, byteCount, MADV_HUGEPAGE) }
  }

  private let base: UnsafeMutableRawPointer

  deinit { _ = unsafe munmap(base, mapped) }

  /// Has the system provide all of it now, so that no later write waits for that.
  func populate(by workers: Workers) {
    let piece = 4 << 20
    let memory = self
    workers.run(units: (byteCount + piece - 1) / piece) { unit, _ in
      let first = unit * piece
      let count = min(piece, memory.byteCount - first)
      _ = unsafe memset(memory.start + first, 0, count)
    }
  }

  /// Its floats.
  var floats: UnsafeMutablePointer<Float> { unsafe start.assumingMemoryBound(to: Float.self) }
}
