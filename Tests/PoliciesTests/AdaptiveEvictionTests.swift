import BasicContainers
import Orchestration
import Primitives
import Testing

@testable import Policies

/// Policies that adapt, and those that draw lots, each against a slow cache written from its definition.
@Suite struct AdaptiveEvictionTests {
  private static let caches: [String: any SlowCache.Type] = [
    "arc": SlowARC.self, "car": SlowCAR.self, "lirs hir-share=0.1": SlowLIRS.self,
    "cr-lfu": SlowCRLFU.self, "sr-lru": SlowSRLRU.self,
  ]

  /// A mix of popular objects, scans and loops, so that the parts of a policy are put to use.
  private static func requests(_ random: inout RandomStream, objects: Int) -> [AdapterID] {
    var requests: [AdapterID] = []
    while requests.count < 3000 {
      let start = random.index(below: objects)
      let length = 1 + random.index(below: objects / 2)
      switch random.index(below: 3) {
      case 0: requests += (0..<length).map { AdapterID((start + $0) % objects) }
      case 1:
        for _ in 0..<3 { requests += (0..<length / 2).map { AdapterID((start + $0) % objects) } }
      default:
        requests += (0..<40).map { _ in
          AdapterID((0..<3).map { _ in random.index(below: objects) }.min() ?? 0)
        }
      }
    }
    return requests
  }

  @Test(arguments: caches.keys.sorted(), 0..<12)
  func hitsAreTheSlowCaches(_ name: String, _ seed: UInt64) throws {
    var random = RandomStream(seed: seed, purpose: "adaptive.test")
    let objects = 20 + random.index(below: 40)
    let largest = seed % 3 == 0 ? 1 : 1 + random.index(below: 200)
    let sizes = (0..<objects).map { _ in Bytes(1 + random.index(below: largest)) }
    let capacity = max(1, sizes.reduce(0, +) * Bytes(5 + random.index(below: 50)) / 100)
    let context = EvictionContext(
      tier: .device, bytes: sizes, loadCost: sizes.map { 1000 + $0 }, seed: seed,
      capacity: capacity)
    var policy = try PolicyRegistry.make(
      Parameters(parsing: name), kind: "eviction", from: PolicyRegistry.builtIn.eviction, context)
    var cache = LoneCache(context)
    var slow = try #require(Self.caches[name]).init(sizes: sizes, capacity: capacity)
    var hits = 0
    for (index, object) in Self.requests(&random, objects: objects).enumerated() {
      let isHit = Self.request(object, at: Nanoseconds(index), in: &cache, &policy)
      #expect(isHit == slow.request(object), "request \(index)")
      #expect(cache.used <= capacity)
      if isHit { hits += 1 }
    }
    #expect(hits > 20)
  }

  private static func request(
    _ object: AdapterID, at time: Nanoseconds, in cache: inout LoneCache,
    _ policy: inout any EvictionPolicy & ~Copyable
  ) -> Bool {
    let before = cache.counts.misses
    policy.replay(CacheRequests(objects: [object], times: [time]), in: &cache)
    return cache.counts.misses == before
  }

  /// From `xxhash.xxh3_64_intdigest` (python-xxhash) of the little-endian bytes.
  @Test func hashesAreXXH3() {
    #expect(xxh3(0) == 14_374_147_212_387_527_897)
    #expect(xxh3(1) == 3_439_722_301_264_460_078)
    #expect(xxh3(12345) == 11_234_342_765_698_724_289)
    #expect(xxh3(1 << 63 + 5) == 8_425_765_215_311_528_674)
  }

  /// The table against buckets that are plain arrays, through growth and halving.
  @Test(arguments: 1..<8) func drawsAreThePlainTables(_ seed: UInt64) {
    let keys = (0..<400).map { UInt64($0) &* 77 }
    var random = RandomStream(seed: seed, purpose: "table.test")
    var table = SamplingTable(keys: keys, hashPower: 3, seed: seed)
    var lots = Lehmer(seed: seed)
    var buckets: [[AdapterID]] = Array(repeating: [], count: 8)
    var sizes: Set<Int> = []

    func rehash(_ count: Int) {
      let all = buckets.flatMap { $0 }
      buckets = Array(repeating: [], count: count)
      for x in all { buckets[Int(xxh3(keys[Int(x)]) % UInt64(count))].insert(x, at: 0) }
      sizes.insert(count)
    }
    for step in 0..<4000 {
      // It fills, then empties.
      let x = AdapterID(random.index(below: 400))
      let bucket = Int(xxh3(keys[Int(x)]) % UInt64(buckets.count))
      let grows = random.index(below: 4000) > step
      if grows, !buckets[bucket].contains(x) {
        if table.count > 2 * buckets.count { rehash(2 * buckets.count) }
        buckets[Int(xxh3(keys[Int(x)]) % UInt64(buckets.count))].insert(x, at: 0)
        table.insert(x)
      } else if !grows, buckets[bucket].contains(x) {
        buckets[bucket].removeAll { $0 == x }
        table.remove(x)
      }
      guard table.count > 0 else { continue }
      var chosen = buckets[Int(lots.next() % UInt64(buckets.count))]
      var tries = 0
      while chosen.isEmpty {
        tries += 1
        if tries > 32 { rehash(buckets.count / 2) }
        chosen = buckets[Int(lots.next() % UInt64(buckets.count))]
      }
      let expected = chosen[Int(lots.next() % UInt64(chosen.count))]
      #expect(table.draw() == expected)
    }
    #expect(sizes.contains(128))
  }

  @Test func sketchCountsAndHalves() {
    var sketch = FrequencySketch(entries: 100)
    for _ in 0..<9 { sketch.add(xxh3(1)) }
    sketch.add(xxh3(2))
    #expect(sketch.estimate(xxh3(1)) == 9)
    #expect(sketch.estimate(xxh3(2)) == 1)
    for _ in 0..<30 { sketch.add(xxh3(3)) }
    #expect(sketch.estimate(xxh3(3)) == 15)
    // 25 of 1000 so far; others fill the sample, and the counters are halved once.
    for key in 0..<975 as Range<UInt64> { sketch.add(xxh3(1000 + key)) }
    #expect(sketch.estimate(xxh3(3)) < 15)
  }

  /// What is asked for often is not pushed out by a scan, of which each object is asked for once.
  @Test(arguments: ["arc", "car", "lirs", "clock-pro", "sr-lru", "w-tiny-lfu", "cacheus"])
  func scansDoNoHarm(_ name: String) throws {
    let count = 1000
    let context = EvictionContext(
      tier: .device, bytes: Array(repeating: 1, count: count),
      loadCost: Array(repeating: 1000, count: count), seed: 1, slots: 20)
    func misses(of name: String) throws -> Int64 {
      var policy = try PolicyRegistry.make(
        Parameters(name), kind: "eviction", from: PolicyRegistry.builtIn.eviction, context)
      var cache = LoneCache(context)
      var requests: [AdapterID] = []
      for scan in 0..<30 {
        for _ in 0..<4 { requests += (0..<10 as Range<AdapterID>) }
        requests += (0..<30).map { AdapterID(20 + scan * 30 + $0) }
      }
      policy.replay(CacheRequests(objects: requests[...]), in: &cache)
      return cache.counts.misses
    }
    #expect(try misses(of: name) < misses(of: "lru") - 100)
  }
}
