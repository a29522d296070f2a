import BasicContainers
import Orchestration
import Primitives

/// LRU-K: the adapter whose k-th last use lies farthest back goes; before it those that have not been
/// used k times since they came, in order of arrival.
///
/// E. J. O'Neil, P. E. O'Neil, G. Weikum, "The LRU-K page replacement algorithm for database disk
/// buffering", SIGMOD'93, doi:10.1145/170035.170081. History is forgotten with the adapter, as in
/// libCacheSim.
public struct LRUK: EvictionPolicy, ~Copyable {
  /// Used less than k times, in order of arrival.
  private var young: IndexList
  /// By the time of the k-th last use.
  private var mature: RankedHeap<Int64>
  /// The last k uses of each adapter, a ring.
  private var uses: UniqueArray<Int64>
  private var useCount: UniqueArray<Int32>
  private let k: Int
  private var clock: Int64 = 0

  /// An empty cache for `count` adapters.
  public init(count: Int, k: Int = 2) {
    young = IndexList(capacity: count)
    mature = RankedHeap(count: count, zero: 0)
    uses = UniqueArray(repeating: 0, count: count * k)
    useCount = UniqueArray(repeating: 0, count: count)
    self.k = k
  }

  public mutating func inserted(_ adapter: AdapterID, at time: Nanoseconds) {
    useCount[Int(adapter)] = 0
    young.pushFirst(adapter)
    use(adapter)
  }

  public mutating func accessed(_ adapter: AdapterID, at time: Nanoseconds) { use(adapter) }

  private mutating func use(_ adapter: AdapterID) {
    clock += 1
    let ring = Int(adapter) * k
    let count = Int(useCount[Int(adapter)])
    uses[ring + count % k] = clock
    // Counting goes on modulo k once there are k: the next place of the ring holds the k-th last.
    useCount[Int(adapter)] = Int32(count + 1 < 2 * k ? count + 1 : k)
    guard count + 1 >= k else { return }
    if count + 1 == k { young.remove(adapter) }
    mature.set(adapter, to: uses[ring + (count + 1) % k])
  }

  public mutating func removed(_ adapter: AdapterID) {
    if young.contains(adapter) { young.remove(adapter) } else { mature.remove(adapter) }
  }

  public mutating func victim(
    for incoming: AdapterID?, sparing pins: borrowing PinTable, at time: Nanoseconds
  ) -> AdapterID? {
    young.oldest(sparing: pins) ?? mature.smallest(sparing: pins)
  }
}

extension EvictionEntry {
  static let lruK = EvictionEntry(
    "lru-k", "the one whose k-th last use lies farthest back goes; first those used less often",
    idea: """
      For each adapter the times of its last k uses since it came are kept. Those with fewer go first, \
      in order of arrival; then the one whose k-th last use lies farthest back. What was used once is \
      so told from what is used again and again.
      """, cost: "O(log n), uses O(1)",
    parameters: [PolicyParameter("k", "2", "how many uses back, 1 to 16")],
    source: "O'Neil et al., SIGMOD'93, doi:10.1145/170035.170081"
  ) { context, parameters in
    LRUK(count: context.count, k: try parameters.int("k", default: 2, in: 1...16))
  }
}
