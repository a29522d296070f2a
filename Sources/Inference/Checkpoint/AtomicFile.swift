import Glibc
import Primitives

/// A file that appears whole or not at all: written beside its place, made durable, then renamed.
@safe struct AtomicFile: ~Copyable {
  private let path: String
  private let temporary: String
  private let descriptor: Int32

  /// Gives a file to `body` to fill, and puts it in place of `path` if that succeeds.
  /// - Throws: `PitwallError` (inputOutput) or what `body` throws; `path` is then as it was before.
  static func write(to path: String, _ body: (borrowing AtomicFile) throws -> Void) throws {
    let file = try AtomicFile(path: path)
    do {
      try body(file)
      guard fsync(file.descriptor) == 0, unsafe rename(file.temporary, path) == 0 else {
        throw SystemError.last(.inputOutput, path)
      }
    } catch {
      _ = unsafe unlink(file.temporary)
      throw error
    }
  }

  /// Writes a text.
  /// - Throws: `PitwallError` (inputOutput).
  static func write(_ text: String, to path: String) throws {
    try write(to: path) { try $0.append([UInt8](text.utf8)) }
  }

  private init(path: String) throws {
    self.path = path
    temporary = "\(path).\(getpid()).part"
    descriptor = unsafe open(temporary, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o644)
    guard descriptor >= 0 else { throw SystemError.last(.inputOutput, path) }
  }

  deinit { close(descriptor) }

  /// Adds bytes to the end.
  /// - Throws: `PitwallError` (inputOutput).
  func append(_ bytes: [UInt8]) throws {
    try unsafe bytes.withUnsafeBytes { buffer in
      var rest = unsafe buffer[...]
      while unsafe !rest.isEmpty {
        let slice = unsafe UnsafeRawBufferPointer(rebasing: rest)
        let written = unsafe Glibc.write(descriptor, slice.baseAddress, slice.count)
        if written < 0, errno == EINTR { continue }
        guard written > 0 else { throw SystemError.last(.inputOutput, path) }
        unsafe rest = rest.dropFirst(written)
      }
    }
  }
}
