import CacheReplay
import Orchestration
import Policies
import Primitives
import Testing

/// LRU with libCacheSim's prefetchers, on its own trace.
@Suite(.enabled(if: Truth.shared != nil)) struct PrefetchParityTests {
  private static let sizes = Array(stride(from: 128, through: 1024, by: 128))

  @Test(arguments: [("obl", "OBL"), ("pg", "PG")], sizes)
  func missesAreLibCacheSims(_ pair: (String, String), _ mebibytes: Int) throws {
    let truth = try #require(Truth.shared)
    let expected = try #require(
      truth.misses[Truth.Row(policy: pair.1, mebibytes: mebibytes)])
    let trace = truth.trace.withSuccessors(bytes: 512)
    let context = EvictionContext(
      tier: .device, bytes: trace.bytes, loadCost: trace.loadCost, seed: 1,
      capacity: Bytes(mebibytes) << 20, keys: trace.keys)
    let policy = try PolicyRegistry.make(
      Parameters("lru"), kind: "eviction", from: PolicyRegistry.builtIn.eviction, context)
    let prefetcher = try PolicyRegistry.make(
      Parameters(pair.0), kind: "prefetch", from: PolicyRegistry.builtInCachePrefetch, context)
    var cache = LoneCache(context)
    cache.serve(
      CacheRequests(objects: trace.objects[...]), by: policy, prefetching: prefetcher)
    #expect(cache.counts.misses == expected.count)
    #expect(cache.counts.missedBytes == expected.bytes)
  }
}
