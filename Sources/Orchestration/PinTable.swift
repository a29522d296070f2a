import BasicContainers

/// How many users hold each adapter where it is; one with users is never a victim.
public struct PinTable: ~Copyable, Sendable {
  @usableFromInline var counts: UniqueArray<Int32>
  /// Number of adapters that are pinned.
  public private(set) var pinned = 0

  /// Nothing pinned among `count` adapters.
  public init(count: Int) {
    counts = UniqueArray(repeating: 0, count: count)
  }

  /// Whether an adapter has users.
  @inlinable public func isPinned(_ adapter: AdapterID) -> Bool { counts[Int(adapter)] > 0 }

  /// Number of an adapter's users.
  public func users(_ adapter: AdapterID) -> Int32 { counts[Int(adapter)] }

  /// Adds a user; true if it is the first.
  mutating func pin(_ adapter: AdapterID) -> Bool {
    counts[Int(adapter)] += 1
    guard counts[Int(adapter)] == 1 else { return false }
    pinned += 1
    return true
  }

  /// Takes a user away; true if it was the last.
  mutating func unpin(_ adapter: AdapterID) -> Bool {
    counts[Int(adapter)] -= 1
    guard counts[Int(adapter)] == 0 else { return false }
    pinned -= 1
    return true
  }
}
