import BasicContainers
import Orchestration
import Primitives

/// CLOCK with Adaptive Replacement: ARC whose two lists are clocks, so that a hit only sets a bit.
///
/// T1 holds what came once, T2 what was used again; a hand passes over either. What it finds used in
/// T1 goes to T2, what it finds used in T2 gets another round. Ghosts of both move the target p for
/// T1's size, as in ARC.
/// S. Bansal, D. S. Modha, "CAR: clock with adaptive replacement", USENIX FAST'04. With sizes, the
/// bounds on the ghosts hold after every arrival: T1 and B1 within the capacity, all within twice.
public struct CAR: EvictionPolicy, ~Copyable {
  private static let once: Int32 = 0
  private static let again: Int32 = 1
  private static let onceGhosts: Int32 = 2
  private static let againGhosts: Int32 = 3

  private var lists: ListSet
  private var isUsed: UniqueArray<Bool>
  /// What a ghost list remembered when it was missed.
  private var wasGhost: UniqueArray<Bool>
  private let sizes: [Bytes]
  private var capacity: Bytes
  /// The target for T1's size, p in the paper.
  private var target = 0.0
  private var proposed = ListSet.none
  /// Where the proposed victim will be remembered.
  private var ghosts = CAR.onceGhosts

  /// An empty cache.
  public init(_ context: EvictionContext) {
    lists = ListSet(sizes: context.sizes, lists: 4)
    isUsed = UniqueArray(repeating: false, count: context.count)
    wasGhost = UniqueArray(repeating: false, count: context.count)
    sizes = context.sizes
    capacity = context.capacity
  }

  private func size(_ list: Int32) -> Double { Double(lists.total(of: list)) }

  public mutating func missed(_ adapter: AdapterID, at time: Nanoseconds) {
    switch lists.list(of: adapter) {
    case Self.onceGhosts:
      let step = max(size(Self.againGhosts) / max(size(Self.onceGhosts), 1), 1)
      target = min(target + step, Double(capacity))
    case Self.againGhosts:
      let step = max(size(Self.onceGhosts) / max(size(Self.againGhosts), 1), 1)
      target = max(target - step, 0)
    default: return
    }
    lists.remove(adapter)
    wasGhost[Int(adapter)] = true
  }

  public mutating func inserted(_ adapter: AdapterID, at time: Nanoseconds) {
    isUsed[Int(adapter)] = false
    let isKnown = wasGhost[Int(adapter)]
    wasGhost[Int(adapter)] = false
    lists.moveFirst(adapter, in: isKnown ? Self.again : Self.once)
    if !isKnown { boundGhosts() }
  }

  public mutating func accessed(_ adapter: AdapterID, at time: Nanoseconds) {
    isUsed[Int(adapter)] = true
  }

  public mutating func removed(_ adapter: AdapterID) {
    if adapter == proposed {
      sweep(to: adapter)
      lists.moveFirst(adapter, in: ghosts)
    } else {
      lists.remove(adapter)
    }
    proposed = ListSet.none
  }

  public mutating func capacityChanged(to capacity: Bytes) {
    self.capacity = capacity
    target = min(target, Double(capacity))
    boundGhosts()
  }

  private mutating func boundGhosts() {
    while lists.total(of: Self.once) + lists.total(of: Self.onceGhosts) > capacity,
      forgetOldest(of: Self.onceGhosts)
    {}
    while (Self.once...Self.againGhosts).reduce(0, { $0 + lists.total(of: $1) }) > 2 * capacity,
      forgetOldest(of: Self.againGhosts)
    {}
  }

  private mutating func forgetOldest(of ghosts: Int32) -> Bool {
    let oldest = lists.last(of: ghosts)
    guard oldest != ListSet.none else { return false }
    lists.remove(oldest)
    return true
  }

  /// Looks where the hands would stop, and moves nothing.
  public mutating func victim(
    for incoming: AdapterID?, sparing pins: borrowing PinTable, at time: Nanoseconds
  ) -> AdapterID? {
    var left = size(Self.once)
    var firstPromoted: AdapterID?
    var adapter = lists.last(of: Self.once)
    while adapter != ListSet.none,
      left > target || (firstPromoted == nil && lists.isEmpty(Self.again))
    {
      if !pins.isPinned(adapter) {
        guard isUsed[Int(adapter)] else { return propose(adapter, Self.onceGhosts) }
        firstPromoted = firstPromoted ?? adapter
        left -= Double(sizes[Int(adapter)])
      }
      adapter = lists.newer(than: adapter)
    }
    adapter = lists.last(of: Self.again)
    while adapter != ListSet.none {
      if !isUsed[Int(adapter)], !pins.isPinned(adapter) {
        return propose(adapter, Self.againGhosts)
      }
      adapter = lists.newer(than: adapter)
    }
    // After a round of the second hand: what the first one brought stands before those it has passed.
    return propose(
      firstPromoted ?? lists.oldest(of: Self.again, sparing: pins)
        ?? lists.oldest(of: Self.once, sparing: pins), Self.againGhosts)
  }

  private mutating func propose(_ victim: AdapterID?, _ ghosts: Int32) -> AdapterID? {
    proposed = victim ?? ListSet.none
    self.ghosts = ghosts
    return victim
  }

  /// Moves the hands to the victim.
  private mutating func sweep(to victim: AdapterID) {
    var adapter = lists.last(of: Self.once)
    var promotes = lists.isEmpty(Self.again)
    while adapter != ListSet.none, size(Self.once) > target || promotes {
      let isVictim = adapter == victim
      if isVictim, !isUsed[Int(adapter)] { return }
      let next = lists.newer(than: adapter)
      if isUsed[Int(adapter)] {
        giveRound(adapter)
        promotes = false
      }
      adapter = next
    }
    guard ghosts == Self.againGhosts else { return }
    adapter = lists.last(of: Self.again)
    let goesRound = isUsed[Int(victim)]
    while adapter != ListSet.none, goesRound || adapter != victim {
      let next = lists.newer(than: adapter)
      if goesRound {
        isUsed[Int(adapter)] = false
      } else if isUsed[Int(adapter)] {
        giveRound(adapter)
      }
      adapter = next
    }
  }

  private mutating func giveRound(_ adapter: AdapterID) {
    isUsed[Int(adapter)] = false
    lists.moveFirst(adapter, in: Self.again)
  }
}

extension EvictionEntry {
  static let car = EvictionEntry(
    "car", "ARC with clocks: a hit only sets a bit",
    idea: """
      As ARC, but the lists of what came once and of what was used again are clocks: a hit sets a bit, \
      and the hand that looks for a victim moves what it finds used to the second clock.
      """, cost: "O(1) amortised", source: "Bansal and Modha, FAST'04"
  ) { context, _ in CAR(context) }
}
