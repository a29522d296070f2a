import Glibc
import Primitives

/// Files that appear under their names only when they are whole.
enum WholeFile {
  /// Writes `text` beside the target, brings it to the disk and renames it.
  /// - Throws: ``PitwallError`` with code `inputOutput`; the target is then what it was before.
  static func write(_ text: String, to path: String) throws {
    let temporary = "\(path).partial-\(getpid())"
    let file = unsafe open(temporary, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o666)
    guard file >= 0 else { throw failure(path) }
    do {
      defer { close(file) }
      try writeAll(Array(text.utf8), to: file, path)
      guard fsync(file) == 0 else { throw failure(path) }
      guard unsafe rename(temporary, path) == 0 else { throw failure(path) }
    } catch {
      unsafe unlink(temporary)
      throw error
    }
  }

  private static func writeAll(_ bytes: [UInt8], to file: Int32, _ path: String) throws {
    var done = 0
    while done < bytes.count {
      let written = unsafe bytes.withUnsafeBytes { memory in
        unsafe Glibc.write(file, memory.baseAddress?.advanced(by: done), memory.count - done)
      }
      if written < 0, errno == EINTR { continue }
      guard written > 0 else { throw failure(path) }
      done += written
    }
  }

  private static func failure(_ path: String) -> PitwallError {
    let reason = unsafe String(cString: strerror(errno))
    return PitwallError(.inputOutput, at: path, "cannot be written: \(reason)")
  }
}
