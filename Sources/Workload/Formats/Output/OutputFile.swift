import Glibc
import Primitives

/// A file that appears under its name only when it is whole: written beside its target under
/// another name, synced, then renamed. Devices, pipes and standard output are written directly.
final class OutputFile {
  /// The path as the user wrote it, or `stdout`.
  let name: String
  private let descriptor: Int32
  /// Where the bytes go until ``commit()``, and where they go then; nil if written directly.
  private let staging: (temporary: String, target: String)?
  private var isCommitted = false

  /// Opens a target, `-` for standard output.
  /// - Throws: `PitwallError` (inputOutput) if it cannot be written.
  init(_ path: String) throws {
    if path == "-" {
      name = "stdout"
      descriptor = STDOUT_FILENO
      staging = nil
      return
    }
    name = path
    var status = stat()
    let exists = unsafe stat(path, &status) == 0
    let kind = status.st_mode & S_IFMT
    if exists && kind == S_IFDIR {
      throw PitwallError(.inputOutput, at: path, "is a directory")
    }
    if exists && kind != S_IFREG {
      descriptor = unsafe open(path, O_WRONLY | O_CLOEXEC)
      guard descriptor >= 0 else { throw SystemError.last(.inputOutput, path) }
      staging = nil
      return
    }
    if exists, unsafe access(path, W_OK) != 0 { throw SystemError.last(.inputOutput, path) }
    // A symbolic link keeps pointing where it does: its target is what is replaced.
    let target = exists ? OutputFile.resolved(path) : path
    var template = Array((target + ".partial-XXXXXX").utf8CString)
    descriptor = unsafe template.withUnsafeMutableBufferPointer { memory in
      unsafe memory.baseAddress.map { unsafe mkstemp($0) } ?? -1
    }
    guard descriptor >= 0 else { throw SystemError.last(.inputOutput, path) }
    let temporary = String(
      decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
    staging = (temporary, target)
    let mask = umask(0)
    umask(mask)
    fchmod(descriptor, exists ? status.st_mode & 0o777 : 0o666 & ~mask)
  }

  deinit {
    if descriptor != STDOUT_FILENO { close(descriptor) }
    if let staging, !isCommitted { unsafe unlink(staging.temporary) }
  }

  /// Appends bytes.
  func write(_ bytes: [UInt8]) throws {
    try unsafe bytes.withUnsafeBytes { memory in
      try unsafe write(memory) { rest, _ in
        unsafe Glibc.write(descriptor, rest.baseAddress, rest.count)
      }
    }
  }

  /// Writes bytes at an offset, wherever the end is. Not for pipes.
  func write(_ bytes: [UInt8], at offset: Int) throws {
    try unsafe bytes.withUnsafeBytes { try unsafe write($0, at: offset) }
  }

  /// Writes a column's memory at an offset.
  func write<T>(_ column: Column<T>, at offset: Int) throws {
    try unsafe column.withContiguousStorageIfAvailable {
      try unsafe write(UnsafeRawBufferPointer($0), at: offset)
    }
  }

  private func write(_ memory: UnsafeRawBufferPointer, at offset: Int) throws {
    try unsafe write(memory) { rest, done in
      unsafe pwrite(descriptor, rest.baseAddress, rest.count, offset + done)
    }
  }

  /// Calls `step` with what is left and the number of bytes done, until nothing is left.
  private func write(
    _ memory: UnsafeRawBufferPointer, step: (UnsafeRawBufferPointer, Int) -> Int
  ) throws {
    var done = 0
    while done < memory.count {
      let written = unsafe step(UnsafeRawBufferPointer(rebasing: memory[done...]), done)
      if written < 0 && errno == EINTR { continue }
      guard written >= 0 else { throw SystemError.last(.inputOutput, name) }
      done += written
    }
  }

  /// Makes the file appear, whole, under its name.
  func commit() throws {
    guard let staging else { return }
    guard fsync(descriptor) == 0, unsafe rename(staging.temporary, staging.target) == 0 else {
      throw SystemError.last(.inputOutput, name)
    }
    isCommitted = true
  }

  private static func resolved(_ path: String) -> String {
    guard let real = unsafe realpath(path, nil) else { return path }
    defer { unsafe free(real) }
    return unsafe String(cString: real)
  }
}
