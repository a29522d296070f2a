import BasicContainers
import Orchestration
import Primitives

/// Low inter-reference recency set: what was used again soon stays, however long ago that was.
///
/// Most of the capacity is for LIR adapters, those whose last two uses lie close together; a small
/// part is for the others (HIR), which go in the order of their last use. The stack S holds, in order
/// of last use, all LIRs and what was used since the oldest of them, some of it no longer there: a HIR
/// that is used while in S has been used again sooner than the oldest LIR, and takes its place.
/// S. Jiang, X. Zhang, "LIRS: an efficient low inter-reference recency set replacement policy",
/// SIGMETRICS'02, doi:10.1145/511334.511340. S is kept below twice the capacity, as in libCacheSim.
public struct LIRS: EvictionPolicy, ~Copyable {
  private static let queue: Int32 = 0
  private static let ghosts: Int32 = 1

  private var stack: ListSet
  /// HIRs: those that are there, and those that are only remembered.
  private var others: ListSet
  private var residentLIR: Bytes = 0
  /// What S remembered when it was missed.
  private var missedInStack: UniqueArray<Bool>
  private let sizes: [Bytes]
  private let share: Double
  private let smallest: Bytes
  private let largest: Bytes
  private var capacity: Bytes = 0
  private var queueCap: Bytes = 0
  private var proposed = ListSet.none

  /// An empty cache.
  /// - Parameter share: the HIRs' part of the capacity.
  public init(_ context: EvictionContext, share: Double = 0.01) {
    stack = ListSet(sizes: context.sizes, lists: 1)
    others = ListSet(sizes: context.sizes, lists: 2)
    missedInStack = UniqueArray(repeating: false, count: context.count)
    sizes = context.sizes
    self.share = share
    smallest = context.sizes.min() ?? 0
    largest = context.sizes.max() ?? 0
    capacityChanged(to: context.capacity)
  }

  public mutating func capacityChanged(to capacity: Bytes) {
    self.capacity = capacity
    queueCap = max(1, Bytes(share * Double(capacity)))
    // Where not even the smallest would be admitted, the queue is for one at a time.
    if queueCap < smallest { queueCap = min(largest, capacity) }
    while residentLIR > capacity - queueCap, demoteOldestLIR() {}
  }

  private func isInStack(_ adapter: AdapterID) -> Bool { stack.list(of: adapter) != ListSet.none }

  private func isLIR(_ adapter: AdapterID) -> Bool {
    isInStack(adapter) && others.list(of: adapter) == ListSet.none
  }

  public mutating func admits(_ adapter: AdapterID, at time: Nanoseconds) -> Bool {
    missedInStack[Int(adapter)] || sizes[Int(adapter)] <= queueCap
  }

  public mutating func missed(_ adapter: AdapterID, at time: Nanoseconds) {
    boundStack()
    missedInStack[Int(adapter)] = isInStack(adapter)
    if isInStack(adapter) { stack.moveFirst(adapter, in: 0) }
  }

  public mutating func inserted(_ adapter: AdapterID, at time: Nanoseconds) {
    let isKnown = missedInStack[Int(adapter)]
    missedInStack[Int(adapter)] = false
    let size = sizes[Int(adapter)]
    stack.moveFirst(adapter, in: 0)
    if isKnown {
      // Until it counts as LIR it must not be demoted as one.
      others.moveFirst(adapter, in: Self.ghosts)
      makeRoomForLIR(size)
    }
    if isKnown || residentLIR + size <= capacity - queueCap {
      others.remove(adapter)
      residentLIR += size
    } else {
      others.moveFirst(adapter, in: Self.queue)
    }
  }

