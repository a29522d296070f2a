import Orchestration
import Primitives

/// LRU with lazy promotion by lot: only some of the uses make an adapter the most recently used.
///
/// As in libCacheSim's LRU_Prob, with its draws: of `1/probability` uses, truncated, one promotes on
/// average.
public struct LRUProb: EvictionPolicy, ~Copyable {
  private var order: IndexList
  private var random: Lehmer
  private let oneIn: UInt64

  /// An empty order.
  /// - Parameter probability: with which a use promotes, above 0.
  public init(_ context: EvictionContext, probability: Double = 0.5) {
    order = IndexList(capacity: context.count)
    random = Lehmer(seed: context.seed)
    oneIn = UInt64(1 / probability)
  }

  public mutating func inserted(_ adapter: AdapterID, at time: Nanoseconds) {
    order.pushFirst(adapter)
  }

  public mutating func accessed(_ adapter: AdapterID, at time: Nanoseconds) {
    if random.next() % oneIn == 0 { order.moveFirst(adapter) }
  }

  public mutating func removed(_ adapter: AdapterID) { order.remove(adapter) }

  public mutating func victim(
    for incoming: AdapterID?, sparing pins: borrowing PinTable, at time: Nanoseconds
  ) -> AdapterID? {
    order.oldest(sparing: pins)
  }
}

extension EvictionEntry {
  static let lruProb = EvictionEntry(
    "lru-prob", "lru, but only some uses count, by lot",
    idea: """
      As lru, but a use makes an adapter the most recently used only with a probability. What is used \
      often is promoted soon enough, and most uses cost nothing.
      """, cost: "O(1)",
    parameters: [PolicyParameter("probability", "0.5", "with which a use promotes: one in 1/it")],
    source: "libCacheSim, LRU_Prob"
  ) { context, parameters in
    LRUProb(
      context, probability: try parameters.double("probability", default: 0.5, in: 1e-6...1))
  }
}
