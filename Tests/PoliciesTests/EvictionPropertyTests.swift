import Orchestration
import Policies
import Primitives
import Testing

/// What has to hold for every eviction policy there is: one that is registered is tested here.
@Suite struct EvictionPropertyTests {
  static let all = PolicyRegistry.builtIn.eviction.map(\.name)

  /// What a policy is made for: how much fits, and in which unit.
  enum Shape: CaseIterable { case slots, one, bytes, tight, unlimited }

  private struct World {
    var context: EvictionContext
    var requests: [AdapterID]
  }

  private func world(_ shape: Shape, _ seed: UInt64, count: Int = 24) -> World {
    var random = RandomStream(seed: seed, purpose: "eviction.world")
    let bytes = (0..<count).map { _ in Bytes(1 + random.index(below: 400)) }
    let cost = bytes.map { Nanoseconds(1000 + 7 * $0) + Nanoseconds(random.index(below: 3000)) }
    let requests = (0..<800).map { _ in
      AdapterID(min(random.index(below: count), random.index(below: count)))
    }
    let capacity: Bytes =
      switch shape {
      case .unlimited: .max
      // Smaller than some of what comes, so that nothing of it fits.
      case .tight: 250
      default: 1500
      }
    let slots: Int? =
      switch shape {
      case .slots: 6
      case .one: 1
      default: nil
      }
    return World(
      context: EvictionContext(
        tier: .device, bytes: bytes, loadCost: cost, seed: seed, slots: slots, capacity: capacity,
        keys: (0..<count).map { UInt64($0) &* 0x9e37_79b9_7f4a_7c15 },
        future: RequestedFuture(of: requests, count: count)),
      requests: requests)
  }

  private func make(_ name: String, _ context: EvictionContext) throws -> AuditedEviction {
    AuditedEviction(
      try PolicyRegistry.make(
        Parameters(parsing: name), kind: "eviction", from: PolicyRegistry.builtIn.eviction,
        context),
      name: name)
  }

  @Test(arguments: all, Shape.allCases)
  func anythingThatTheContractAllows(_ name: String, _ shape: Shape) throws {
    for seed in 0..<4 as Range<UInt64> {
      let world = world(shape, seed)
      var tier = RandomTier(
        try make(name, world.context), world.context, requests: world.requests, seed: seed)
      tier.run()
      #expect(tier.hits > 0)
      if shape != .unlimited { #expect(tier.policy.answers.count > 50) }
    }
  }

  @Test(arguments: all) func equalSeedsAreEqualRuns(_ name: String) throws {
    let world = world(.bytes, 7)
    func answers() throws -> [AdapterID] {
      var tier = RandomTier(
        try make(name, world.context), world.context, requests: world.requests, seed: 7)
      tier.run()
      return tier.policy.answers
    }
    #expect(try answers() == answers())
  }

  @Test(arguments: all, Shape.allCases)
  func aCacheByItself(_ name: String, _ shape: Shape) throws {
    for seed in 10..<14 as Range<UInt64> {
      let world = world(shape, seed)
      let sizes = world.context.sizes
      var policy = try make(name, world.context)
      var cache = LoneCache(world.context)
      var brought: Set<AdapterID> = []
      for (index, object) in world.requests.enumerated() {
        let isHit = cache.request(object, at: Nanoseconds(index), by: &policy)
        if isHit, !brought.contains(object) {
          Issue.record("\(name) hits \(object), which never came")
        }
        brought.formUnion(policy.residents)
        let held = policy.residents.reduce(0) { $0 + sizes[Int($1)] }
        if held != cache.used || held > cache.capacity {
          Issue.record("\(name) holds \(held) B, booked as \(cache.used) of \(cache.capacity)")
        }
      }
      let counts = cache.counts
      #expect(counts.requests == 800 && counts.misses > 0)
      // With room for everything, only what has never come is missed.
      if shape == .unlimited { #expect(counts.misses == Set(world.requests).count) }
    }
  }
}
