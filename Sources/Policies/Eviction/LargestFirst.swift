import Orchestration
import Primitives

/// Largest first: the adapter that takes most room goes, whatever its use.
///
/// S. Williams, M. Abrams, C. R. Standridge, G. Abdulla, E. A. Fox, "Removal policies in network
/// caches for World-Wide Web documents", SIGCOMM'96, doi:10.1145/248156.248182 (SIZE). Which of
/// several equal ones goes follows from a heap, as in libCacheSim.
public struct LargestFirst: EvictionPolicy, ~Copyable {
  private var bySize: MaxHeap<Bytes>
  private let sizes: [Bytes]

  /// An empty cache.
  public init(_ context: EvictionContext) {
    bySize = MaxHeap(count: context.count)
    sizes = context.sizes
  }

  public mutating func inserted(_ adapter: AdapterID, at time: Nanoseconds) {
    bySize.insert(adapter, key: sizes[Int(adapter)])
  }

  public mutating func accessed(_ adapter: AdapterID, at time: Nanoseconds) {}

  public mutating func removed(_ adapter: AdapterID) { bySize.remove(adapter) }

  public mutating func victim(
    for incoming: AdapterID?, sparing pins: borrowing PinTable, at time: Nanoseconds
  ) -> AdapterID? {
    bySize.largest(sparing: pins)
  }
}

extension EvictionEntry {
  static let largestFirst = EvictionEntry(
    "largest-first", "the largest goes",
    idea: """
      The adapter that takes most room goes, whatever its use. Of equal ones it is the one on top of a \
      heap, mostly the first that came or the last. It keeps the most adapters, not the best.
      """, cost: "O(log n)", source: "Williams et al., SIGCOMM'96, doi:10.1145/248156.248182 (SIZE)"
  ) { context, _ in LargestFirst(context) }
}
