import CacheReplay
import Foundation
import Orchestration
import Policies
import Primitives
import Testing

/// The parity trace and what libCacheSim makes of it; nil where they are not at hand.
struct Truth {
  struct Row: Hashable {
    var policy: String
    var mebibytes: Int
  }

  let trace: ObjectTrace
  let misses: [Row: (count: Int64, bytes: Bytes?)]

  static let shared: Truth? = try? Truth()

  private init() throws {
    let folder = URL(filePath: #filePath).deletingLastPathComponent()
      .appending(path: "../../../shared").standardized
    let file = folder.appending(path: "traces/libcachesim/cloudPhysicsIO.oracleGeneral.bin")
    trace = try ObjectTrace(oracleGeneral: [UInt8](Data(contentsOf: file)), name: file.path)
    let text = try String(
      contentsOf: folder.appending(path: "libcachesim_truth.csv"), encoding: .utf8)
    var misses: [Row: (count: Int64, bytes: Bytes?)] = [:]
    for line in text.split(separator: "\n").dropFirst() {
      let cells = line.split(separator: ",", omittingEmptySubsequences: false).map(String.init)
      guard cells.count >= 6, let size = Int(cells[3]), let count = Int64(cells[4]) else {
        continue
      }
      misses[Row(policy: cells[1], mebibytes: size)] = (count, Bytes(cells[5]))
    }
    self.misses = misses
  }
}

@Suite(.enabled(if: Truth.shared != nil)) struct ParityTests {
  /// Our policy, with parameters, and the row of the truth that it has to meet.
  static let exact = [
    ("lru", "LRU"), ("fifo", "FIFO"), ("lfu", "LFU"), ("gdsf", "GDSF"),
    ("random", "Random"), ("hyperbolic", "Hyperbolic"),
    ("belady", "Belady"), ("belady-size", "BeladySize"),
  ]

  @Test(arguments: exact, stride(from: 128, through: 1024, by: 128).map { $0 })
  func missesAreLibCacheSims(_ pair: (String, String), _ mebibytes: Int) throws {
    let truth = try #require(Truth.shared)
    let expected = try #require(
      truth.misses[Truth.Row(policy: pair.1, mebibytes: mebibytes)])
    let trace = truth.trace
    let context = EvictionContext(
      tier: .device, bytes: trace.bytes, loadCost: trace.loadCost, seed: 1,
      capacity: Bytes(mebibytes) << 20, keys: trace.keys,
      future: RequestedFuture(of: trace.objects, count: trace.keys.count))
    var policy = try PolicyRegistry.make(
      Parameters(parsing: pair.0), kind: "eviction", from: PolicyRegistry.builtIn.eviction,
      context)
    var cache = LoneCache(context)
    policy.replay(CacheRequests(objects: trace.objects[...]), in: &cache)
    #expect(cache.counts.misses == expected.count)
    if let bytes = expected.bytes { #expect(cache.counts.missedBytes == bytes) }
  }
}
