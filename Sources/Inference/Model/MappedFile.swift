import Glibc
import Primitives

/// A file that is mapped into memory for reading, and unmapped when its last copy goes.
///
/// Another process must not truncate it meanwhile; the kernel answers a read beyond the new end
/// with SIGBUS, as it does for every program that maps files. Replacing it by renaming is safe.
public struct MappedFile: Sendable {
  /// Where it was found.
  public let path: String
  private let mapping: Mapping

  /// Its size in bytes.
  public var count: Int { mapping.count }

  /// Maps a regular file. An empty one is not an error here.
  /// - Throws: `PitwallError` (noInput) where it cannot be opened or is not a regular file, (data)
  ///   where its size changes while it is being mapped.
  public init(path: String) throws {
    self.path = path
    // Without O_NONBLOCK, opening a pipe would wait for a writer.
    let descriptor = unsafe open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
    guard descriptor >= 0 else { throw SystemError.last(.noInput, path) }
    defer { close(descriptor) }
    let size = try MappedFile.size(of: descriptor, path)
    mapping = try Mapping(descriptor, size: size, path: path)
    guard try MappedFile.size(of: descriptor, path) == size else {
      throw PitwallError.data(path, "the file changed while it was being opened")
    }
  }

  private static func size(of descriptor: Int32, _ path: String) throws -> Int {
    var status = stat()
    guard unsafe fstat(descriptor, &status) == 0 else { throw SystemError.last(.noInput, path) }
    guard status.st_mode & S_IFMT == S_IFREG else {
      throw PitwallError(.noInput, at: path, "not a regular file")
    }
    return Int(status.st_size)
  }

  /// Gives all its bytes to `body`, for the time of the call only.
  public func withBytes<R>(_ body: (UnsafeRawBufferPointer) throws -> R) rethrows -> R {
    try withExtendedLifetime(mapping) { try unsafe body(mapping.memory) }
  }

  /// Gives its bytes to `body` behind bounds checks, for the time of the call only.
  func withSpan<R>(_ body: (RawSpan) throws -> R) rethrows -> R {
    try unsafe withBytes { try unsafe body($0.bytes) }
  }

  /// Asks the kernel to read ahead: the whole file will be used, in about its order.
  func prefetch() { mapping.prefetch() }
}

/// The mapping itself.
///
/// `@unchecked Sendable`: the memory is read-only to this process from `mmap` on, `memory` never
/// changes, and it is given back in `deinit` only, when no reference is left on any thread.
@safe private final class Mapping: @unchecked Sendable {
  let memory: UnsafeRawBufferPointer

  var count: Int { unsafe memory.count }

  init(_ descriptor: Int32, size: Int, path: String) throws {
    // A mapping of length 0 is an error to the kernel.
    guard size > 0 else {
      unsafe memory = UnsafeRawBufferPointer(start: nil, count: 0)
      return
    }
    guard let start = unsafe mmap(nil, size, PROT_READ, MAP_PRIVATE, descriptor, 0),
      unsafe start != MAP_FAILED
    else { throw SystemError.last(.noInput, path) }
    unsafe memory = UnsafeRawBufferPointer(start: start, count: size)
  }

  func prefetch() {
    guard count > 0 else { return }
    _ = unsafe madvise(UnsafeMutableRawPointer(mutating: memory.baseAddress), count, MADV_WILLNEED)
  }

  deinit {
    guard count > 0 else { return }
    unsafe munmap(UnsafeMutableRawPointer(mutating: memory.baseAddress), memory.count)
  }
}
