import BasicContainers
import Orchestration
import Primitives

/// Segmented LRU: new adapters start in the lowest of several LRU lists, and every use takes them one
/// list up; what a list has no room for falls one list down, and out of the lowest it goes.
///
/// R. Karedla, J. S. Love, B. G. Wherry, "Caching strategies to improve disk system performance",
/// IEEE Computer 27(3), 1994, doi:10.1109/2.268884. While lists have room to spare an adapter starts
/// in the lowest that can take it, as in libCacheSim and, for four segments, in Facebook's S4LRU
/// (Huang et al., SOSP'13, doi:10.1145/2517349.2522722).
public struct SLRU: EvictionPolicy, ~Copyable {
  private var lists: ListSet
  /// What each list may take.
  private var share: Bytes
  /// An adapter fell into the lowest list, which may now be too full.
  private var hasFallen = false

  /// Empty lists that share the capacity evenly.
  public init(_ context: EvictionContext, segments: Int = 4) {
    lists = ListSet(sizes: context.sizes, lists: segments)
    share = max(1, context.capacity / Bytes(segments))
  }

  public mutating func capacityChanged(to capacity: Bytes) {
    share = max(1, capacity / Bytes(lists.count))
    settle(from: lists.count - 1)
  }

  public mutating func admits(_ adapter: AdapterID, at time: Nanoseconds) -> Bool {
    lists.size(of: adapter) <= share
  }

  public mutating func inserted(_ adapter: AdapterID, at time: Nanoseconds) {
    let size = lists.size(of: adapter)
    let roomy = (0..<lists.count).first { lists.total(of: $0) + size <= share }
    lists.moveFirst(adapter, in: roomy ?? 0)
  }

  public mutating func accessed(_ adapter: AdapterID, at time: Nanoseconds) {
    let upper = min(lists.list(of: adapter) + 1, lists.count - 1)
    lists.moveFirst(adapter, in: upper)
    settle(from: upper)
  }

  /// Lets what is too much for a list fall into the one below, and so on.
  private mutating func settle(from top: Int32) {
    var list = top
    while list > 0 {
      while lists.total(of: list) > share {
        lists.moveFirst(lists.last(of: list), in: list - 1)
        if list == 1 { hasFallen = true }
      }
      list -= 1
    }
  }

  public mutating func removed(_ adapter: AdapterID) { lists.remove(adapter) }

  public mutating func victim(
    for incoming: AdapterID?, sparing pins: borrowing PinTable, at time: Nanoseconds
  ) -> AdapterID? {
    for list in 0..<lists.count {
      if let adapter = lists.oldest(of: list, sparing: pins) { return adapter }
    }
    return nil
  }

  /// The lowest list may hold more than its share, if that is what came when there was room; but what
  /// falls into it from above pushes out what is too much.
  public mutating func surplus(
    sparing pins: borrowing PinTable, at time: Nanoseconds
  ) -> AdapterID? {
    guard hasFallen else { return nil }
    if lists.total(of: 0) > share, let adapter = lists.oldest(of: 0, sparing: pins) {
      return adapter
    }
    hasFallen = false
    return nil
  }
}

extension EvictionEntry {
  static let slru = EvictionEntry(
    "slru", "several LRU lists; each use takes an adapter one up, overflow takes it one down",
    idea: """
      The capacity is shared evenly among lists. An adapter starts in the lowest (a higher one while \
      that has room and the lower ones have not), and rises by one with each use; the oldest of a list \
      that is too full fall into the one below. The oldest of the lowest list goes.
      """, cost: "O(segments)",
    parameters: [PolicyParameter("segments", "4", "number of lists, 1 to 64")],
    source: "Karedla et al., IEEE Computer 27(3), 1994, doi:10.1109/2.268884"
  ) { context, parameters in
    SLRU(context, segments: try parameters.int("segments", default: 4, in: 1...64))
  }
}
