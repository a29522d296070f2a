import Primitives

/// How the elements of a tensor are stored, little-endian.
public enum ElementType: Sendable, Equatable, CaseIterable {
  case f32, f16, bf16
  /// Blocks of 32 elements, as GGUF has them.
  case q8_0, q4_0, q4_1
  /// Blocks of 256 elements.
  case q6_K

  /// Elements of a row that are stored together; 1 where each stands alone.
  public var blockElements: Int {
    switch self {
    case .f32, .f16, .bf16: 1
    case .q8_0, .q4_0, .q4_1: 32
    case .q6_K: 256
    }
  }

  /// Bytes of one block.
  public var blockBytes: Int {
    switch self {
    case .f32: 4
    case .f16, .bf16: 2
    // A 16-bit scale, for Q4_1 a 16-bit minimum also, then the quants.
    case .q8_0: 2 + 32
    case .q4_0: 2 + 16
    case .q4_1: 2 + 2 + 16
    // Low and high bits of the quants, sixteen scales, a 16-bit scale of those.
    case .q6_K: 128 + 64 + 16 + 2
    }
  }

  /// Bytes of a row of `columns` elements; nil if that is no whole number of blocks, or no size
  /// that a machine can have.
  public func rowBytes(columns: Int) -> Int? {
    guard columns >= 0, columns.isMultiple(of: blockElements) else { return nil }
    let (bytes, overflow) = (columns / blockElements).multipliedReportingOverflow(by: blockBytes)
    return overflow ? nil : bytes
  }
}

/// A tensor as it lies in a checkpoint: row-major, the last dimension contiguous.
///
/// Proven when made: ``range`` lies within ``file`` and is as long as ``shape`` and ``type`` say.
public struct StoredTensor: Sendable {
  public let name: String
  /// Outermost first.
  public let shape: [Int]
  public let type: ElementType
  /// Where its bytes are in ``file``.
  public let range: Range<Int>
  public let file: MappedFile
  /// Product of all dimensions but the last; 1 for a vector.
  public let rows: Int
  /// The last dimension; 1 for a scalar.
  public let columns: Int

  /// - Throws: `PitwallError` (data) where shape, type, range and file do not fit together.
  init(name: String, shape: [Int], type: ElementType, range: Range<Int>, file: MappedFile) throws {
    func broken(_ why: String) -> PitwallError { .data(file.path, "tensor \(name): \(why)") }
    let columns = shape.last ?? 1
    guard shape.allSatisfy({ $0 >= 0 }), let rows = StoredTensor.product(shape.dropLast()),
      let rowBytes = type.rowBytes(columns: columns)
    else { throw broken("impossible shape \(shape) for \(type)") }
    let (bytes, overflow) = rows.multipliedReportingOverflow(by: rowBytes)
    guard !overflow, bytes == range.count else {
      throw broken("\(range.count) bytes do not hold \(type) of shape \(shape)")
    }
    guard range.lowerBound >= 0, range.upperBound <= file.count else {
      throw broken("it reaches beyond the end of the file")
    }
    self.name = name
    self.shape = shape
    self.type = type
    self.range = range
    self.file = file
    self.rows = rows
    self.columns = columns
  }

  /// Its size in bytes.
  public var byteCount: Int { range.count }

  /// Bytes from one row to the next.
  public var rowBytes: Int { rows == 0 ? 0 : byteCount / rows }

  /// Gives its bytes to `body`, for the time of the call only. They may lie at any alignment.
  public func withBytes<R>(_ body: (UnsafeRawBufferPointer) throws -> R) rethrows -> R {
    try unsafe file.withBytes {
      try unsafe body(UnsafeRawBufferPointer(rebasing: $0[range]))
    }
  }

  /// nil where it overflows.
  static func product(_ factors: some Sequence<Int>) -> Int? {
    var product = 1
    for factor in factors {
      let (next, overflow) = product.multipliedReportingOverflow(by: factor)
      guard !overflow else { return nil }
      product = next
    }
    return product
  }
}
