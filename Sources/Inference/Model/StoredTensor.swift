/// How the elements of a tensor are stored.
public enum ElementType: Sendable, Equatable, CaseIterable {
  case f32, f16, bf16
  /// Blocks of 32 elements, as GGUF has them.
  case q8_0, q4_0, q4_1
  /// Blocks of 256 elements.
  case q6_K
}

/// A tensor as it lies in a checkpoint: row-major, the last dimension contiguous.
public struct StoredTensor: Sendable {
  public let name: String
  /// Outermost first.
  public let shape: [Int]
  public let type: ElementType
  /// Where its bytes are in ``file``.
  public let range: Range<Int>
  public let file: MappedFile
}