  public mutating func accessed(_ adapter: AdapterID, at time: Nanoseconds) {
    boundStack()
    if isLIR(adapter) {
      stack.moveFirst(adapter, in: 0)
      prune()
    } else if isInStack(adapter) {
      stack.moveFirst(adapter, in: 0)
      others.remove(adapter)
      // Neither LIR nor HIR for a moment, it must not be pruned as the one nor demoted as the other.
      others.moveFirst(adapter, in: Self.ghosts)
      makeRoomForLIR(sizes[Int(adapter)])
      others.remove(adapter)
      stack.moveFirst(adapter, in: 0)
      residentLIR += sizes[Int(adapter)]
    } else {
      others.moveFirst(adapter, in: Self.queue)
      makeRoomForLIR(sizes[Int(adapter)])
      stack.moveFirst(adapter, in: 0)
    }
  }

  public mutating func removed(_ adapter: AdapterID) {
    if isLIR(adapter) {
      residentLIR -= sizes[Int(adapter)]
      stack.remove(adapter)
      prune()
    } else if adapter == proposed, isInStack(adapter) {
      others.moveFirst(adapter, in: Self.ghosts)
    } else {
      others.remove(adapter)
      stack.remove(adapter)
    }
    proposed = ListSet.none
  }

  private mutating func makeRoomForLIR(_ size: Bytes) {
    while residentLIR + size > capacity - queueCap, demoteOldestLIR() {}
  }

  /// Makes the LIR that was used longest ago a HIR outside S; false if there is none.
  private mutating func demoteOldestLIR() -> Bool {
    prune()
    let oldest = stack.last(of: 0)
    guard oldest != ListSet.none, isLIR(oldest) else { return false }
    residentLIR -= sizes[Int(oldest)]
    stack.remove(oldest)
    others.moveFirst(oldest, in: Self.queue)
    prune()
    return true
  }

  /// Takes from S what was used before its oldest LIR.
  private mutating func prune() {
    var oldest = stack.last(of: 0)
    while oldest != stack.first(of: 0), !isLIR(oldest) {
      let newer = stack.newer(than: oldest)
      stack.remove(oldest)
      if others.list(of: oldest) == Self.ghosts { others.remove(oldest) }
      oldest = newer
    }
  }

  /// Forgets the oldest ghosts where S has grown too large: after a request, which is before the next.
  private mutating func boundStack() {
    while stack.total(of: 0) > 2 * capacity, !others.isEmpty(Self.ghosts) {
      let oldest = others.last(of: Self.ghosts)
      others.remove(oldest)
      stack.remove(oldest)
    }
  }

  public mutating func victim(
    for incoming: AdapterID?, sparing pins: borrowing PinTable, at time: Nanoseconds
  ) -> AdapterID? {
    let victim = others.oldest(of: Self.queue, sparing: pins) ?? oldestLIR(sparing: pins)
    proposed = victim ?? ListSet.none
    return victim
  }

  /// HIRs give way to a LIR that was demoted, but the one that came last stays, however large it is.
  public mutating func surplus(sparing pins: borrowing PinTable, at time: Nanoseconds) -> AdapterID?
  {
    guard others.total(of: Self.queue) > queueCap,
      others.first(of: Self.queue) != others.last(of: Self.queue),
      let victim = others.oldest(of: Self.queue, sparing: pins),
      victim != others.first(of: Self.queue)
    else { return nil }
    proposed = victim
    return victim
  }

  private func oldestLIR(sparing pins: borrowing PinTable) -> AdapterID? {
    var adapter = stack.last(of: 0)
    while adapter != ListSet.none {
      if isLIR(adapter), !pins.isPinned(adapter) { return adapter }
      adapter = stack.newer(than: adapter)
    }
    return nil
  }
}

extension EvictionEntry {
  static let lirs = EvictionEntry(
    "lirs", "what was used again soon stays, however long ago",
    idea: """
      Almost all of the place is for adapters whose last two uses lay close together. The others pass \
      through a small queue. One that is used again sooner than the oldest of the first kind takes its \
      place; S, a list in order of last use, tells.
      """, cost: "O(1) amortised",
    parameters: [
      PolicyParameter("hir-share", "0.01", "part of the capacity for what is not used again soon")
    ], source: "Jiang and Zhang, SIGMETRICS'02"
  ) { context, parameters in
    LIRS(context, share: try parameters.double("hir-share", default: 0.01, in: 0.0001...0.9))
  }
}
