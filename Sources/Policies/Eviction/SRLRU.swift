import BasicContainers
import Orchestration
import Primitives

/// Scan-resistant LRU: what was used once passes through a part of the cache whose size adapts, so
/// that a scan does not push out what was used again.
///
/// L. V. Rodriguez et al., "Learning cache replacement with CACHEUS", USENIX FAST'21. Where the paper
/// moves the boundary by a number of adapters, it is moved here by as many times the size of the one
/// that was hit.
public struct SRLRU: EvictionPolicy, ~Copyable {
  private var parts: ScanResistantParts
  private var history: ListSet
  private var wasGhost: UniqueArray<Bool>
  private var capacity: Bytes
  private var proposed = ListSet.none

  /// An empty cache.
  public init(_ context: EvictionContext) {
    parts = ScanResistantParts(context)
    history = ListSet(sizes: context.sizes, lists: 1)
    wasGhost = UniqueArray(repeating: false, count: context.count)
    capacity = context.capacity
  }

  public mutating func missed(_ adapter: AdapterID, at time: Nanoseconds) {
    guard history.list(of: adapter) != ListSet.none else { return }
    history.remove(adapter)
    wasGhost[Int(adapter)] = true
    parts.hitGhost(adapter)
  }

  public mutating func inserted(_ adapter: AdapterID, at time: Nanoseconds) {
    forget(adapter)
    parts.insert(adapter, isKnown: wasGhost[Int(adapter)])
    wasGhost[Int(adapter)] = false
  }

  public mutating func accessed(_ adapter: AdapterID, at time: Nanoseconds) { parts.use(adapter) }

  public mutating func removed(_ adapter: AdapterID) {
    parts.remove(adapter)
    if adapter == proposed {
      parts.becomesGhost(adapter)
      history.moveFirst(adapter, in: 0)
      boundHistory()
    }
    proposed = ListSet.none
  }

  public mutating func capacityChanged(to capacity: Bytes) {
    self.capacity = capacity
    parts.capacityChanged(to: capacity)
    boundHistory()
  }

  private mutating func boundHistory() {
    while history.total(of: 0) > capacity { forget(history.last(of: 0)) }
  }

  private mutating func forget(_ adapter: AdapterID) {
    guard history.list(of: adapter) != ListSet.none else { return }
    history.remove(adapter)
    parts.forgetGhost(adapter)
  }

  public mutating func victim(
    for incoming: AdapterID?, sparing pins: borrowing PinTable, at time: Nanoseconds
  ) -> AdapterID? {
    let victim = parts.oldest(sparing: pins)
    proposed = victim ?? ListSet.none
    return victim
  }
}

/// The two parts of a scan-resistant cache: for what was used again, and for what is new or was
/// demoted from the first; and what moves the boundary between them.
struct ScanResistantParts: ~Copyable, Sendable {
  private static let reused: Int32 = 0
  private static let fresh: Int32 = 1
  /// The second part's share of the capacity at the start.
  private static let initialShare = 0.01

  private var lists: ListSet
  private var isNew: UniqueArray<Bool>
  private var isDemoted: UniqueArray<Bool>
  private let sizes: [Bytes]
  private var capacity: Bytes
  private var reusedCap: Bytes
  private var demoted = 0
  /// Ghosts that were never used again while they were there.
  private var newGhosts = 0
  private var wasFull = false

  init(_ context: EvictionContext) {
    lists = ListSet(sizes: context.sizes, lists: 2)
    isNew = UniqueArray(repeating: false, count: context.count)
    isDemoted = UniqueArray(repeating: false, count: context.count)
    sizes = context.sizes
    capacity = context.capacity
    reusedCap = Self.initialCap(capacity)
  }

  private static func initialCap(_ capacity: Bytes) -> Bytes {
    max(1, capacity - max(1, Bytes(initialShare * Double(capacity))))
  }

  mutating func capacityChanged(to capacity: Bytes) {
    let share = Double(reusedCap) / Double(max(1, self.capacity))
    self.capacity = capacity
    reusedCap = max(1, Bytes(share * Double(capacity)))
    demote()
  }

  mutating func insert(_ adapter: AdapterID, isKnown: Bool) {
    let hasRoom =
      lists.isEmpty(Self.fresh)
      && lists.total(of: Self.reused) + sizes[Int(adapter)] <= reusedCap
    isNew[Int(adapter)] = !isKnown && wasFull
    lists.moveFirst(adapter, in: isKnown || hasRoom ? Self.reused : Self.fresh)
    demote()
  }

  mutating func use(_ adapter: AdapterID) {
    isNew[Int(adapter)] = false
    if isDemoted[Int(adapter)] {
      moveBoundary(by: sizes[Int(adapter)], times: Double(newGhosts) / Double(max(1, demoted)))
      isDemoted[Int(adapter)] = false
      demoted -= 1
    }
    lists.moveFirst(adapter, in: Self.reused)
    demote()
  }

  mutating func remove(_ adapter: AdapterID) {
    lists.remove(adapter)
    if isDemoted[Int(adapter)] { demoted -= 1 }
    isDemoted[Int(adapter)] = false
  }

  /// A victim is remembered.
  mutating func becomesGhost(_ adapter: AdapterID) {
    wasFull = true
    if isNew[Int(adapter)] { newGhosts += 1 }
  }

  /// A ghost is forgotten.
  mutating func forgetGhost(_ adapter: AdapterID) {
    if isNew[Int(adapter)] { newGhosts -= 1 }
    isNew[Int(adapter)] = false
  }

  /// A ghost is missed: had what is new had more room, it would be there.
  mutating func hitGhost(_ adapter: AdapterID) {
    guard isNew[Int(adapter)] else { return }
    moveBoundary(by: -sizes[Int(adapter)], times: Double(demoted) / Double(max(1, newGhosts)))
    forgetGhost(adapter)
  }

  private mutating func moveBoundary(by size: Bytes, times: Double) {
    // As Double, as sizes may be as large as they come.
    let moved = Double(reusedCap) + Double(size) * max(1, times.rounded())
    reusedCap = Bytes(min(max(moved, 1), Double(max(1, capacity - 1))))
  }

  /// What was used longest ago leaves a first part that is too full for the second.
  private mutating func demote() {
    while lists.total(of: Self.reused) > reusedCap,
      lists.first(of: Self.reused) != lists.last(of: Self.reused)
    {
      let oldest = lists.last(of: Self.reused)
      isDemoted[Int(oldest)] = true
      demoted += 1
      lists.moveFirst(oldest, in: Self.fresh)
    }
  }

  /// The oldest of the second part, else of the first, that is not pinned.
  func oldest(sparing pins: borrowing PinTable) -> AdapterID? {
    lists.oldest(of: Self.fresh, sparing: pins) ?? lists.oldest(of: Self.reused, sparing: pins)
  }
}

extension EvictionEntry {
  static let srLRU = EvictionEntry(
    "sr-lru", "what is new passes through a part of its own, so that scans do no harm",
    idea: """
      One part holds what was used again, the other what is new, and what the first had no room for. \
      Victims come from the second. A miss of a ghost that was never used again makes the second part \
      larger, a hit of what was demoted makes the first larger.
      """, cost: "O(1) amortised", source: "Rodriguez et al., CACHEUS, FAST'21"
  ) { context, _ in SRLRU(context) }
}
