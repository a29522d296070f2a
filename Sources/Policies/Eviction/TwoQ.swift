import BasicContainers
import Orchestration
import Primitives

/// 2Q: new adapters pass through a queue; only those that are asked for again soon after they left it
/// come to the LRU list of the main part.
///
/// T. Johnson, D. Shasha, "2Q: a low overhead high performance buffer management replacement
/// algorithm", VLDB 1994 (the full version). Shares and order of eviction as in libCacheSim.
public struct TwoQ: EvictionPolicy, ~Copyable {
  private static let incoming: Int32 = 0
  private static let main: Int32 = 1

  private var lists: ListSet
  /// A1out: what the queue of incoming adapters let go.
  private var ghosts: GhostQueue
  /// The adapter was among the ghosts when it was missed.
  private var isReturning: UniqueArray<Bool>
  private var incomingShare: Bytes = 0
  private var mainShare: Bytes = 0
  private let shares: (incoming: Double, ghosts: Double)
  private var proposed: AdapterID = IndexList.none

  /// An empty cache.
  /// - Parameters:
  ///   - incoming: share of the capacity for new adapters (A1in, Kin).
  ///   - ghosts: what is remembered of those that left it, as a share of the capacity (A1out, Kout).
  public init(_ context: EvictionContext, incoming: Double = 0.25, ghosts: Double = 0.5) {
    lists = ListSet(sizes: context.sizes, lists: 2)
    self.ghosts = GhostQueue(context, capacity: 0)
    isReturning = UniqueArray(repeating: false, count: context.count)
    shares = (incoming, ghosts)
    capacityChanged(to: context.capacity)
  }

  public mutating func capacityChanged(to capacity: Bytes) {
    incomingShare = max(1, Bytes(Double(capacity) * shares.incoming))
    mainShare = max(1, capacity - incomingShare)
    ghosts.capacity = max(1, Bytes(Double(capacity) * shares.ghosts))
  }

  public mutating func missed(_ adapter: AdapterID, at time: Nanoseconds) {
    if ghosts.forget(adapter) { isReturning[Int(adapter)] = true }
  }

  public mutating func admits(_ adapter: AdapterID, at time: Nanoseconds) -> Bool {
    lists.size(of: adapter) <= incomingShare
  }

  public mutating func inserted(_ adapter: AdapterID, at time: Nanoseconds) {
    lists.moveFirst(adapter, in: isReturning[Int(adapter)] ? TwoQ.main : TwoQ.incoming)
    isReturning[Int(adapter)] = false
    ghosts.forget(adapter)
  }

  public mutating func accessed(_ adapter: AdapterID, at time: Nanoseconds) {
    if lists.list(of: adapter) == TwoQ.main { lists.moveFirst(adapter, in: TwoQ.main) }
  }

  public mutating func removed(_ adapter: AdapterID) {
    if adapter == proposed, lists.list(of: adapter) == TwoQ.incoming { ghosts.remember(adapter) }
    proposed = IndexList.none
    lists.remove(adapter)
  }

  public mutating func victim(
    for incoming: AdapterID?, sparing pins: borrowing PinTable, at time: Nanoseconds
  ) -> AdapterID? {
    let first = lists.total(of: TwoQ.incoming) > incomingShare ? TwoQ.incoming : TwoQ.main
    let victim =
      lists.oldest(of: first, sparing: pins) ?? lists.oldest(of: 1 - first, sparing: pins)
    proposed = victim ?? IndexList.none
    return victim
  }

  /// The main part makes room for itself, also while the incoming have room to spare.
  public mutating func surplus(
    sparing pins: borrowing PinTable, at time: Nanoseconds
  ) -> AdapterID? {
    guard lists.total(of: TwoQ.main) > mainShare,
      lists.first(of: TwoQ.main) != lists.last(of: TwoQ.main)
    else { return nil }
    return lists.oldest(of: TwoQ.main, sparing: pins)
  }
}

extension EvictionEntry {
  static let twoQ = EvictionEntry(
    "two-q", "new adapters pass a queue; those asked for again soon after come to an LRU list",
    idea: """
      New adapters go through a queue of their own (A1in), in which uses change nothing. Those that \
      leave it are remembered for a while (A1out); one that is asked for meanwhile comes to the main \
      part (Am), an LRU list. While the queue is within its share the oldest of the main part goes.
      """, cost: "O(1)",
    parameters: [
      PolicyParameter("incoming", "0.25", "share of the capacity for new adapters"),
      PolicyParameter("ghosts", "0.5", "what is remembered, as a share of the capacity"),
    ], source: "Johnson and Shasha, VLDB 1994"
  ) { context, parameters in
    TwoQ(
      context, incoming: try parameters.double("incoming", default: 0.25, in: 0.001...0.999),
      ghosts: try parameters.double("ghosts", default: 0.5, in: 0...16))
  }
}
