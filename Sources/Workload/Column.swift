/// An immutable column of numbers: either an array of ours or a piece of a memory-mapped file.
///
/// Readers cannot tell which, and reading costs a bounds check and a load in both cases, so a
/// trace of 100 million requests is opened without being copied.
public struct Column<Element: BitwiseCopyable & Sendable>: RandomAccessCollection, Sendable {
  /// Where the memory comes from; kept alive for as long as the column is.
  @usableFromInline let storage: ColumnStorage<Element>

  /// A column that owns a copy of `elements`.
  public init(_ elements: some Collection<Element>) {
    let copy = UnsafeMutableBufferPointer<Element>.allocate(capacity: elements.count)
    _ = unsafe copy.initialize(from: elements)
    storage = unsafe ColumnStorage(UnsafeBufferPointer(copy), owner: nil)
  }

  /// A column of `count` equal elements.
  public init(repeating element: Element, count: Int) {
    self.init(repeatElement(element, count: count))
  }

  /// A column over memory that `owner` keeps alive and never changes.
  init(borrowing memory: UnsafeBufferPointer<Element>, owner: any AnyObject & Sendable) {
    storage = unsafe ColumnStorage(memory, owner: owner)
  }

  public var startIndex: Int { 0 }
  @inlinable public var endIndex: Int { unsafe storage.memory.count }

  @inlinable
  public subscript(position: Int) -> Element {
    precondition(position >= 0 && position < endIndex, "column index out of range")
    return unsafe storage.memory[position]
  }

  /// Calls `body` with the elements as one contiguous buffer.
  public func withContiguousStorageIfAvailable<R>(
    _ body: (UnsafeBufferPointer<Element>) throws -> R
  ) rethrows -> R? {
    try unsafe body(storage.memory)
  }
}

extension Column: Equatable where Element: Equatable {
  public static func == (a: Column, b: Column) -> Bool { a.elementsEqual(b) }
}

/// The memory behind a column.
///
/// `@unchecked Sendable`: `memory` is not written after `init`, and is freed in `deinit` only,
/// when no other reference to it is left.
@usableFromInline
@safe final class ColumnStorage<Element: BitwiseCopyable & Sendable>: @unchecked Sendable {
  @usableFromInline let memory: UnsafeBufferPointer<Element>
  /// Who frees the memory; nil if we do.
  private let owner: (any AnyObject & Sendable)?

  init(_ memory: UnsafeBufferPointer<Element>, owner: (any AnyObject & Sendable)?) {
    unsafe self.memory = memory
    self.owner = owner
  }

  deinit {
    if owner == nil { unsafe memory.deallocate() }
  }
}
