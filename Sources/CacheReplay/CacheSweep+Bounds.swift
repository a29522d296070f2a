import Orchestration
import Primitives

extension CacheSweep {
  /// What no cache that loads on demand can be below, at each size, as if a policy named `pfoo-l` had
  /// missed it: requests, bytes and load cost each by themselves (``OfflineBounds``).
  ///
  /// Empty where there is a warm-up: the bounds are of whole traces.
  /// - Complexity: O(n log n), then O(n) for each size.
  public func lowerBounds() -> [Cell] {
    guard warmUp == 0 else { return [] }
    let inSlots =
      sizes.contains(where: \.countsSlots) ? OfflineBounds(trace, countsSlots: true) : nil
    let inBytes = sizes.allSatisfy(\.countsSlots) ? nil : OfflineBounds(trace)
    return sizes.compactMap { size in
      guard let bounds = size.countsSlots ? inSlots : inBytes else { return nil }
      let capacity = size.capacity(for: trace)
      let missed = bounds.lowerBound(capacity: capacity)
      var counts = CacheCounts()
      counts.requests = bounds.requested.objects
      counts.bytes = bounds.requested.bytes
      counts.cost = bounds.requested.cost
      (counts.misses, counts.missedBytes) = (missed.objects, missed.bytes)
      counts.missedCost = missed.cost
      return Cell(
        policy: "pfoo-l", isClairvoyant: false, size: size, capacity: capacity, counts: counts)
    }
  }
}
