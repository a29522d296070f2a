import Orchestration
import Primitives
import Workload

/// The miss ratio of a cache by its size.
public struct MissRatioCurve: Sendable {
  /// One size.
  public struct Point: Sendable, Equatable {
    /// What fits: objects or bytes.
    public var capacity: Bytes
    /// Share of the requests that miss.
    public var missRatio: Double
    /// Share of the requested bytes that miss.
    public var byteMissRatio: Double
  }

  /// By rising size.
  public var points: [Point]

  /// The exact curve of LRU at any number of sizes, in one pass: an LRU cache hits the requests
  /// whose stack distance is not above its size.
  ///
  /// With distances in bytes this holds for objects of different sizes too, as LRU keeps a prefix of
  /// its stack. Only an object that is larger than the whole cache, which is never admitted, would
  /// count in the distance of others: where there is one, the curve is an upper bound.
  /// R. L. Mattson et al., "Evaluation Techniques for Storage Hierarchies", IBM Systems Journal 9(2),
  /// 1970.
  /// - Parameter inSlots: whether sizes count objects rather than their bytes.
  /// - Complexity: O(n (log m + log k)) for n requests to m objects and k sizes.
  public static func lru(
    _ trace: ObjectTrace, capacities: [Bytes], inSlots: Bool
  ) -> MissRatioCurve {
    let bytes = trace.objects.reduce(into: 0.0) { $0 += Double(trace.bytes[Int($1)]) }
    return MissRatioCurve(
      trace.objects, of: trace, capacities: capacities, inSlots: inSlots, scale: 1,
      requests: Double(trace.count), bytes: bytes)
  }

  /// The curve of some requests that stand for all: those of a share 1 / `scale` of the objects.
  ///
  /// The sample's misses are divided by the number of requests that it should have had, not by that
  /// which it has: the popular objects that a sample has too few or too many of are hits at nearly
  /// any size, so that this is SHARDS-adj, which adds the difference to the smallest distance.
  init(
    _ sample: [AdapterID], of trace: ObjectTrace, capacities: [Bytes], inSlots: Bool, scale: Double,
    requests: Double, bytes: Double
  ) {
    let capacities = Array(Set(capacities)).sorted()
    // By the smallest size that hits; the last place is for those which none does.
    var hits = Array(repeating: (requests: 0.0, bytes: 0.0), count: capacities.count + 1)
    var stack = RecencyStack(objects: trace.keys.count, weights: inSlots ? nil : trace.bytes)
    for object in sample {
      let distance = stack.distance(touching: object)
      let place = distance.map { capacities.firstPlace(atLeast: Double($0) * scale) }
      hits[place ?? capacities.count].requests += scale
      hits[place ?? capacities.count].bytes += scale * Double(trace.bytes[Int(object)])
    }
    var missing = hits.reduce(into: (requests: 0.0, bytes: 0.0)) { sum, hit in
      sum = (sum.requests + hit.requests, sum.bytes + hit.bytes)
    }
    points = zip(capacities, hits).map { capacity, hit in
      missing = (missing.requests - hit.requests, missing.bytes - hit.bytes)
      return Point(
        capacity: capacity, missRatio: requests > 0 ? missing.requests / requests : 0,
        byteMissRatio: bytes > 0 ? missing.bytes / bytes : 0)
    }
  }
}

extension [Bytes] {
  /// Where the first element is that is not below a number; ascending order is taken for granted.
  fileprivate func firstPlace(atLeast number: Double) -> Int {
    var (low, high) = (0, count)
    while low < high {
      let middle = (low + high) / 2
      if Double(self[middle]) < number { low = middle + 1 } else { high = middle }
    }
    return low
  }
}
