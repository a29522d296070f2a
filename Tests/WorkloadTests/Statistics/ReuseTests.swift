import Primitives
import Testing

@testable import Workload

@Suite struct ReuseTests {
  /// Streams with much, some and no locality, over few and many adapters.
  static let streams: [[Int32]] = (0..<60).map { index in
    var random = RandomStream(seed: 11, purpose: "reuse test", entity: UInt64(index))
    let adapters = 1 + random.index(below: 12)
    var stream: [Int32] = []
    for _ in 0..<random.index(below: 120) {
      if let last = stream.last, random.uniform() < Double(index % 3) * 0.4 {
        stream.append(last)
      } else {
        stream.append(Int32(random.index(below: adapters)))
      }
    }
    return stream
  }

  @Test(arguments: 0..<60) func stackDistancesEqualASimulatedLRU(index: Int) {
    let stream = Self.streams[index]
    let distances = StackDistances(of: stream, adapters: 12)
    for slots in 0...14 {
      #expect(distances.lruHits(slots: slots) == simulatedLRUHits(stream, slots: slots))
    }
    #expect(distances.coldStarts == Set(stream).count)
    #expect(distances.total == stream.count)
  }

  @Test(arguments: 0..<60) func optimalHitsEqualAPlainBelady(index: Int) {
    let stream = Self.streams[index]
    let optimum = OptimalCache(of: stream, adapters: 12)
    for slots in 0...14 {
      #expect(optimum.hits(slots: slots) == simulatedBeladyHits(stream, slots: slots))
    }
  }

  /// No sequence of victims beats Belady's: all of them are tried.
  @Test(arguments: 0..<20) func noSequenceOfVictimsBeatsTheOptimum(index: Int) {
    var random = RandomStream(seed: 5, purpose: "exhaustive", entity: UInt64(index))
    let stream = (0..<11).map { _ in Int32(random.index(below: 5)) }
    for slots in 1...3 {
      #expect(
        OptimalCache(of: stream, adapters: 5).hits(slots: slots)
          == mostHits(stream[...], cache: [], slots: slots))
    }
  }

  @Test func theRecencyWindowSurvivesManyCompactions() {
    // The window starts at 1024 slots, so this compacts some twenty times.
    var random = RandomStream(seed: 3, purpose: "compaction")
    let stream = (0..<20_000).map { _ in
      Int32(Double(300) * random.uniform() * random.uniform() * random.uniform())
    }
    let distances = StackDistances(of: stream, adapters: 300)
    for slots in [1, 7, 40, 200] {
      #expect(distances.lruHits(slots: slots) == simulatedLRUHits(stream, slots: slots))
    }
  }

  @Test func quantilesOfStackDistance() {
    // Distances: a b (2) a (2) b (2) b (1): 1, 2, 2.
    let distances = StackDistances(of: [0, 1, 0, 1, 1], adapters: 2)
    #expect(distances.counts == [0, 1, 2])
    #expect(distances.quantile(0.3) == 1)
    #expect(distances.quantile(0.5) == 2)
    #expect(distances.quantile(1) == 2)
    #expect(StackDistances(of: [0, 1], adapters: 2).quantile(0.5) == nil)
  }

  @Test func aPositionSetAgreesWithASet() {
    var random = RandomStream(seed: 8, purpose: "position set")
    var plain: Set<Int> = []
    var packed = PositionSet(capacity: 70_000)
    for _ in 0..<3000 {
      let position = random.index(below: 70_000)
      switch random.index(below: 4) {
      case 0:
        #expect(packed.remove(position) == (plain.remove(position) != nil))
      case 1:
        let largest = plain.max()
        #expect(packed.removeLargest() == largest)
        if let largest { plain.remove(largest) }
      default:
        packed.insert(position)
        plain.insert(position)
      }
    }
    while let largest = plain.max() {
      #expect(packed.removeLargest() == largest)
      plain.remove(largest)
    }
    #expect(packed.removeLargest() == nil)
  }

  private func simulatedLRUHits(_ stream: [Int32], slots: Int) -> Int {
    var cache: [Int32] = []
    var hits = 0
    for adapter in stream {
      if let place = cache.firstIndex(of: adapter) {
        hits += 1
        cache.remove(at: place)
      } else if cache.count >= slots {
        if cache.isEmpty { continue }
        cache.removeFirst()
      }
      cache.append(adapter)
    }
    return hits
  }

  private func simulatedBeladyHits(_ stream: [Int32], slots: Int) -> Int {
    var cache: Set<Int32> = []
    var hits = 0
    for (position, adapter) in stream.enumerated() where slots > 0 {
      if cache.contains(adapter) {
        hits += 1
        continue
      }
      if cache.count == slots {
        let future = stream[(position + 1)...]
        let victim = cache.max {
          (future.firstIndex(of: $0) ?? .max, $0) < (future.firstIndex(of: $1) ?? .max, $1)
        }
        if let victim { cache.remove(victim) }
      }
      cache.insert(adapter)
    }
    return hits
  }

  private func mostHits(_ stream: ArraySlice<Int32>, cache: Set<Int32>, slots: Int) -> Int {
    guard let adapter = stream.first else { return 0 }
    let rest = stream.dropFirst()
    if cache.contains(adapter) { return 1 + mostHits(rest, cache: cache, slots: slots) }
    if cache.count < slots {
      return mostHits(rest, cache: cache.union([adapter]), slots: slots)
    }
    return cache.map { victim in
      mostHits(rest, cache: cache.subtracting([victim]).union([adapter]), slots: slots)
    }.max() ?? 0
  }
}
