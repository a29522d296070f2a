import Orchestration
import Primitives

/// LFU with dynamic aging: a count of uses, to which every use adds the cache's age, that is the count
/// with which the last victim went; so what was used often long ago goes in the end.
///
/// M. Arlitt, L. Cherkasova, J. Dilley, R. Friedrich, T. Jin, "Evaluating content management
/// techniques for Web proxy caches", ACM SIGMETRICS PER 27(4), 2000, doi:10.1145/346000.346003. How
/// the age moves is as in libCacheSim.
public struct LFUDA: EvictionPolicy, ~Copyable {
  /// What has passed the age counts as this much more: it is out of the age's way.
  private static let overtaken: Int64 = 1 << 62
  private static let most: Int64 = 1 << 60

  private var counts: RankedHeap<Int64>
  private var age: Int64 = 0
  private var proposed: AdapterID = IndexList.none

  /// An empty cache for `count` adapters.
  public init(count: Int) { counts = RankedHeap(count: count, zero: 0) }

  /// An adapter's count, whether the age has passed it or not.
  private func count(of adapter: AdapterID) -> Int64 {
    counts.key(of: adapter) & (LFUDA.overtaken - 1)
  }

  public mutating func inserted(_ adapter: AdapterID, at time: Nanoseconds) {
    counts.set(adapter, to: age + 1)
  }

  public mutating func accessed(_ adapter: AdapterID, at time: Nanoseconds) {
    let old = count(of: adapter)
    let new = min(old + age, LFUDA.most)
    if old == age {
      // The last of its count takes the age with it, which may thereby pass it.
      counts.remove(adapter)
      moveAge()
    }
    counts.set(adapter, to: new < age ? new + LFUDA.overtaken : new)
  }

  /// Where nothing of the age's count is left, the next higher count becomes the age.
  private mutating func moveAge() {
    guard let least = counts.smallest() else { return }
    let next = counts.key(of: least)
    if next < LFUDA.overtaken { age = max(age, next) }
  }

  public mutating func removed(_ adapter: AdapterID) {
    let own = count(of: adapter)
    counts.remove(adapter)
    if adapter == proposed {
      age = max(age, own)
      moveAge()
    }
    proposed = IndexList.none
  }

  public mutating func victim(
    for incoming: AdapterID?, sparing pins: borrowing PinTable, at time: Nanoseconds
  ) -> AdapterID? {
    let victim = counts.smallest(sparing: pins)
    proposed = victim ?? IndexList.none
    return victim
  }
}

extension EvictionEntry {
  static let lfuDA = EvictionEntry(
    "lfu-da", "the least often used goes; the count starts from that of the last victim",
    idea: """
      Each adapter has a count. It starts one above the cache's age, and every use adds the age to it. \
      The lowest count goes (of several, the one whose last use lies farthest back), and the age \
      becomes its count, so that what was used often long ago does not stay for ever.
      """, cost: "O(log n), uses O(1)",
    source: "Arlitt et al., SIGMETRICS PER 27(4), 2000, doi:10.1145/346000.346003"
  ) { context, _ in LFUDA(count: context.count) }
}
