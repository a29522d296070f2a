import Orchestration
import Primitives

/// First in, first out: the adapter that has been in the tier longest goes, whatever its use.
///
/// SGLang offers it beside `lru`: both spare adapters of the batch, and the slot of the base model, which
/// here takes none, goes last.
public struct FIFO: EvictionPolicy, ~Copyable {
  /// From the last to the first that came.
  private var order: IndexList

  /// An empty order over `count` adapters.
  public init(count: Int) { order = IndexList(capacity: count) }

  public mutating func inserted(_ adapter: AdapterID, at time: Nanoseconds) {
    order.pushFirst(adapter)
  }

  public mutating func accessed(_ adapter: AdapterID, at time: Nanoseconds) {}

  public mutating func removed(_ adapter: AdapterID) { order.remove(adapter) }

  public mutating func victim(
    for incoming: AdapterID?, sparing pins: borrowing PinTable, at time: Nanoseconds
  ) -> AdapterID? {
    order.oldest(sparing: pins)
  }
}

extension EvictionEntry {
  static let fifo = EvictionEntry(
    "fifo", "the first that came goes",
    idea: "A queue in order of arrival. Uses change nothing.", cost: "O(1)",
    source: "SGLang lora_eviction_policy fifo"
  ) { context, _ in FIFO(count: context.count) }
}
