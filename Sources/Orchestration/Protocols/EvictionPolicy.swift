import BasicContainers
import Primitives

/// Decides which adapter leaves a tier when room is needed.
///
/// The owner of the tier tells the policy what happens and asks it for victims; the policy sees
/// nothing else, so it cannot tell in which world it runs. Sizes and load costs come at the start,
/// in ``EvictionContext``.
public protocol EvictionPolicy: ~Copyable, Sendable {
  /// An adapter has come to the tier; a demand load's first use is part of this call.
  mutating func inserted(_ adapter: AdapterID, at time: Nanoseconds)
  /// A request uses an adapter that is in the tier.
  mutating func accessed(_ adapter: AdapterID, at time: Nanoseconds)
  /// The last user of an adapter is done with it. Policies of recency count from here.
  mutating func released(_ adapter: AdapterID, at time: Nanoseconds)
  /// An adapter has left the tier, as a victim or for another reason.
  mutating func removed(_ adapter: AdapterID)
  /// The adapter that should go next; not pinned. Nil if all are pinned.
  /// The caller calls ``removed(_:)`` if it does evict it.
  mutating func victim(sparing pins: borrowing PinTable, at time: Nanoseconds) -> AdapterID?
}

extension EvictionPolicy where Self: ~Copyable {
  /// Most policies do not care.
  public mutating func released(_ adapter: AdapterID, at time: Nanoseconds) {}
}

/// What an eviction policy knows from the start.
public struct EvictionContext: Sendable {
  /// The tier it works for.
  public var tier: Tier
  /// Size of each adapter.
  public var bytes: [Bytes]
  /// Estimated time to bring each adapter back from the tier below.
  public var loadCost: [Nanoseconds]
  /// For policies that draw lots.
  public var seed: UInt64

  /// Number of adapters.
  public var count: Int { bytes.count }

  /// Makes a context.
  public init(tier: Tier, bytes: [Bytes], loadCost: [Nanoseconds], seed: UInt64) {
    self.tier = tier
    self.bytes = bytes
    self.loadCost = loadCost
    self.seed = seed
  }
}

/// How many users hold each adapter where it is; one with users is never a victim.
public struct PinTable: ~Copyable, Sendable {
  private var counts: UniqueArray<Int32>
  /// Number of adapters that are pinned.
  public private(set) var pinned = 0

  /// Nothing pinned among `count` adapters.
  public init(count: Int) {
    counts = UniqueArray(repeating: 0, count: count)
  }

  /// Whether an adapter has users.
  public func isPinned(_ adapter: AdapterID) -> Bool { counts[Int(adapter)] > 0 }

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
