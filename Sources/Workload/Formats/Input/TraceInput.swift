import Glibc
import Primitives

/// A trace file as its readers see it: a name for errors, and plain bytes.
struct TraceInput: Sendable {
  /// The path as the user wrote it, or `stdin`.
  let name: String
  /// The content, decompressed.
  let bytes: InputBytes

  /// Bytes that are already in memory.
  init(name: String, bytes: InputBytes) {
    self.name = name
    self.bytes = bytes
  }

  /// The most that is read from a pipe, which may have no end: as much as gzip may inflate to.
  static let pipeLimit = Gzip.inflatedLimit

  /// Opens a file or a pipe, `-` for standard input; gzip is recognised by its first bytes and
  /// inflated.
  /// - Throws: `PitwallError`: noInput if it cannot be read or is a device, data if it is damaged
  ///   gzip or a pipe without end.
  init(opening path: String) throws {
    name = path == "-" ? "stdin" : path
    let raw = path == "-" ? try Self.drain(STDIN_FILENO, name) : try Self.open(path)
    bytes = Gzip.recognises(raw) ? try Gzip.inflate(raw, file: name) : raw
  }

  /// The name without folders and without the extensions of the formats.
  var stem: String {
    let file = name.split(separator: "/").last.map(String.init) ?? name
    let known = [".gz", ".csv", ".jsonl", ".json", ".pwt", ".bin"]
    return known.reduce(file) { stem, ending in
      stem.hasSuffix(ending) && stem.count > ending.count
        ? String(stem.dropLast(ending.count)) : stem
    }
  }

  private static func open(_ path: String) throws -> InputBytes {
    let descriptor = unsafe Glibc.open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { throw SystemError.last(.noInput, path) }
    defer { close(descriptor) }
    var status = stat()
    guard unsafe fstat(descriptor, &status) == 0 else { throw SystemError.last(.noInput, path) }
    switch status.st_mode & S_IFMT {
    case S_IFREG:
      return try InputBytes(mapping: descriptor, size: Int(status.st_size), path: path)
    case S_IFDIR:
      throw PitwallError(.noInput, at: path, "is a directory")
    case S_IFCHR, S_IFBLK:
      throw PitwallError(.noInput, at: path, "is a device, not a file")
    default:
      return try drain(descriptor, path)
    }
  }

  /// Reads a pipe to its end.
  static func drain(
    _ descriptor: Int32, _ path: String, limit: Int = pipeLimit
  ) throws -> InputBytes {
    var buffer = try GrowingBuffer(capacity: 1 << 16, file: path)
    while true {
      try buffer.reserve(1 << 16, file: path)
      let room = unsafe buffer.room
      let got = unsafe read(descriptor, room.baseAddress, room.count)
      if got < 0 && errno == EINTR { continue }
      guard got >= 0 else { throw SystemError.last(.noInput, path) }
      guard got > 0 else { return buffer.finish() }
      buffer.advance(got)
      guard buffer.count <= limit else {
        throw PitwallError.data(path, "does not end within \(limit) bytes")
      }
    }
  }
}

/// Memory that grows by `realloc`, which for large blocks moves pages rather than bytes.
@safe struct GrowingBuffer: ~Copyable {
  private var start: UnsafeMutableRawPointer?
  private var capacity: Int
  /// Bytes filled so far.
  private(set) var count = 0

  /// An empty buffer.
  /// - Throws: `PitwallError` (noInput) if there is no memory.
  init(capacity: Int, file: String) throws {
    unsafe start = unsafe malloc(capacity)
    self.capacity = capacity
    if unsafe start == nil { throw SystemError.last(.noInput, file) }
  }

  deinit { unsafe free(start) }

  /// The part that is not filled.
  var room: UnsafeMutableRawBufferPointer {
    unsafe UnsafeMutableRawBufferPointer(
      start: start.map { unsafe $0 + count }, count: capacity - count)
  }

  /// Makes room for at least `bytes` more.
  mutating func reserve(_ bytes: Int, file: String) throws {
    guard capacity - count < bytes else { return }
    let wanted = max(capacity * 2, count + bytes)
    guard let grown = unsafe realloc(start, wanted) else {
      throw SystemError.last(.noInput, file)
    }
    unsafe start = grown
    capacity = wanted
  }

  /// Says that `bytes` of the room were filled.
  mutating func advance(_ bytes: Int) { count += bytes }

  /// Hands the memory over.
  mutating func finish() -> InputBytes {
    let bytes = unsafe InputBytes(adopting: start, count: count)
    unsafe start = nil
    count = 0
    capacity = 0
    return bytes
  }
}
