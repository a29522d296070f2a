import BasicContainers
import Orchestration
import Primitives

/// SIEVE: a queue in order of arrival and a hand that moves over it, from the oldest to the newest,
/// and evicts what was not used since it last passed; nothing ever changes its place.
///
/// Y. Zhang, J. Yang, Y. Yue, Y. Vigfusson, K. V. Rashmi, "SIEVE is simpler than LRU: an efficient
/// turn-key eviction algorithm for web caches", NSDI'24.
public struct Sieve: EvictionPolicy, ~Copyable {
  private var order: IndexList
  private var isUsed: UniqueArray<Bool>
  /// Where the hand goes on; none: at the oldest.
  private var hand: AdapterID = IndexList.none
  private var proposed: AdapterID = IndexList.none

  /// An empty queue over `count` adapters.
  public init(count: Int) {
    order = IndexList(capacity: count)
    isUsed = UniqueArray(repeating: false, count: count)
  }

  public mutating func inserted(_ adapter: AdapterID, at time: Nanoseconds) {
    isUsed[Int(adapter)] = false
    order.pushFirst(adapter)
  }

  public mutating func accessed(_ adapter: AdapterID, at time: Nanoseconds) {
    isUsed[Int(adapter)] = true
  }

  public mutating func removed(_ adapter: AdapterID) {
    if adapter == proposed { moveHand(to: adapter) }
    proposed = IndexList.none
    if hand == adapter { hand = order.newer(than: adapter) }
    order.remove(adapter)
  }

  public mutating func victim(
    for incoming: AdapterID?, sparing pins: borrowing PinTable, at time: Nanoseconds
  ) -> AdapterID? {
    let victim = firstUnused(sparing: pins)
    proposed = victim ?? IndexList.none
    return victim
  }

  /// The neighbour toward the newest, and round.
  private func next(after adapter: AdapterID) -> AdapterID {
    let newer = order.newer(than: adapter)
    return newer == IndexList.none ? order.last : newer
  }

  private var start: AdapterID { hand == IndexList.none ? order.last : hand }

  /// Where the hand would stop, bits left as they are: after a round that finds all idle adapters
  /// used, at the first of them.
  private func firstUnused(sparing pins: borrowing PinTable) -> AdapterID? {
    var firstIdle: AdapterID?
    var adapter = start
    for _ in 0..<order.count {
      if !pins.isPinned(adapter) {
        if !isUsed[Int(adapter)] { return adapter }
        firstIdle = firstIdle ?? adapter
      }
      adapter = next(after: adapter)
    }
    return firstIdle
  }

  /// Clears the bits that the hand passes on its way to a victim: all, where that one's own is set.
  private mutating func moveHand(to victim: AdapterID) {
    var adapter = start
    var steps = isUsed[Int(victim)] ? order.count : 0
    while adapter != victim || steps > 0 {
      isUsed[Int(adapter)] = false
      adapter = next(after: adapter)
      steps -= 1
    }
    hand = victim
  }
}

extension EvictionEntry {
  static let sieve = EvictionEntry(
    "sieve", "a hand passes over the queue of arrival and evicts what was not used since",
    idea: """
      A queue in order of arrival, a bit for each adapter, and a hand. A use sets the bit. When room is \
      needed the hand moves from the oldest toward the newest, and round, clearing bits, until it finds \
      one that is not set: that adapter goes, and the hand waits behind it. Nothing is ever moved, so \
      that new adapters that are not used again are sifted out quickly.
      """, cost: "O(1), evictions amortised", source: "Zhang et al., NSDI'24"
  ) { context, _ in Sieve(count: context.count) }
}
