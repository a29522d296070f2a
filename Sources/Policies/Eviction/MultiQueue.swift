import BasicContainers
import Orchestration
import Primitives

/// MQ: LRU lists for adapters used once, at least twice, four times, eight times, and so on; what is not
/// used for its lifetime falls a list, and the oldest of the lowest list goes.
///
/// How often an adapter was used is remembered for a while after it left.
/// Y. Zhou, J. F. Philbin, K. Li, "The multi-queue replacement algorithm for second level buffer
/// caches", USENIX ATC 2001.
public struct MultiQueue: EvictionPolicy, ~Copyable {
  private var queues: ListSet
  private var ghosts: GhostQueue
  /// Uses since the adapter came, with those of earlier stays that were remembered.
  private var uses: UniqueArray<Int64>
  /// When the adapter falls, if it is not used.
  private var expiry: UniqueArray<Int64>
  /// The adapter was among the ghosts when it was missed.
  private var isReturning: UniqueArray<Bool>
  private var clock: Int64 = 0
  private var proposed: AdapterID = IndexList.none
  private let lifetime: Int64
  private let ghostShare: Double

  /// An empty cache.
  /// - Parameters:
  ///   - count: number of lists.
  ///   - lifetime: requests until an adapter that is not used falls.
  ///   - ghosts: what is remembered of those that left, as a share of the capacity.
  public init(
    _ context: EvictionContext, queues count: Int = 8, lifetime: Int64 = 10_000, ghosts: Double = 4
  ) {
    queues = ListSet(sizes: context.sizes, lists: count)
    self.ghosts = GhostQueue(context, capacity: 0)
    uses = UniqueArray(repeating: 0, count: context.count)
    expiry = UniqueArray(repeating: 0, count: context.count)
    isReturning = UniqueArray(repeating: false, count: context.count)
    self.lifetime = lifetime
    ghostShare = ghosts
    capacityChanged(to: context.capacity)
  }

  public mutating func capacityChanged(to capacity: Bytes) {
    ghosts.capacity = max(1, Bytes(Double(capacity) * ghostShare))
  }

  public mutating func missed(_ adapter: AdapterID, at time: Nanoseconds) {
    tick()
    if ghosts.forget(adapter) { isReturning[Int(adapter)] = true }
  }

  public mutating func inserted(_ adapter: AdapterID, at time: Nanoseconds) {
    if !isReturning[Int(adapter)] { uses[Int(adapter)] = 0 }
    isReturning[Int(adapter)] = false
    ghosts.forget(adapter)
    uses[Int(adapter)] += 1
    queues.moveFirst(adapter, in: queue(for: uses[Int(adapter)]))
    expiry[Int(adapter)] = clock + lifetime
  }

  public mutating func accessed(_ adapter: AdapterID, at time: Nanoseconds) {
    tick()
    uses[Int(adapter)] += 1
    queues.moveFirst(adapter, in: queue(for: uses[Int(adapter)]))
    expiry[Int(adapter)] = clock + lifetime
  }

  private func queue(for uses: Int64) -> Int32 {
    min(Int32(Int64.bitWidth - 1 - uses.leadingZeroBitCount), queues.count - 1)
  }

  /// With every request, the oldest of each list falls if it was not used for its lifetime.
  private mutating func tick() {
    clock += 1
    for queue in 1..<max(1, queues.count) {
      let oldest = queues.last(of: queue)
      if oldest != IndexList.none, expiry[Int(oldest)] < clock {
        queues.moveFirst(oldest, in: queue - 1)
        expiry[Int(oldest)] = clock + lifetime
      }
    }
  }

  public mutating func removed(_ adapter: AdapterID) {
    if adapter == proposed { ghosts.remember(adapter) }
    proposed = IndexList.none
    queues.remove(adapter)
  }

  public mutating func victim(
    for incoming: AdapterID?, sparing pins: borrowing PinTable, at time: Nanoseconds
  ) -> AdapterID? {
    proposed = IndexList.none
    for queue in 0..<queues.count {
      if let victim = queues.oldest(of: queue, sparing: pins) {
        proposed = victim
        return victim
      }
    }
    return nil
  }
}

extension EvictionEntry {
  static let multiQueue = EvictionEntry(
    "mq", "LRU lists by the logarithm of uses; what is not used falls from list to list",
    idea: """
      An adapter that was used f times is in LRU list log2 f. One that is not used for a lifetime, \
      counted in requests, falls a list and has another lifetime there. The oldest of the lowest list \
      goes; its count is remembered for a while.
      """, cost: "O(queues)",
    parameters: [
      PolicyParameter("queues", "8", "number of lists, 1 to 64"),
      PolicyParameter("lifetime", "10000", "requests until an adapter that is not used falls"),
      PolicyParameter("ghosts", "4", "what is remembered, as a share of the capacity"),
    ], source: "Zhou et al., USENIX ATC 2001"
  ) { context, parameters in
    MultiQueue(
      context, queues: try parameters.int("queues", default: 8, in: 1...64),
      lifetime: Int64(try parameters.int("lifetime", default: 10_000, in: 1...1_000_000_000)),
      ghosts: try parameters.double("ghosts", default: 4, in: 0...64))
  }
}
