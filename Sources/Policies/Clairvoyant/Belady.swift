import Orchestration
import Primitives

/// Belady's clairvoyant policy: the adapter whose next use lies farthest ahead goes.
///
/// With adapters of one size, no policy that must load what it serves misses less. With sizes that
/// differ it is no bound: see ``BeladySize`` and the flow bounds.
/// L. A. Belady, "A study of replacement algorithms for a virtual-storage computer", IBM Systems
/// Journal 5(2), 1966.
public struct Belady: EvictionPolicy, ~Copyable {
  private var uses: NextUses
  private var residents: MaxHeap<Int32>

  /// An empty cache that will see these requests.
  public init(_ future: RequestedFuture) {
    uses = NextUses(future)
    residents = MaxHeap(count: future.firstUse.count)
  }

  public mutating func missed(_ adapter: AdapterID, at time: Nanoseconds) {
    uses.requested(adapter)
  }

  public mutating func inserted(_ adapter: AdapterID, at time: Nanoseconds) {
    residents.insert(adapter, key: uses[adapter])
  }

  public mutating func accessed(_ adapter: AdapterID, at time: Nanoseconds) {
    uses.requested(adapter)
    residents.change(adapter, to: uses[adapter])
  }

  public mutating func removed(_ adapter: AdapterID) { residents.remove(adapter) }

  public mutating func victim(
    for incoming: AdapterID?, sparing pins: borrowing PinTable, at time: Nanoseconds
  ) -> AdapterID? {
    residents.largest(sparing: pins)
  }
}

extension EvictionEntry {
  static let belady = EvictionEntry(
    "belady", "the one that is needed again last goes (optimal for one size)",
    idea: """
      The future is known. The adapter whose next use lies farthest ahead goes; one that is never \
      needed again first. Nothing that loads what it serves does better if all sizes are equal.
      """, cost: "O(log n)", isClairvoyant: true,
    source: "Belady, IBM Systems Journal 5(2), 1966, doi:10.1147/sj.52.0078"
  ) { context, parameters in Belady(try context.knownFuture(for: parameters)) }
}
