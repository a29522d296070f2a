import Primitives

/// Reads the parts of a GGUF file one after another, never beyond its end.
///
/// Layout: github.com/ggml-org/ggml, docs/gguf.md.
struct GGUFReader {
  /// Elements in all arrays of the metadata together. Real files have three per token.
  private static let mostElements = 1 << 22
  private static let mostDepth = 4

  let path: String
  /// The byte that is read next.
  private(set) var cursor = 0
  private var elements = 0

  init(path: String) { self.path = path }

  func error(_ message: String) -> PitwallError { .data(path, "byte \(cursor): \(message)") }

  /// A little-endian number of any fixed width.
  mutating func scalar<T: BitwiseCopyable>(_ bytes: RawSpan, as type: T.Type = T.self) throws -> T {
    let width = MemoryLayout<T>.size
    guard bytes.byteCount - cursor >= width else { throw error("the file ends early") }
    defer { cursor += width }
    return unsafe bytes.unsafeLoadUnaligned(fromByteOffset: cursor, as: type)
  }

  /// A 64-bit count or size, which must be one that a machine can have.
  mutating func size(_ bytes: RawSpan) throws -> Int {
    guard let size = Int(exactly: try scalar(bytes, as: UInt64.self)) else {
      throw error("a size beyond 63 bits")
    }
    return size
  }

  /// A count of things that take at least `bytesEach` bytes, so that the file bounds it, and of
  /// which no real file has more than `most`.
  mutating func count(
    _ bytes: RawSpan, bytesEach: Int, most: Int = .max, of what: String
  ) throws -> Int {
    let count = try size(bytes)
    guard count <= min(most, (bytes.byteCount - cursor) / bytesEach) else {
      throw error("\(count) \(what) do not fit into the file")
    }
    return count
  }

  /// A length and as many bytes of UTF-8.
  mutating func string(_ bytes: RawSpan) throws -> String {
    let length = try count(bytes, bytesEach: 1, of: "bytes of a string")
    let piece = Span<UInt8>(_bytes: bytes.extracting(cursor..<cursor + length))
    guard let text = try? UTF8Span(validating: piece) else {
      throw error("a string that is not UTF-8")
    }
    cursor += length
    return String(copying: text)
  }

  /// The type and the value of a metadata entry.
  mutating func value(_ bytes: RawSpan) throws -> GGUFValue {
    switch try kind(bytes) {
    case .array: try array(bytes, depth: 0)
    case .string: .string(try string(bytes))
    case .bool: .boolean(try integer(bytes, .bool) != 0)
    case .f32: .number(try number(bytes, .f32))
    case .f64: .number(try number(bytes, .f64))
    case let kind: .integer(try integer(bytes, kind))
    }
  }

  private mutating func kind(_ bytes: RawSpan) throws -> Kind {
    let number = try scalar(bytes, as: UInt32.self)
    guard let kind = Kind(rawValue: number) else { throw error("unknown value type \(number)") }
    return kind
  }

  private mutating func array(_ bytes: RawSpan, depth: Int) throws -> GGUFValue {
    guard depth < GGUFReader.mostDepth else { throw error("arrays nested too deeply") }
    let kind = try kind(bytes)
    let count = try count(bytes, bytesEach: kind.leastBytes, of: "array elements")
    elements += count
    guard elements <= GGUFReader.mostElements else { throw error("too many array elements") }
    switch kind {
    case .array: return .arrays(try list(count) { try $0.array(bytes, depth: depth + 1) })
    case .string: return .strings(try list(count) { try $0.string(bytes) })
    case .f32, .f64: return .numbers(try list(count) { try $0.number(bytes, kind) })
    default: return .integers(try list(count) { try $0.integer(bytes, kind) })
    }
  }

  private mutating func list<T>(
    _ count: Int, _ element: (inout GGUFReader) throws -> T
  ) throws -> [T] {
    var list: [T] = []
    list.reserveCapacity(count)
    for _ in 0..<count { list.append(try element(&self)) }
    return list
  }

  /// A float as the shortest decimal that it stands for: 1e-5, not 9.9999997e-6.
  private mutating func number(_ bytes: RawSpan, _ kind: Kind) throws -> Double {
    guard kind == .f32 else { return try scalar(bytes) }
    let float = try scalar(bytes, as: Float.self)
    return Double(float.description) ?? Double(float)
  }

  private mutating func integer(_ bytes: RawSpan, _ kind: Kind) throws -> Int {
    switch kind {
    case .i8: Int(try scalar(bytes, as: Int8.self))
    case .u16: Int(try scalar(bytes, as: UInt16.self))
    case .i16: Int(try scalar(bytes, as: Int16.self))
    case .u32: Int(try scalar(bytes, as: UInt32.self))
    case .i32: Int(try scalar(bytes, as: Int32.self))
    case .u64: try size(bytes)
    case .i64: try scalar(bytes)
    default: Int(try scalar(bytes, as: UInt8.self))
    }
  }

  /// Types of metadata values, as numbered in files.
  private enum Kind: UInt32 {
    case u8, i8, u16, i16, u32, i32, f32, bool, string, array, u64, i64, f64

    /// The fewest bytes that an element takes.
    var leastBytes: Int {
      switch self {
      case .u8, .i8, .bool: 1
      case .u16, .i16: 2
      case .u32, .i32, .f32: 4
      case .u64, .i64, .f64, .string: 8
      case .array: 12
      }
    }
  }
}
