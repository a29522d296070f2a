import CacheReplay
import Orchestration
import Policies
import Primitives
import Testing
import Workload

@Suite struct BoundsTests {
  /// The most that a cache can save, by trying at every request each set of objects to keep.
  private func mostSaved(_ trace: ObjectTrace, capacity: Bytes, value: [Int64]) -> Int64 {
    let objects = trace.keys.count
    let sizes: [Bytes] = (0..<(1 << objects)).map { set in
      var size: Bytes = 0
      for object in 0..<objects where set >> object & 1 == 1 { size += trace.bytes[object] }
      return size
    }
    // best[set]: the most saved so far with these objects kept.
    var best: [Int: Int64] = [0: 0]
    for object in trace.objects {
      var next: [Int: Int64] = [:]
      for (set, saved) in best {
        let isHit = set >> Int(object) & 1 == 1
        let total = saved + (isHit ? value[Int(object)] : 0)
        // Anything that is here, or has just come, may be kept.
        let available = set | 1 << Int(object)
        var kept = available
        while true {
          if sizes[kept] <= capacity { next[kept] = max(next[kept] ?? 0, total) }
          if kept == 0 { break }
          kept = (kept - 1) & available
        }
      }
      best = next
    }
    return best.values.max() ?? 0
  }

  private func randomTrace(_ random: inout RandomStream, uniform: Bool) -> ObjectTrace {
    let count = 2 + random.index(below: 4)
    let size = Bytes(1 + random.index(below: 9))
    return ObjectTrace(
      name: "random",
      objects: (0..<(5 + random.index(below: 25))).map { _ in
        AdapterID(random.index(below: count))
      },
      keys: (0..<count).map { UInt64($0) },
      bytes: (0..<count).map { _ in uniform ? size : Bytes(1 + random.index(below: 9)) },
      loadCost: (0..<count).map { _ in Nanoseconds(1 + random.index(below: 50)) })
  }

  @Test(arguments: 0..<200) func theOptimumLiesBetween(_ seed: UInt64) {
    var random = RandomStream(seed: seed, purpose: "bounds.test")
    let trace = randomTrace(&random, uniform: seed % 4 == 0)
    let capacity = Bytes(1 + random.index(below: 25))
    let bounds = OfflineBounds(trace).bounds(capacity: capacity)
    let bytes = trace.objects.reduce(0) { $0 + trace.bytes[Int($1)] }
    let cost = trace.objects.reduce(0) { $0 + trace.loadCost[Int($1)] }
    let objects =
      Int64(trace.count)
      - mostSaved(trace, capacity: capacity, value: trace.bytes.map { _ in 1 })
    let missedBytes = bytes - mostSaved(trace, capacity: capacity, value: trace.bytes)
    let missedCost = cost - mostSaved(trace, capacity: capacity, value: trace.loadCost)
    #expect(bounds.compulsory.objects <= bounds.lower.objects)
    #expect(bounds.lower.objects <= objects && objects <= bounds.upper.objects)
    #expect(bounds.lower.bytes <= missedBytes && missedBytes <= bounds.upper.bytes)
    #expect(bounds.lower.cost <= missedCost && missedCost <= bounds.upper.cost)
    if seed % 4 == 0 { #expect(bounds.lower.objects == bounds.upper.objects) }
  }

  private func misses(_ name: String, _ trace: ObjectTrace, slots: Int) throws -> Int64 {
    let context = EvictionContext(
      tier: .device, bytes: trace.bytes, loadCost: trace.bytes.map { _ in 1 }, seed: 1,
      slots: slots, future: RequestedFuture(of: trace.objects, count: trace.keys.count))
    var policy = try PolicyRegistry.make(
      Parameters(name), kind: "eviction", from: PolicyRegistry.builtIn.eviction, context)
    var cache = LoneCache(context)
    policy.replay(CacheRequests(objects: trace.objects[...]), in: &cache)
    return cache.counts.misses
  }

  /// With one size Belady is optimal; free to refuse what comes, the rule by cost is.
  @Test(arguments: 0..<50) func beladyIsOptimalForOneSize(_ seed: UInt64) throws {
    var random = RandomStream(seed: seed, purpose: "bounds.test")
    let trace = randomTrace(&random, uniform: true)
    let slots = 1 + random.index(below: 4)
    let optimum = OptimalCache(of: trace.objects, adapters: trace.keys.count)
    let count = Int64(trace.count)
    #expect(try misses("belady", trace, slots: slots) == count - Int64(optimum.hits(slots: slots)))
    let refusing = count - Int64(optimum.hits(slots: slots, mayRefuse: true))
    #expect(try misses("belady-cost", trace, slots: slots) == refusing)
    #expect(
      OfflineBounds(trace, countsSlots: true).lowerBound(capacity: Bytes(slots)).objects == refusing
    )
  }

  @Test func gapShare() {
    #expect(CacheBounds.gapShare(lru: 100, policy: 100, bound: 60) == 0)
    #expect(CacheBounds.gapShare(lru: 100, policy: 60, bound: 60) == 1)
    #expect(CacheBounds.gapShare(lru: 100, policy: 110, bound: 60) == -0.25)
    #expect(CacheBounds.gapShare(lru: 60, policy: 60, bound: 60) == nil)
  }

  /// PFOO-L of the parity trace, computed independently.
  @Test(
    .enabled(if: Truth.shared != nil),
    arguments: zip(
      stride(from: 128, through: 1024, by: 128).map { $0 },
      [
        (65419, 3_034_619_392), (58968, 2_688_495_616), (54831, 2_428_140_544),
        (50984, 2_168_574_976), (48974, 2_029_769_728), (48974, 2_029_769_728),
        (48974, 2_029_769_728), (48974, 2_029_769_728),
      ] as [(Int64, Bytes)]))
  func lowerBoundOfTheParityTrace(_ mebibytes: Int, _ expected: (Int64, Bytes)) throws {
    let lower = try #require(Truth.shared).bounds.lowerBound(capacity: Bytes(mebibytes) << 20)
    #expect(lower.objects == expected.0)
    // The independent figure takes no interval in part.
    #expect(lower.bytes <= expected.1 && lower.bytes > expected.1 - 69_632)
  }

  /// The schedule is better than the best clairvoyant policy: 74329 at 128 MiB, 56522 at 512.
  @Test(
    .enabled(if: Truth.shared != nil), arguments: zip([128, 512, 1024], [72692, 56490, 48974]))
  func upperBoundOfTheParityTrace(_ mebibytes: Bytes, _ expected: Int64) throws {
    let bounds = try #require(Truth.shared).bounds
    #expect(bounds.upperBound(capacity: mebibytes << 20).objects == expected)
  }
}
