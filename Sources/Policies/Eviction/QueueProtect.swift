import BasicContainers
import Orchestration
import Primitives

/// Spares adapters that waiting requests need: of those that nobody waits for, the oldest goes; of the
/// others the oldest, when there are no such.
///
/// S-LoRA brings the adapters of those who wait before their turn, and it would be of no use to drop
/// them again (Sheng et al., MLSys'24, section 5.2); LoRAX offloads only adapters whose queue is empty.
public struct QueueProtect: EvictionPolicy, ~Copyable {
  /// What makes an adapter old.
  public enum Order: String, CaseIterable, Sendable {
    /// Its last use.
    case lru
    /// When it came.
    case fifo
  }

  private let countsUses: Bool
  private var order: IndexList
  private var isWaitedFor: UniqueArray<Bool>

  /// An empty tier, with nobody waiting.
  public init(count: Int, order: Order) {
    countsUses = order == .lru
    self.order = IndexList(capacity: count)
    isWaitedFor = UniqueArray(repeating: false, count: count)
  }

  public mutating func inserted(_ adapter: AdapterID, at time: Nanoseconds) {
    order.pushFirst(adapter)
  }

  public mutating func accessed(_ adapter: AdapterID, at time: Nanoseconds) {
    if countsUses { order.moveFirst(adapter) }
  }

  public mutating func released(_ adapter: AdapterID, at time: Nanoseconds) {
    if countsUses { order.moveFirst(adapter) }
  }

  public mutating func queued(_ adapter: AdapterID) { isWaitedFor[Int(adapter)] = true }

  public mutating func unqueued(_ adapter: AdapterID) { isWaitedFor[Int(adapter)] = false }

  public mutating func removed(_ adapter: AdapterID) { order.remove(adapter) }

  public mutating func victim(
    for incoming: AdapterID?, sparing pins: borrowing PinTable, at time: Nanoseconds
  ) -> AdapterID? {
    var oldest: AdapterID?
    var adapter = order.last
    while adapter != IndexList.none {
      if !pins.isPinned(adapter) {
        if !isWaitedFor[Int(adapter)] { return adapter }
        oldest = oldest ?? adapter
      }
      adapter = order.newer(than: adapter)
    }
    return oldest
  }
}

extension EvictionEntry {
  static let queueProtect = EvictionEntry(
    "queue-protect", "the least recently used that no waiting request needs goes",
    idea: """
      LRU in two classes: adapters that some waiting request needs go only when all others that are \
      idle have gone. Keeps what was prefetched for the queue from being pushed out before its turn.
      """, cost: "O(1), and O(adapters waited for) for a victim",
    parameters: [PolicyParameter("order", "lru", "lru or fifo: what goes first within a class")],
    source: "S-LoRA, Sheng et al., MLSys'24, arXiv 2311.03285"
  ) { context, parameters in
    QueueProtect(
      count: context.count, order: try parameters.choice("order", default: QueueProtect.Order.lru))
  }

  static let lorax = EvictionEntry(
    "lorax", "the one active longest whose queue is empty is offloaded",
    idea: """
      Adapters stand in the order in which they became active. One with an empty queue and nothing \
      running is offloaded, the longest active first, and only when others need its place; if all \
      have a queue, the longest active makes way. Turns by time are the scheduling policy active-set.
      """, cost: "O(1), and O(adapters waited for) for a victim",
    source: "LoRAX router, queue.rs (update_adapters), commit a7394ba"
  ) { context, _ in QueueProtect(count: context.count, order: .fifo) }
}
