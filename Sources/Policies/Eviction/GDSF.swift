import Orchestration
import Primitives

/// Greedy-Dual-Size-Frequency: keeps what is used often and costly to load for its size.
///
/// priority = L + frequency x cost / size, where L is the priority of the last victim, so that what
/// is not used any more ages. Cost is the time to load the adapter from the tier below.
/// L. Cherkasova, "Improving WWW proxies performance with Greedy-Dual-Size-Frequency caching policy",
/// HP Labs TR HPL-98-69R1, 1998.
public struct GDSF: EvictionPolicy, ~Copyable {
  private var priorities: RankedHeap<Double>
  private var frequency: [Int64]
  private let density: [Double]
  private var age = 0.0
  private var proposed: AdapterID = IndexList.none

  /// An empty cache; sizes and costs come from the context.
  public init(_ context: EvictionContext) {
    priorities = RankedHeap(count: context.count, zero: 0)
    frequency = Array(repeating: 0, count: context.count)
    density = zip(context.loadCost, context.bytes).map { Double($0) / Double(max(1, $1)) }
  }

  public mutating func inserted(_ adapter: AdapterID, at time: Nanoseconds) {
    frequency[Int(adapter)] = 0
    accessed(adapter, at: time)
  }

  public mutating func accessed(_ adapter: AdapterID, at time: Nanoseconds) {
    frequency[Int(adapter)] += 1
    priorities.set(
      adapter, to: age + Double(frequency[Int(adapter)]) * density[Int(adapter)])
  }

  public mutating func removed(_ adapter: AdapterID) {
    // Only a real eviction ages the rest; a victim may be proposed and spared.
    if adapter == proposed { age = max(age, priorities.key(of: adapter)) }
    proposed = IndexList.none
    priorities.remove(adapter)
  }

  public mutating func victim(sparing pins: borrowing PinTable, at time: Nanoseconds) -> AdapterID?
  {
    let victim = priorities.smallest(sparing: pins)
    proposed = victim ?? IndexList.none
    return victim
  }
}
