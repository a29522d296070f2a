import Primitives

/// Writes safetensors files as the reference implementation lays them out: wide elements first,
/// then by name, so that every tensor is aligned and equal contents give equal bytes.
public enum SafeTensorsWriter {
  /// A tensor to be written.
  public struct Tensor: Sendable {
    public let name: String
    /// Outermost first.
    public let shape: [Int]
    public let type: ElementType
    /// Its elements, row-major and little-endian.
    public let bytes: [UInt8]

    public init(name: String, shape: [Int], type: ElementType, bytes: [UInt8]) {
      self.name = name
      self.shape = shape
      self.type = type
      self.bytes = bytes
    }

    /// A tensor of floats, rounded to `type`.
    /// - Throws: `PitwallError` (fault) for a quantised type.
    public init(name: String, shape: [Int], type: ElementType, floats: [Float]) throws {
      self.init(
        name: name, shape: shape, type: type, bytes: try Dequantizer.narrow(floats, to: type))
    }
  }

  /// Writes a file, which then appears whole or not at all.
  /// - Throws: `PitwallError`: (fault) where a tensor's bytes do not fit its shape, its type is not
  ///   one of safetensors, or a name stands twice; (inputOutput) where writing fails.
  public static func write(
    _ tensors: [Tensor], metadata: [String: String] = [:], to path: String
  ) throws {
    let ordered = tensors.sorted {
      ($1.type.blockBytes, $0.name) < ($0.type.blockBytes, $1.name)
    }
    let header = try header(ordered, metadata)
    try AtomicFile.write(to: path) { file in
      try file.append((0..<8).map { UInt8(truncatingIfNeeded: header.count >> (8 * $0)) })
      try file.append(header)
      for tensor in ordered { try file.append(tensor.bytes) }
    }
  }

  private static func header(_ tensors: [Tensor], _ metadata: [String: String]) throws -> [UInt8] {
    var entries: [String: JSONValue] = [:]
    if !metadata.isEmpty { entries["__metadata__"] = .object(metadata.mapValues { .string($0) }) }
    var end = 0
    for tensor in tensors {
      guard let type = tensor.type.safeTensorsName,
        StoredTensor.product(tensor.shape + [tensor.type.blockBytes]) == tensor.bytes.count
      else { throw PitwallError.fault("tensor \(tensor.name): its bytes do not fit its shape") }
      let entry = JSONValue.object([
        "dtype": .string(type), "shape": .array(tensor.shape.map { .integer($0) }),
        "data_offsets": .array([.integer(end), .integer(end + tensor.bytes.count)]),
      ])
      guard entries.updateValue(entry, forKey: tensor.name) == nil else {
        throw PitwallError.fault("two tensors of the name \(tensor.name)")
      }
      end += tensor.bytes.count
    }
    var text = [UInt8](JSONText.compact(.object(entries)).utf8)
    // Padded so that the tensors begin at a multiple of 8.
    while !text.count.isMultiple(of: 8) { text.append(UInt8(ascii: " ")) }
    return text
  }
}
