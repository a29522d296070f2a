import Primitives

/// A GGUF file, versions 2 and 3, little-endian: metadata, tensor descriptions, tensor bytes.
///
/// Checked before use: counts and lengths against the file's size, no key or tensor twice, tensors
/// aligned, within the file and apart from each other.
struct GGUFFile: Sendable {
  let path: String
  let version: Int
  let metadata: [String: GGUFValue]
  /// By GGUF name, dimensions outermost first.
  let tensors: [String: StoredTensor]

  /// Whether a file begins as GGUF files do.
  static func isGGUF(_ file: MappedFile) -> Bool {
    file.withSpan { bytes in
      unsafe bytes.byteCount >= 4 && bytes.unsafeLoadUnaligned(as: UInt32.self) == GGUFFile.magic
    }
  }

  /// "GGUF" as a little-endian number.
  private static let magic: UInt32 = 0x4655_4747

  /// - Throws: `PitwallError` (data).
  init(_ file: MappedFile) throws {
    self = try file.withSpan { try GGUFFile(file, $0) }
  }

  private init(_ file: MappedFile, _ bytes: RawSpan) throws {
    path = file.path
    var reader = GGUFReader(path: path)
    guard try reader.scalar(bytes, as: UInt32.self) == GGUFFile.magic else {
      throw PitwallError.data(path, "not a GGUF file")
    }
    let version = try reader.scalar(bytes, as: UInt32.self)
    guard version == 2 || version == 3 else {
      throw PitwallError.data(path, "GGUF version \(version) is not supported, only 2 and 3")
    }
    self.version = Int(version)
    let tensorCount = try reader.count(bytes, bytesEach: 24, most: 1 << 18, of: "tensors")
    let entryCount = try reader.count(bytes, bytesEach: 13, most: 1 << 16, of: "metadata entries")
    metadata = try GGUFFile.metadata(entryCount, &reader, bytes)
    var entries: [Entry] = []
    for _ in 0..<tensorCount { entries.append(try Entry(&reader, bytes)) }
    let alignment = try GGUFFile.alignment(metadata, reader)
    let padding = (alignment - reader.cursor % alignment) % alignment
    tensors = try GGUFFile.place(entries, from: reader.cursor + padding, alignment, in: file)
  }

  private static func metadata(
    _ count: Int, _ reader: inout GGUFReader, _ bytes: RawSpan
  ) throws -> [String: GGUFValue] {
    var metadata: [String: GGUFValue] = [:]
    for _ in 0..<count {
      let key = try reader.string(bytes)
      guard metadata.updateValue(try reader.value(bytes), forKey: key) == nil else {
        throw reader.error("the key \(key) stands there twice")
      }
    }
    return metadata
  }

  private static func alignment(
    _ metadata: [String: GGUFValue], _ reader: GGUFReader
  ) throws -> Int {
    guard let value = metadata["general.alignment"] else { return 32 }
    guard let alignment = value.integer, (1...1 << 20).contains(alignment),
      alignment.nonzeroBitCount == 1
    else { throw reader.error("general.alignment is not a power of two up to 2^20") }
    return alignment
  }

  /// Turns descriptions into tensors and proves that none overlap.
  private static func place(
    _ entries: [Entry], from start: Int, _ alignment: Int, in file: MappedFile
  ) throws -> [String: StoredTensor] {
    var tensors: [String: StoredTensor] = [:]
    var end = start
    for entry in entries.sorted(by: { $0.offset < $1.offset }) {
      func broken(_ why: String) -> PitwallError {
        .data(file.path, "tensor \(entry.name): \(why)")
      }
      guard entry.offset.isMultiple(of: alignment) else { throw broken("not aligned") }
      let (first, overflow) = start.addingReportingOverflow(entry.offset)
      guard !overflow, first <= file.count, entry.bytes <= file.count - first else {
        throw broken("it reaches beyond the end of the file")
      }
      guard first >= end else { throw broken("it overlaps another tensor") }
      end = first + entry.bytes
      let tensor = try StoredTensor(
        name: entry.name, shape: entry.shape, type: entry.type, range: first..<end, file: file)
      guard tensors.updateValue(tensor, forKey: entry.name) == nil else {
        throw broken("the name stands there twice")
      }
    }
    return tensors
  }

  /// A tensor as the file describes it.
  private struct Entry {
    let name: String
    let shape: [Int]
    let type: ElementType
    /// From the beginning of the tensors' bytes.
    let offset: Int
    let bytes: Int

    init(_ reader: inout GGUFReader, _ bytes: RawSpan) throws {
      name = try reader.string(bytes)
      let dimensions = try reader.scalar(bytes, as: UInt32.self)
      guard (1...4).contains(dimensions) else {
        throw reader.error("tensor \(name): \(dimensions) dimensions")
      }
      var innermostFirst: [Int] = []
      for _ in 0..<dimensions { innermostFirst.append(try reader.size(bytes)) }
      shape = innermostFirst.reversed()
      let number = try reader.scalar(bytes, as: UInt32.self)
      guard let type = ElementType(gguf: number) else {
        throw reader.error(
          "tensor \(name): elements of type \(ElementType.ggufName(number)) are not supported")
      }
      self.type = type
      offset = try reader.size(bytes)
      guard let rowBytes = type.rowBytes(columns: innermostFirst[0]),
        let size = StoredTensor.product(innermostFirst.dropFirst() + [rowBytes])
      else { throw reader.error("tensor \(name): impossible shape \(shape) for \(type)") }
      self.bytes = size
    }
  }
}

extension ElementType {
  /// By ggml's number; nil for types that the engine does not read.
  init?(gguf number: UInt32) {
    switch number {
    case 0: self = .f32
    case 1: self = .f16
    case 2: self = .q4_0
    case 3: self = .q4_1
    case 8: self = .q8_0
    case 14: self = .q6_K
    case 30: self = .bf16
    default: return nil
    }
  }

  /// The name of ggml's number, for messages.
  static func ggufName(_ number: UInt32) -> String {
    let names: [UInt32: String] = [
      6: "Q5_0", 7: "Q5_1", 9: "Q8_1", 10: "Q2_K", 11: "Q3_K", 12: "Q4_K", 13: "Q5_K", 15: "Q8_K",
      16: "IQ2_XXS", 17: "IQ2_XS", 18: "IQ3_XXS", 19: "IQ1_S", 20: "IQ4_NL", 21: "IQ3_S",
      22: "IQ2_S", 23: "IQ4_XS", 24: "I8", 25: "I16", 26: "I32", 27: "I64", 28: "F64", 29: "IQ1_M",
    ]
    return names[number] ?? "number \(number)"
  }
}
