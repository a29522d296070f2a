import Orchestration
import Primitives

/// Largest first: the adapter that takes most room goes; of several, the one whose last use lies
/// farthest back.
///
/// S. Williams, M. Abrams, C. R. Standridge, G. Abdulla, E. A. Fox, "Removal policies in network
/// caches for World-Wide Web documents", SIGCOMM'96, doi:10.1145/248156.248182 (SIZE).
public struct LargestFirst: EvictionPolicy, ~Copyable {
  /// By size, largest first.
  private var order: RankedHeap<Bytes>
  private let sizes: [Bytes]

  /// An empty cache.
  public init(_ context: EvictionContext) {
    order = RankedHeap(count: context.count, zero: 0)
    sizes = context.sizes
  }

  public mutating func inserted(_ adapter: AdapterID, at time: Nanoseconds) {
    order.set(adapter, to: -sizes[Int(adapter)])
  }

  public mutating func accessed(_ adapter: AdapterID, at time: Nanoseconds) {
    order.set(adapter, to: -sizes[Int(adapter)])
  }

  public mutating func removed(_ adapter: AdapterID) { order.remove(adapter) }

  public mutating func victim(
    for incoming: AdapterID?, sparing pins: borrowing PinTable, at time: Nanoseconds
  ) -> AdapterID? {
    order.smallest(sparing: pins)
  }
}

extension EvictionEntry {
  static let largestFirst = EvictionEntry(
    "largest-first", "the largest goes",
    idea: """
      The adapter that takes most room goes, whatever its use; of several, the one whose last use lies \
      farthest back. It keeps the most adapters, not the best.
      """, cost: "O(log n)", source: "Williams et al., SIGCOMM'96, doi:10.1145/248156.248182 (SIZE)"
  ) { context, _ in LargestFirst(context) }
}
