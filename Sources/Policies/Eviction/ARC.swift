import BasicContainers
import Orchestration
import Primitives

/// Adaptive Replacement Cache: adapters used once and adapters used again share the capacity as the
/// misses ask for.
///
/// T1 holds what has been used once since it came, T2 what has been used again; B1 and B2 remember
/// what left them. A miss that B1 remembers says that T1 is too small, one that B2 remembers that T2
/// is: the target p for T1's size moves.
/// N. Megiddo, D. S. Modha, "ARC: a self-tuning, low overhead replacement cache", USENIX FAST'03.
public struct ARC: EvictionPolicy, ~Copyable {
  private static let once: Int32 = 0
  private static let again: Int32 = 1
  private static let onceGhosts: Int32 = 2
  private static let againGhosts: Int32 = 3

  /// A victim, and what its going changes.
  private struct Plan {
    var victim = ListSet.none
    /// Where the victim is remembered; nowhere if none.
    var ghosts = ListSet.none
    /// The list whose oldest ghost is forgotten.
    var forgets = ListSet.none
  }

  private var lists: ListSet
  /// For what has been missed and has not come yet: the ghost list that remembered it.
  private var missedFrom: UniqueArray<Int32>
  private let sizes: [Bytes]
  private var capacity: Bytes
  /// The target for T1's size, p in the paper.
  private var target = 0.0
  private var plan = Plan()

  /// An empty cache.
  public init(_ context: EvictionContext) {
    lists = ListSet(sizes: context.sizes, lists: 4)
    missedFrom = UniqueArray(repeating: ListSet.none, count: context.count)
    sizes = context.sizes
    capacity = context.capacity
  }

  private func size(_ list: Int32) -> Double { Double(lists.total(of: list)) }

  public mutating func missed(_ adapter: AdapterID, at time: Nanoseconds) {
    let list = lists.list(of: adapter)
    switch list {
    case Self.onceGhosts:
      let step = max(size(Self.againGhosts) / max(size(Self.onceGhosts), 1), 1)
      target = min(target + step, Double(capacity))
    case Self.againGhosts:
      let step = max(size(Self.onceGhosts) / max(size(Self.againGhosts), 1), 1)
      target = max(target - step, 0)
    default: return
    }
    lists.remove(adapter)
    missedFrom[Int(adapter)] = list
  }

  public mutating func inserted(_ adapter: AdapterID, at time: Nanoseconds) {
    let isKnown = missedFrom[Int(adapter)] != ListSet.none
    lists.moveFirst(adapter, in: isKnown ? Self.again : Self.once)
    missedFrom[Int(adapter)] = ListSet.none
  }

  public mutating func accessed(_ adapter: AdapterID, at time: Nanoseconds) {
    lists.moveFirst(adapter, in: Self.again)
  }

  public mutating func removed(_ adapter: AdapterID) {
    if adapter == plan.victim {
      if plan.forgets != ListSet.none { forgetOldest(of: plan.forgets) }
      if plan.ghosts == ListSet.none {
        lists.remove(adapter)
      } else {
        lists.moveFirst(adapter, in: plan.ghosts)
      }
    } else {
      lists.remove(adapter)
    }
    plan = Plan()
  }

  public mutating func capacityChanged(to capacity: Bytes) {
    self.capacity = capacity
    target = min(target, Double(capacity))
    while lists.total(of: Self.once) + lists.total(of: Self.onceGhosts) > capacity,
      forgetOldest(of: Self.onceGhosts)
    {}
    while total > 2 * capacity, forgetOldest(of: Self.againGhosts) {}
  }

  private var total: Bytes { (Self.once...Self.againGhosts).reduce(0) { $0 + lists.total(of: $1) } }

  @discardableResult private mutating func forgetOldest(of ghosts: Int32) -> Bool {
    let oldest = lists.last(of: ghosts)
    guard oldest != ListSet.none else { return false }
    lists.remove(oldest)
    return true
  }

  public mutating func victim(
    for incoming: AdapterID?, sparing pins: borrowing PinTable, at time: Nanoseconds
  ) -> AdapterID? {
    plan = makePlan(for: incoming, sparing: pins)
    return plan.victim == ListSet.none ? nil : plan.victim
  }

  private func makePlan(for incoming: AdapterID?, sparing pins: borrowing PinTable) -> Plan {
    let origin = incoming.map { missedFrom[Int($0)] } ?? ListSet.none
    var plan = Plan()
    if origin == ListSet.none {
      let size = incoming.map { sizes[Int($0)] } ?? 0
      if lists.total(of: Self.once) + lists.total(of: Self.onceGhosts) + size > capacity {
        if !lists.isEmpty(Self.onceGhosts) {
          plan.forgets = Self.onceGhosts
        } else if let victim = lists.oldest(of: Self.once, sparing: pins) {
          plan.victim = victim
          return plan
        }
      } else if total >= 2 * capacity {
        plan.forgets = Self.againGhosts
      }
    }
    replace(&plan, hitAgainGhosts: origin == Self.againGhosts, sparing: pins)
    return plan
  }

  /// REPLACE in the paper: T1 gives way if it is above its target, else T2; the other one where all
  /// are pinned.
  private func replace(_ plan: inout Plan, hitAgainGhosts: Bool, sparing pins: borrowing PinTable) {
    let isOver = size(Self.once) > target || (size(Self.once) == target && hitAgainGhosts)
    let takesOnce = !lists.isEmpty(Self.once) && isOver || lists.isEmpty(Self.again)
    let preferred = takesOnce ? Self.once : Self.again
    plan.victim =
      lists.oldest(of: preferred, sparing: pins)
      ?? lists.oldest(of: Self.once + Self.again - preferred, sparing: pins) ?? ListSet.none
    guard plan.victim != ListSet.none else { return }
    plan.ghosts = lists.list(of: plan.victim) == Self.once ? Self.onceGhosts : Self.againGhosts
  }
}

extension EvictionEntry {
  static let arc = EvictionEntry(
    "arc", "used once and used again share the place, as misses of what left ask for",
    idea: """
      Two lists, of what was used once and of what was used again, each with a list of ghosts that \
      left it. A miss of a ghost moves the target for the first list's size toward what would have \
      kept it. The list that is over its target gives way, its least recently used first.
      """, cost: "O(1)", source: "Megiddo and Modha, FAST'03"
  ) { context, _ in ARC(context) }
}
