import Orchestration
import Primitives

/// Least frequently used: the adapter with the fewest uses since it came goes; of several, the one
/// whose last use lies farthest back. The count is forgotten on eviction (in-cache LFU).
public struct LFU: EvictionPolicy, ~Copyable {
  private var uses: RankedHeap<Int64>

  /// No uses of `count` adapters yet.
  public init(count: Int) { uses = RankedHeap(count: count, zero: 0) }

  public mutating func inserted(_ adapter: AdapterID, at time: Nanoseconds) {
    uses.set(adapter, to: 1)
  }

  public mutating func accessed(_ adapter: AdapterID, at time: Nanoseconds) {
    uses.set(adapter, to: uses.key(of: adapter) + 1)
  }

  public mutating func removed(_ adapter: AdapterID) { uses.remove(adapter) }

  public mutating func victim(
    for incoming: AdapterID?, sparing pins: borrowing PinTable, at time: Nanoseconds
  ) -> AdapterID? {
    uses.smallest(sparing: pins)
  }
}

extension EvictionEntry {
  static let lfu = EvictionEntry(
    "lfu", "the least often used since it came goes",
    idea: """
      Uses are counted from when an adapter comes, and forgotten when it goes. The lowest count goes; \
      of several, the one whose last use lies farthest back.
      """, cost: "O(log n)", source: "in-cache LFU, ties by recency"
  ) { context, _ in LFU(count: context.count) }
}
