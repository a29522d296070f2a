import Orchestration
import Primitives

/// Least recently used: the adapter whose last use lies farthest back goes.
///
/// An adapter counts as used for as long as a sequence holds it, as in vLLM and SGLang, which touch
/// the adapters of every batch. vLLM keeps one such list for host memory and one for the device, and
/// what leaves the first leaves the second with it: that cascade, and that a step may push out its own
/// adapters, are rules of the tiers and not of the order, and hold for every policy where adapters are
/// copied inside steps (`adapters.loading: in-step`). SGLang's `lru` is this order, too: it spares the
/// batch's adapters, as pins do here.
public struct LRU: EvictionPolicy, ~Copyable {
  /// From most to least recently used.
  private var order: IndexList

  /// An empty order over `count` adapters.
  public init(count: Int) { order = IndexList(capacity: count) }

  public mutating func inserted(_ adapter: AdapterID, at time: Nanoseconds) {
    order.pushFirst(adapter)
  }

  public mutating func accessed(_ adapter: AdapterID, at time: Nanoseconds) {
    order.moveFirst(adapter)
  }

  public mutating func released(_ adapter: AdapterID, at time: Nanoseconds) {
    order.moveFirst(adapter)
  }

  public mutating func removed(_ adapter: AdapterID) { order.remove(adapter) }

  public mutating func victim(
    for incoming: AdapterID?, sparing pins: borrowing PinTable, at time: Nanoseconds
  ) -> AdapterID? {
    order.oldest(sparing: pins)
  }
}

extension EvictionEntry {
  static let lru = EvictionEntry(
    "lru", "the least recently used goes",
    idea: """
      A list in order of last use; the adapter at its old end goes. One that a running sequence holds \
      counts as used until the sequence ends. vLLM keeps a list a tier, and what leaves host memory \
      leaves the device: where adapters are copied inside steps that holds here, whatever the policy.
      """, cost: "O(1)", source: "vLLM, SGLang: default of both"
  ) { context, _ in LRU(count: context.count) }
}
