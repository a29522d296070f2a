import Orchestration
import Primitives

/// Most recently used: the adapter that was used last goes. Best for a loop that is a little larger
/// than the cache, and a warning example for all else.
public struct MRU: EvictionPolicy, ~Copyable {
  /// From most to least recently used.
  private var order: IndexList

  /// An empty order over `count` adapters.
  public init(count: Int) { order = IndexList(capacity: count) }

  public mutating func inserted(_ adapter: AdapterID, at time: Nanoseconds) {
    order.pushFirst(adapter)
  }

  public mutating func accessed(_ adapter: AdapterID, at time: Nanoseconds) {
    order.moveFirst(adapter)
  }

  public mutating func removed(_ adapter: AdapterID) { order.remove(adapter) }

  public mutating func victim(
    for incoming: AdapterID?, sparing pins: borrowing PinTable, at time: Nanoseconds
  ) -> AdapterID? {
    var adapter = order.first
    while adapter != IndexList.none {
      if !pins.isPinned(adapter) { return adapter }
      adapter = order.older(than: adapter)
    }
    return nil
  }
}

extension EvictionEntry {
  static let mru = EvictionEntry(
    "mru", "the most recently used goes",
    idea: """
      A list in order of last use; the adapter at its new end goes. It keeps a part of a loop that \
      does not fit, where LRU keeps nothing of it.
      """, cost: "O(1)", source: "Chou and DeWitt, VLDB 1985, doi:10.1007/BF01840450"
  ) { context, _ in MRU(count: context.count) }
}
