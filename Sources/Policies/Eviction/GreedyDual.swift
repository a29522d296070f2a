import BasicContainers
import Orchestration
import Primitives

/// The Greedy-Dual family: an adapter's worth when it is used, on top of a level L that rises with
/// every eviction.
///
/// The adapter with the least priority goes, and L becomes that priority, so that what is not used any
/// more is overtaken in time, the later the more it is worth. Of equal priorities the older use goes.
/// Members of the family differ in ``Worth``. With a worth that is the same for all it is LRU.
///
/// N. E. Young, "The k-server dual and loose competitiveness for paging", Algorithmica 11, 1994,
/// DOI 10.1007/BF01189992.
public struct GreedyDual: EvictionPolicy, ~Copyable {
  /// What a miss costs.
  public enum Cost: String, CaseIterable, Sendable {
    /// The time to load the adapter from the tier below.
    case load
    /// Its bytes.
    case bytes
    /// The same for all.
    case one
  }

  /// What an adapter is worth above L when it is used.
  public struct Worth: Sendable {
    /// What a miss of it costs.
    public var cost = Cost.load
    /// Whether that is divided by the room that it takes.
    public var perSize = false
    /// Whether it is multiplied by the uses since the adapter came.
    public var countsUses = false
    /// How much of what has been lost of the worth since the last use a use brings back.
    public var refresh = 1.0

    /// Greedy-Dual as it was first described.
    public init() {}
  }

  private let worths: [Double]
  private let worth: Worth
  private var priorities: RankedHeap<Double>
  private var uses: UniqueArray<Double>
  private var level = 0.0
  private var proposed = IndexList.none

  /// An empty cache; sizes and costs come from the context.
  public init(_ context: EvictionContext, _ worth: Worth) {
    self.worth = worth
    worths = (0..<context.count).map { adapter in
      let cost =
        switch worth.cost {
        case .load: Double(context.loadCost[adapter])
        case .bytes: Double(context.bytes[adapter])
        case .one: 1.0
        }
      return worth.perSize ? cost / Double(max(1, context.sizes[adapter])) : cost
    }
    priorities = RankedHeap(count: context.count, zero: 0)
    uses = UniqueArray(repeating: 0, count: context.count)
  }

  private func full(_ adapter: AdapterID) -> Double {
    worth.countsUses ? worths[Int(adapter)] * uses[Int(adapter)] : worths[Int(adapter)]
  }

  public mutating func inserted(_ adapter: AdapterID, at time: Nanoseconds) {
    uses[Int(adapter)] = 1
    priorities.set(adapter, to: level + full(adapter))
  }

  public mutating func accessed(_ adapter: AdapterID, at time: Nanoseconds) {
    uses[Int(adapter)] += 1
    // One that was pinned may have been passed by L: then nothing is left of its worth.
    let left = max(0, priorities.key(of: adapter) - level)
    priorities.set(adapter, to: level + left + worth.refresh * (full(adapter) - left))
  }

  public mutating func removed(_ adapter: AdapterID) {
    // Only a real eviction ages the rest; a victim may be proposed and spared.
    if adapter == proposed { level = max(level, priorities.key(of: adapter)) }
    proposed = IndexList.none
    priorities.remove(adapter)
  }

  public mutating func victim(
    for incoming: AdapterID?, sparing pins: borrowing PinTable, at time: Nanoseconds
  ) -> AdapterID? {
    let victim = priorities.smallest(sparing: pins)
    proposed = victim ?? IndexList.none
    return victim
  }
}

extension GreedyDual {
  fileprivate static let costParameter = PolicyParameter(
    "cost", "load", "what a miss costs: load (the time to load it), bytes, or one (all the same)")

  /// A member of the family with its cost as written.
  fileprivate static func make(
    _ context: EvictionContext, _ parameters: inout Parameters, _ change: (inout Worth) -> Void
  ) throws -> GreedyDual {
    var worth = Worth()
    worth.cost = try parameters.choice("cost", default: Cost.load)
    change(&worth)
    return GreedyDual(context, worth)
  }
}

extension EvictionEntry {
  static let greedyDual = EvictionEntry(
    "greedy-dual", "LRU that knows load latency: keeps longer what is slow to load",
    idea: """
      A use gives an adapter the priority L + load cost. The lowest goes, and L becomes its \
      priority: so one that takes twice as long to load outlasts twice as much ageing. For slots, \
      where every adapter takes as much room as another. With equal costs it is LRU.
      """, cost: "O(log n)", parameters: [GreedyDual.costParameter],
    source: "Young, Algorithmica 11, 1994, DOI 10.1007/BF01189992"
  ) { context, parameters in try GreedyDual.make(context, &parameters) { _ in } }

  static let greedyDualSize = EvictionEntry(
    "greedy-dual-size", "keeps longer what is slow to load for its size",
    idea: """
      A use gives an adapter the priority L + load cost / size. The lowest goes, and L becomes its \
      priority. With cost=one small adapters stay; with cost=bytes it is LRU.
      """, cost: "O(log n)", parameters: [GreedyDual.costParameter],
    source: "Cao and Irani, Cost-aware WWW proxy caching algorithms, USITS'97"
  ) { context, parameters in try GreedyDual.make(context, &parameters) { $0.perSize = true } }

  static let gdFreq = EvictionEntry(
    "gd-freq", "keeps what is used often and slow to load, whatever its size",
    idea: """
      The priority is L + uses since it came x load cost; the lowest goes, and L becomes its \
      priority: FaasCache's variant FREQ, for tiers in which size does not matter.
      """, cost: "O(log n)", parameters: [GreedyDual.costParameter],
    source: "Fuerst and Sharma, FaasCache, ASPLOS'21, DOI 10.1145/3445814.3446757 (variant FREQ)"
  ) { context, parameters in try GreedyDual.make(context, &parameters) { $0.countsUses = true } }

  static let faasCache = EvictionEntry(
    "faascache", "keeps what is used often and slow to load for its size, and takes all that comes",
    idea: """
      The priority is L + uses x load cost / size, with uses counted from when the adapter came and \
      forgotten when it goes; the lowest goes, and L becomes its priority. Unlike gdsf, what comes is \
      let in whatever it is worth. With cost=one it is the variant SIZE.
      """, cost: "O(log n)", parameters: [GreedyDual.costParameter],
    source: "Fuerst and Sharma, FaasCache, ASPLOS'21, DOI 10.1145/3445814.3446757"
  ) { context, parameters in
    try GreedyDual.make(context, &parameters) {
      $0.perSize = true
      $0.countsUses = true
    }
  }

  static let landlord = EvictionEntry(
    "landlord", "adapters pay rent by their size; one without credit goes",
    idea: """
      An adapter comes with its load cost as credit. When room is needed all pay rent in proportion \
      to their size until one has nothing left, and that one goes. A use brings back the share \
      `refresh` of the credit that is gone: all of it (1) makes it greedy-dual-size, none of it (0) a \
      FIFO that knows cost and size.
      """, cost: "O(log n)",
    parameters: [
      GreedyDual.costParameter,
      PolicyParameter("refresh", "1", "how much of the lost credit a use brings back, 0 to 1"),
    ], source: "Young, On-line file caching, Algorithmica 33, 2002, DOI 10.1007/s00453-001-0124-5"
  ) { context, parameters in
    let refresh = try parameters.double("refresh", default: 1, in: 0...1)
    return try GreedyDual.make(context, &parameters) {
      $0.perSize = true
      $0.refresh = refresh
    }
  }
}
