import CacheReplay
import Orchestration
import Policies
import Primitives
import Testing

/// LRU with libCacheSim's prefetchers, on its own trace.
@Suite(.enabled(if: Truth.shared != nil)) struct PrefetchParityTests {
  private static let sizes = Array(stride(from: 128, through: 1024, by: 128))

  private func counts(_ prefetcher: String, _ mebibytes: Int) throws -> CacheCounts {
    let trace = try #require(Truth.shared).trace.withSuccessors(bytes: 512)
    let context = EvictionContext(
      tier: .device, bytes: trace.bytes, loadCost: trace.loadCost, seed: 1,
      capacity: Bytes(mebibytes) << 20, keys: trace.keys)
    let policy = try PolicyRegistry.make(
      Parameters("lru"), kind: "eviction", from: PolicyRegistry.builtIn.eviction, context)
    let prefetcher = try PolicyRegistry.make(
      Parameters(prefetcher), kind: "prefetch", from: PolicyRegistry.builtInCachePrefetch,
      context)
    var cache = LoneCache(context)
    cache.serve(
      CacheRequests(objects: trace.objects[...]), by: policy, prefetching: prefetcher)
    return cache.counts
  }

  @Test(arguments: [("obl", "OBL"), ("pg", "PG")], sizes)
  func missesAreLibCacheSims(_ pair: (String, String), _ mebibytes: Int) throws {
    let expected = try #require(
      Truth.shared?.misses[Truth.Row(policy: pair.1, mebibytes: mebibytes)])
    let counts = try counts(pair.0, mebibytes)
    #expect(counts.misses == expected.count)
    #expect(counts.missedBytes == expected.bytes)
  }

  /// Where what was brought is not evicted before it is used, Mithril is met exactly; how libCacheSim
  /// spares it otherwise is not known to the last detail.
  @Test(arguments: sizes) func mithrilIsMetWhereItEvictsNothingUnused(_ mebibytes: Int) throws {
    let expected = try #require(
      Truth.shared?.misses[Truth.Row(policy: "Mithril", mebibytes: mebibytes)])
    let counts = try counts("mithril", mebibytes)
    if mebibytes >= 640 {
      #expect(counts.misses == expected.count)
      #expect(counts.missedBytes == expected.bytes)
    } else {
      #expect(abs(counts.misses - expected.count) < 60)
    }
  }
}
