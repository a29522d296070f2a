import CacheReplay
import Orchestration
import Policies
import Primitives
import Testing

/// LRU behind libCacheSim's admission filters, on its own trace.
@Suite(.enabled(if: Truth.shared != nil)) struct AdmissionParityTests {
  private static let sizes = Array(stride(from: 128, through: 1024, by: 128))

  private func misses(_ policy: String, _ mebibytes: Int) throws -> CacheCounts {
    let trace = try #require(Truth.shared).trace
    let context = EvictionContext(
      tier: .device, bytes: trace.bytes, loadCost: trace.loadCost, seed: 1,
      capacity: Bytes(mebibytes) << 20, keys: trace.keys)
    var policy = try PolicyRegistry.make(
      Parameters(parsing: policy), kind: "eviction", from: PolicyRegistry.builtIn.eviction,
      context)
    var cache = LoneCache(context)
    policy.replay(CacheRequests(objects: trace.objects[...]), in: &cache)
    return cache.counts
  }

  @Test(
    arguments: [("size", "Size"), ("size-prob", "SizeProb"), ("bloom", "BloomFilter")], sizes)
  func missesAreLibCacheSims(_ pair: (String, String), _ mebibytes: Int) throws {
    let expected = try #require(
      Truth.shared?.misses[Truth.Row(policy: pair.1, mebibytes: mebibytes)])
    let counts = try misses("lru admission=\(pair.0)", mebibytes)
    #expect(counts.misses == expected.count)
    #expect(counts.missedBytes == expected.bytes)
  }

  /// The tuning of AdaptSize is a numeric search, of which the last digits decide lots; where it
  /// happens more than once the misses differ a little.
  @Test(arguments: sizes) func adaptSizeIsNear(_ mebibytes: Int) throws {
    let expected = try #require(
      Truth.shared?.misses[Truth.Row(policy: "AdaptSize", mebibytes: mebibytes)])
    let counts = try misses("lru admission=adaptsize", mebibytes)
    #expect(abs(counts.misses - expected.count) <= (mebibytes < 640 ? 42 : 0))
  }
}
