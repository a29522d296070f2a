import Primitives

/// A safetensors file: an 8-byte length, a JSON header of that length, and the tensors' bytes.
///
/// Checked as the reference implementation does (github.com/huggingface/safetensors): a header of at
/// most 100 MB, tensors that lie one after another without gap or overlap and fill the file.
public struct SafeTensorsFile: Sendable {
  /// By name, those whose elements the engine can read.
  public let tensors: [String: StoredTensor]
  /// Element types of the others, such as `I64`, by name.
  public let unreadable: [String: String]
  /// What the writer says of the file.
  public let metadata: [String: String]

  private static let mostHeaderBytes = 100_000_000

  /// Maps a file and reads its header.
  /// - Throws: `PitwallError` (noInput, data).
  public init(path: String) throws {
    let file = try MappedFile(path: path)
    let (header, dataStart) = try file.withSpan { bytes in
      guard bytes.byteCount >= 8 else { throw PitwallError.data(path, "too short for safetensors") }
      let length = UInt64(littleEndian: unsafe bytes.unsafeLoadUnaligned(as: UInt64.self))
      guard length <= SafeTensorsFile.mostHeaderBytes, length <= bytes.byteCount - 8 else {
        throw PitwallError.data(
          path, "not a safetensors file: its header would take \(length) bytes")
      }
      let end = 8 + Int(length)
      return (try JSONParser.parse(bytes.extracting(8..<end), path: path, base: 8), end)
    }
    guard case .object(var entries) = header else {
      throw PitwallError.data(path, "the header is not an object")
    }
    metadata = try SafeTensorsFile.metadata(entries.removeValue(forKey: "__metadata__"), path)
    let parsed = try entries.map { try Entry(name: $0.key, $0.value, path: path) }
    try SafeTensorsFile.checkPlaces(parsed, bytes: file.count - dataStart, path)
    var tensors: [String: StoredTensor] = [:]
    var unreadable: [String: String] = [:]
    for entry in parsed {
      guard let type = ElementType(safeTensors: entry.type) else {
        unreadable[entry.name] = entry.type
        continue
      }
      let range = dataStart + entry.range.lowerBound..<dataStart + entry.range.upperBound
      tensors[entry.name] = try StoredTensor(
        name: entry.name, shape: entry.shape, type: type, range: range, file: file)
    }
    self.tensors = tensors
    self.unreadable = unreadable
  }

  private static func metadata(_ value: JSONValue?, _ path: String) throws -> [String: String] {
    guard let value, value != .null else { return [:] }
    guard let members = value.object else {
      throw PitwallError.data(path, "__metadata__ is not an object")
    }
    return try members.mapValues {
      guard let text = $0.string else {
        throw PitwallError.data(path, "__metadata__ holds something that is not text")
      }
      return text
    }
  }

  /// Sorted by place, each must begin where the last ended.
  private static func checkPlaces(_ entries: [Entry], bytes: Int, _ path: String) throws {
    var end = 0
    for entry in entries.sorted(by: { $0.order < $1.order }) {
      guard entry.range.lowerBound == end else {
        throw PitwallError.data(
          path, "tensor \(entry.name) begins at \(entry.range.lowerBound), where \(end) is due")
      }
      end = entry.range.upperBound
    }
    guard end == bytes else {
      throw PitwallError.data(path, "the tensors take \(end) bytes, the file has \(bytes) for them")
    }
  }

  /// A tensor as the header describes it.
  private struct Entry {
    let name: String
    let type: String
    let shape: [Int]
    /// From the end of the header.
    let range: Range<Int>

    var order: (Int, Int) { (range.lowerBound, range.upperBound) }

    init(name: String, _ value: JSONValue, path: String) throws {
      guard let type = value["dtype"]?.string, let shape = value["shape"]?.array,
        let offsets = value["data_offsets"]?.array?.compactMap(\.integer), offsets.count == 2
      else { throw PitwallError.data(path, "tensor \(name): dtype, shape or data_offsets missing") }
      let sizes = shape.compactMap(\.integer)
      guard sizes.count == shape.count, sizes.count <= 8 else {
        throw PitwallError.data(path, "tensor \(name): impossible shape")
      }
      guard 0 <= offsets[0], offsets[0] <= offsets[1], offsets[1] <= Int(UInt32.max) << 16 else {
        throw PitwallError.data(path, "tensor \(name): impossible data_offsets")
      }
      self.name = name
      self.type = type
      self.shape = sizes
      range = offsets[0]..<offsets[1]
    }
  }
}

extension ElementType {
  /// By the name that safetensors gives it; nil for types that the engine does not read.
  init?(safeTensors name: String) {
    switch name {
    case "F32": self = .f32
    case "F16": self = .f16
    case "BF16": self = .bf16
    default: return nil
    }
  }

  /// The name that safetensors gives it; nil for those that it does not have.
  var safeTensorsName: String? {
    switch self {
    case .f32: "F32"
    case .f16: "F16"
    case .bf16: "BF16"
    case .q8_0, .q4_0, .q4_1, .q6_K: nil
    }
  }
}
