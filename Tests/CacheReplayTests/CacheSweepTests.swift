import CacheReplay
import Orchestration
import Policies
import Primitives
import Testing

@Suite struct CacheSweepTests {
  private let known = PolicyRegistry.builtIn.eviction

  private func sweep(_ trace: ObjectTrace) -> CacheSweep {
    CacheSweep(
      trace, policies: ["lru", "fifo", "gdsf"], sizes: [.share(0.1), .bytes(20_000), .slots(30)],
      known: known)
  }

  @Test func threadsChangeNothing() async throws {
    let sweep = sweep(try Requests(20_000, objects: 500, seed: 3).trace())
    let one = try await sweep.run(threads: 1)
    let many = try await sweep.run(threads: 4)
    #expect(one.map(\.counts) == many.map(\.counts))
    #expect(one.map(\.policy) == many.map(\.policy))
    #expect(one.count == 9)
  }

  @Test func cellsAreWhatALiteralCacheCounts() async throws {
    let trace = try Requests(20_000, objects: 500, seed: 4).trace()
    for cell in try await sweep(trace).run(threads: 2) where cell.policy == "lru" {
      let inSlots = cell.size == .slots(30)
      let literal = literalLRU(trace, capacity: cell.capacity, inSlots: inSlots)
      #expect(cell.counts.misses == literal.misses)
      #expect(cell.counts.missedBytes == literal.bytes)
      #expect(cell.counts.requests == 20_000)
    }
  }

  @Test func warmUpIsServedAndNotCounted() async throws {
    let trace = try Requests(20_000, objects: 500, seed: 5).trace()
    var sweep = sweep(trace)
    let whole = try await sweep.run(threads: 1)
    sweep.warmUp = 5000
    let rest = try await sweep.run(threads: 1)
    var beginning = trace
    beginning.objects = Array(trace.objects[..<5000])
    sweep.trace = beginning
    sweep.warmUp = 0
    let first = try await sweep.run(threads: 1)
    // The sizes in shares are of the same objects, so that the caches are the same.
    for (cell, (whole, first)) in zip(rest, zip(whole, first)) {
      #expect(cell.counts == whole.counts - first.counts)
    }
  }

  @Test func noPolicyIsBelowTheBound() async throws {
    let trace = try Requests(4000, objects: 200, seed: 6).trace()
    var sweep = CacheSweep(
      trace, policies: known.map(\.name), sizes: [.share(0.1), .bytes(8000), .slots(30)],
      known: known)
    let bounds = sweep.lowerBounds()
    #expect(bounds.map(\.size) == sweep.sizes)
    for cell in try await sweep.run(threads: 2) {
      let bound = try #require(bounds.first { $0.size == cell.size })
      #expect(bound.capacity == cell.capacity)
      #expect(bound.counts.misses <= cell.counts.misses, "\(cell.policy)")
      #expect(bound.counts.missedBytes <= cell.counts.missedBytes, "\(cell.policy)")
      #expect(bound.counts.missedCost <= cell.counts.missedCost, "\(cell.policy)")
      #expect(bound.counts.requests == cell.counts.requests)
      #expect(bound.counts.bytes == cell.counts.bytes && bound.counts.cost == cell.counts.cost)
    }
    sweep.warmUp = 1
    #expect(sweep.lowerBounds().isEmpty)
  }

  @Test func aWrongPolicyIsNamed() async throws {
    let trace = try Requests(10, objects: 5, seed: 1).trace()
    let sweep = CacheSweep(trace, policies: ["lru", "lfru"], sizes: [.slots(2)], known: known)
    await #expect(throws: PitwallError.self) { try await sweep.run(threads: 1) }
  }

  @Test(arguments: [
    ("1%", CacheSize.share(0.01)), ("256MiB", .bytes(268_435_456)), ("1000", .bytes(1000)),
  ])
  func sizesAreReadAsPeopleWriteThem(_ text: String, _ size: CacheSize) {
    #expect(CacheSize(text) == size)
  }

  @Test(arguments: ["", "0", "-1%", "0%", "nan%", "inf%", "five", "1e30"])
  func whatIsNoSizeIsRefused(_ text: String) { #expect(CacheSize(text) == nil) }
}

/// LRU by an array, newest first.
func literalLRU(
  _ trace: ObjectTrace, capacity: Bytes, inSlots: Bool
) -> (misses: Int64, bytes: Bytes) {
  var cached: [AdapterID] = []
  var missed: (misses: Int64, bytes: Bytes) = (0, 0)
  func size(_ object: AdapterID) -> Bytes { inSlots ? 1 : trace.bytes[Int(object)] }
  for object in trace.objects {
    if let place = cached.firstIndex(of: object) {
      cached.remove(at: place)
    } else {
      missed = (missed.misses + 1, missed.bytes + trace.bytes[Int(object)])
      if size(object) > capacity { continue }
      while cached.reduce(0, { $0 + size($1) }) + size(object) > capacity { cached.removeLast() }
    }
    cached.insert(object, at: 0)
  }
  return missed
}
