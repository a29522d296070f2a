import Glibc

/// A file that appears whole or not at all: written beside its place, made durable, then renamed.
@safe public struct AtomicFile: ~Copyable {
  private let path: String
  private let temporary: String
  private let descriptor: Int32

  /// Gives a file to `body` to fill, and puts it in place of `path` if that succeeds.
  /// - Throws: `PitwallError` (inputOutput) or what `body` throws; `path` is then as it was before.
  public static func write(
    to path: String, _ body: (borrowing AtomicFile) throws -> Void
  ) throws {
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
  /// - Throws: `PitwallError` (inputOutput); `path` is then as it was before.
  public static func write(_ text: String, to path: String) throws {
    try write(to: path) { try $0.append([UInt8](text.utf8)) }
  }

  private init(path: String) throws {
    self.path = path
    (temporary, descriptor) = try TemporaryName.make(beside: path) { name in
      // Nobody else's file, nor what a link of that name points at, is ever written to.
      let descriptor = unsafe open(name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o666)
      return descriptor < 0 ? nil : descriptor
    }
  }

  deinit { close(descriptor) }

  /// Adds bytes to the end.
  /// - Throws: `PitwallError` (inputOutput).
  public func append(_ bytes: [UInt8]) throws {
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

/// Names that nothing has yet, beside the place where what is made under them will go.
public enum TemporaryName {
  private static let attempts = 100

  /// - Parameter make: makes something under a name, exclusively; nil, with `errno`, where it failed.
  /// - Throws: `PitwallError` (inputOutput).
  public static func make<Made>(
    beside path: String, _ make: (String) -> Made?
  ) throws -> (name: String, made: Made) {
    for _ in 0..<attempts {
      let name = "\(path).partial-" + String(UInt32.random(in: 0 ... .max), radix: 36)
      if let made = make(name) { return (name, made) }
      guard errno == EEXIST else { break }
    }
    throw SystemError.last(.inputOutput, path)
  }
}
