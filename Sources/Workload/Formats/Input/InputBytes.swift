import Glibc
import Primitives

/// The bytes of an input, read-only: a mapped file, or memory of our own.
///
/// A mapped file must not be truncated by another process while it is read; the kernel answers that
/// with SIGBUS, as it does for every program that maps files.
///
/// `@unchecked Sendable`: the memory is never written after `init`, and is given back in `deinit`
/// only, when no other reference is left.
@safe final class InputBytes: @unchecked Sendable {
  /// How the memory is given back.
  private enum Release { case unmap, free, deallocate, nothing }

  /// The bytes. Valid for as long as this object lives.
  let memory: UnsafeRawBufferPointer
  private let release: Release

  private init(_ memory: UnsafeRawBufferPointer, _ release: Release) {
    unsafe self.memory = unsafe memory
    self.release = release
  }

  /// Maps an open regular file of `size` bytes.
  /// - Throws: `PitwallError` (noInput) where the kernel refuses.
  convenience init(mapping descriptor: Int32, size: Int, path: String) throws {
    // A mapping of length 0 is an error to the kernel; an empty file is not one to us.
    guard size > 0 else {
      unsafe self.init(UnsafeRawBufferPointer(start: nil, count: 0), .nothing)
      return
    }
    guard let start = unsafe mmap(nil, size, PROT_READ, MAP_PRIVATE, descriptor, 0),
      unsafe start != MAP_FAILED
    else { throw SystemError.last(.noInput, path) }
    unsafe self.init(UnsafeRawBufferPointer(start: start, count: size), .unmap)
  }

  /// Takes over memory that `malloc` or `realloc` returned.
  convenience init(adopting start: UnsafeMutableRawPointer?, count: Int) {
    unsafe self.init(UnsafeRawBufferPointer(start: start, count: count), .free)
  }

  /// A copy of an array.
  convenience init(_ bytes: [UInt8]) {
    let copy = UnsafeMutableRawBufferPointer.allocate(byteCount: bytes.count, alignment: 16)
    unsafe copy.copyBytes(from: bytes)
    unsafe self.init(UnsafeRawBufferPointer(copy), .deallocate)
  }

  deinit {
    switch release {
    case .unmap:
      unsafe munmap(UnsafeMutableRawPointer(mutating: memory.baseAddress), memory.count)
    case .free: unsafe free(UnsafeMutableRawPointer(mutating: memory.baseAddress))
    case .deallocate: unsafe memory.deallocate()
    case .nothing: break
    }
  }

  /// Number of bytes.
  var count: Int { unsafe memory.count }

  /// Whether the input begins with these bytes.
  func starts(with prefix: [UInt8]) -> Bool {
    unsafe memory.prefix(prefix.count).elementsEqual(prefix)
  }

  /// Elements of a fixed layout within the input, without a copy.
  /// - Returns: nil if the piece does not lie within the input or is not aligned.
  func column<T: BitwiseCopyable & Sendable>(
    of type: T.Type, at offset: Int, count elements: Int
  ) -> Column<T>? {
    let (length, overflow) = elements.multipliedReportingOverflow(by: MemoryLayout<T>.stride)
    guard !overflow, elements >= 0, offset >= 0, offset <= count, length <= count - offset else {
      return nil
    }
    let piece = unsafe UnsafeRawBufferPointer(rebasing: memory[offset..<offset + length])
    let address = Int(bitPattern: piece.baseAddress)
    guard address % MemoryLayout<T>.alignment == 0 else { return nil }
    return unsafe Column(borrowing: piece.assumingMemoryBound(to: T.self), owner: self)
  }
}
