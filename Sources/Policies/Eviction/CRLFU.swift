import Orchestration
import Primitives

/// Churn-resistant LFU: of the least often used, the one whose last use is the newest goes.
///
/// Where more adapters are used equally often than fit, LFU, which breaks ties by age, throws each out
/// just before it is used again. Breaking them the other way keeps a part of them.
/// L. V. Rodriguez et al., "Learning cache replacement with CACHEUS", USENIX FAST'21.
public struct CRLFU: EvictionPolicy, ~Copyable {
  private var order: ChurnResistantOrder

  /// No uses of `count` adapters yet.
  public init(count: Int) { order = ChurnResistantOrder(count: count) }

  public mutating func inserted(_ adapter: AdapterID, at time: Nanoseconds) {
    order.set(adapter, uses: 1)
  }

  public mutating func accessed(_ adapter: AdapterID, at time: Nanoseconds) {
    order.set(adapter, uses: order.uses(of: adapter) + 1)
  }

  public mutating func removed(_ adapter: AdapterID) { order.remove(adapter) }

  public mutating func victim(
    for incoming: AdapterID?, sparing pins: borrowing PinTable, at time: Nanoseconds
  ) -> AdapterID? {
    order.first(sparing: pins)
  }
}

/// Residents by number of uses, fewest first; among equals the newest use comes first.
struct ChurnResistantOrder: ~Copyable, Sendable {
  struct Rank: Comparable, BitwiseCopyable {
    var uses: Int64
    var recency: Int64

    static func < (a: Rank, b: Rank) -> Bool {
      a.uses == b.uses ? a.recency > b.recency : a.uses < b.uses
    }
  }

  private var ranks: RankedHeap<Rank>
  private var clock: Int64 = 0

  init(count: Int) { ranks = RankedHeap(count: count, zero: Rank(uses: 0, recency: 0)) }

  /// Uses of an adapter that is there, or was when it left.
  func uses(of adapter: AdapterID) -> Int64 { ranks.key(of: adapter).uses }

  /// Notes a use of an adapter, which makes so many.
  mutating func set(_ adapter: AdapterID, uses: Int64) {
    clock += 1
    ranks.set(adapter, to: Rank(uses: uses, recency: clock))
  }

  mutating func remove(_ adapter: AdapterID) { ranks.remove(adapter) }

  mutating func first(sparing pins: borrowing PinTable) -> AdapterID? {
    ranks.smallest(sparing: pins)
  }
}

extension EvictionEntry {
  static let crLFU = EvictionEntry(
    "cr-lfu", "of the least often used, the last used goes",
    idea: """
      Uses are counted from when an adapter comes. The lowest count goes; of several, the one whose \
      last use is the newest, so that a crowd of equals does not push itself out in turn.
      """, cost: "O(log n)", source: "Rodriguez et al., CACHEUS, FAST'21"
  ) { context, _ in CRLFU(count: context.count) }
}
