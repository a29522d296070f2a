import Orchestration
import Primitives

/// Greedy-Dual-Size-Frequency: keeps what is used often and costly to load for its size.
///
/// priority = L + frequency x cost / size, where L is the priority of the last victim, so that what
/// is not used any more ages. Cost is the time to load the adapter from the tier below; size is what
/// it takes of the tier. What comes competes with what is there: it may be the one to go.
/// L. Cherkasova, "Improving WWW proxies performance with Greedy-Dual-Size-Frequency caching policy",
/// HP Labs TR HPL-98-69R1, 1998.
public struct GDSF: EvictionPolicy, ~Copyable {
  private var priorities: RankedHeap<Double>
  private var frequency: [Int64]
  /// L when the adapter was missed; negative once it has come.
  private var ageWhenMissed: [Double]
  private let costs: [Double]
  private let sizes: [Double]
  private var age = 0.0
  private var proposed: AdapterID = IndexList.none

  /// An empty cache; sizes and costs come from the context.
  public init(_ context: EvictionContext) {
    priorities = RankedHeap(count: context.count, zero: 0)
    frequency = Array(repeating: 0, count: context.count)
    ageWhenMissed = Array(repeating: -1, count: context.count)
    costs = context.loadCost.map { Double($0) }
    sizes = context.sizes.map { Double(max(1, $0)) }
  }

  private func priority(of adapter: AdapterID, uses: Int64, age: Double) -> Double {
    age + Double(uses) * costs[Int(adapter)] / sizes[Int(adapter)]
  }

  public mutating func missed(_ adapter: AdapterID, at time: Nanoseconds) {
    ageWhenMissed[Int(adapter)] = age
  }

  public mutating func inserted(_ adapter: AdapterID, at time: Nanoseconds) {
    let missed = ageWhenMissed[Int(adapter)]
    ageWhenMissed[Int(adapter)] = -1
    frequency[Int(adapter)] = 1
    priorities.set(
      adapter, to: priority(of: adapter, uses: 1, age: missed < 0 ? age : missed))
  }

  public mutating func accessed(_ adapter: AdapterID, at time: Nanoseconds) {
    frequency[Int(adapter)] += 1
    priorities.set(
      adapter, to: priority(of: adapter, uses: frequency[Int(adapter)], age: age))
  }

  public mutating func removed(_ adapter: AdapterID) {
    // Only a real eviction ages the rest; a victim may be proposed and spared.
    if adapter == proposed { age = max(age, priorities.key(of: adapter)) }
    proposed = IndexList.none
    priorities.remove(adapter)
  }

  public mutating func victim(
    for incoming: AdapterID?, sparing pins: borrowing PinTable, at time: Nanoseconds
  ) -> AdapterID? {
    let victim = priorities.smallest(sparing: pins)
    proposed = victim ?? IndexList.none
    guard let incoming, !pins.isPinned(incoming) else { return victim }
    let own = priority(
      of: incoming, uses: 1, age: max(0, ageWhenMissed[Int(incoming)]))
    if let victim, priorities.key(of: victim) <= own { return victim }
    age = max(age, own)
    return incoming
  }
}

extension EvictionEntry {
  static let gdsf = EvictionEntry(
    "gdsf", "keeps what is used often and slow to load for its size",
    idea: """
      Each adapter has a priority: L + uses x load cost / size. The lowest goes, and L becomes its \
      priority, so that what was used often long ago ages. An adapter that comes competes with those \
      that are there.
      """, cost: "O(log n)", source: "Cherkasova, HPL-98-69R1, 1998"
  ) { context, _ in GDSF(context) }
}
