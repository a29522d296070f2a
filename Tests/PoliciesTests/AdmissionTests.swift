import LockstepWorld
import Policies
import Primitives
import Testing

@testable import Orchestration

@Suite struct AdmissionTests {
  private static let filters = PolicyRegistry.builtInAdmission.map(\.name)
  private let sizes: [Bytes] = [3, 1, 4, 1, 5, 2, 2, 3]

  private func context(slots: Int? = nil) -> EvictionContext {
    EvictionContext(
      tier: .device, bytes: sizes, loadCost: sizes.map { _ in 1 }, seed: 1, slots: slots,
      capacity: 9)
  }

  private func make(
    _ written: String, slots: Int? = nil
  ) throws -> any EvictionPolicy & ~Copyable {
    try PolicyRegistry.make(
      Parameters(parsing: written), kind: "eviction", from: PolicyRegistry.builtIn.eviction,
      context(slots: slots))
  }

  private func replay(_ written: String, _ requests: [AdapterID]) throws -> CacheCounts {
    var policy = try make(written)
    var cache = LoneCache(context())
    policy.replay(CacheRequests(objects: requests[...]), in: &cache)
    #expect(cache.used <= cache.capacity)
    return cache.counts
  }

  private func requests(_ seed: UInt64) -> [AdapterID] {
    var random = RandomStream(seed: seed, purpose: "admission.test")
    return (0..<500).map { _ in
      AdapterID(min(random.index(below: 8), random.index(below: 8)))
    }
  }

  @Test(arguments: 0..<10) func whatAdmitsEverythingChangesNothing(_ seed: UInt64) throws {
    let requests = requests(seed)
    for policy in ["lru", "gdsf", "fifo"] {
      let plain = try replay(policy, requests)
      for filter in ["always", "size", "prob admission.probability=1"] {
        #expect(try replay("\(policy) admission=\(filter)", requests) == plain)
      }
    }
  }

  /// LRU behind a filter, from the definitions: an array in order of use.
  private func referenceMisses(
    _ requests: [AdapterID], _ admits: (AdapterID) -> Bool
  ) -> Int64 {
    var order: [AdapterID] = []
    var misses: Int64 = 0
    for object in requests {
      if let place = order.firstIndex(of: object) {
        order.remove(at: place)
        order.append(object)
        continue
      }
      misses += 1
      guard admits(object) else { continue }
      while order.reduce(0, { $0 + sizes[Int($1)] }) + sizes[Int(object)] > 9 {
        order.removeFirst()
      }
      order.append(object)
    }
    return misses
  }

  @Test(arguments: 0..<10) func onlyWhatIsAdmittedComes(_ seed: UInt64) throws {
    let requests = requests(seed)
    var missed: Set<AdapterID> = []
    let second = referenceMisses(requests) { !missed.insert($0).inserted }
    #expect(try replay("lru admission=bloom", requests).misses == second)
    let small = referenceMisses(requests) { sizes[Int($0)] <= 2 }
    #expect(try replay("lru admission=size admission.limit=2B", requests).misses == small)
    #expect(try replay("lru admission=prob admission.probability=0", requests).misses == 500)
  }

  /// What is frequent stays, and a stream of newcomers passes by.
  @Test func tinyLFUKeepsWhatIsFrequent() throws {
    var policy = try make("lru admission=tinylfu", slots: 2)
    var cache = LoneCache(context(slots: 2))
    let stream: [AdapterID] = [0, 1, 0, 1, 0, 1, 2, 0, 3, 1, 4, 0, 5, 1]
    policy.replay(CacheRequests(objects: stream[...]), in: &cache)
    #expect(cache.counts.misses == 6)
  }

  /// Where it has to come all the same, it is the first to go once it is idle, unless it is used.
  @Test func whatIsRefusedIsAGuest() throws {
    var policy = try make("lru admission=bloom", slots: 3)
    var pins = PinTable(count: sizes.count)
    func come(_ adapter: AdapterID) {
      policy.missed(adapter, at: 0)
      policy.inserted(adapter, at: 0)
    }
    // Missed twice before it comes: admitted.
    policy.missed(0, at: 0)
    come(0)
    come(1)
    come(2)
    #expect(policy.victim(for: nil, sparing: pins, at: 0) == 1)
    _ = pins.pin(1)
    #expect(policy.victim(for: 3, sparing: pins, at: 0) == 2)
    _ = pins.pin(2)
    #expect(policy.victim(for: nil, sparing: pins, at: 0) == 0)
    _ = pins.unpin(1)
    _ = pins.unpin(2)
    policy.accessed(1, at: 0)
    #expect(policy.victim(for: nil, sparing: pins, at: 0) == 2)
    policy.removed(2)
    #expect(policy.victim(for: nil, sparing: pins, at: 0) == 0)
    policy.removed(0)
    #expect(policy.victim(for: nil, sparing: pins, at: 0) == 1)
    policy.removed(1)
    #expect(policy.victim(for: nil, sparing: pins, at: 0) == nil)
  }

  @Test(arguments: filters, 0..<4) func worksInAServer(_ filter: String, _ seed: UInt64) throws {
    var random = RandomStream(seed: seed, purpose: "admission.conformance")
    var (server, jobs) = randomLockstep(&random, registry: .builtIn)
    server.eviction = "gdsf admission=\(filter)"
    let log = try LockstepWorld(server, jobs: jobs, seed: seed).run()
    #expect(log.violations == [])
    #expect(log.records.map(\.request).sorted() == jobs.map(\.request.id))
  }

  @Test(arguments: [
    ("lru admission=moon", "unknown admission policy \"moon\""),
    ("lru admission=prob admission.sed=1", "prob.sed: unknown key (did you mean \"seed\"?)"),
    ("lru admission=prob admission.probability=2", "prob.probability: 2.0 is outside 0.0...1.0"),
    ("lru admission.seed=1", "lru.admission.seed: unknown key"),
  ]) func badParameters(_ written: String, _ message: String) throws {
    let error = #expect(throws: PitwallError.self) { _ = try make(written) }
    #expect(error?.message.hasPrefix(message) == true)
  }
}
