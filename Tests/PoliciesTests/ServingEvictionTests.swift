import Foundation
import Orchestration
import Policies
import Primitives
import Testing

/// The policies of serving systems and the Greedy-Dual family, each beside its definition read off the
/// history of the tier.
@Suite struct ServingEvictionTests {
  private static let uses: Set<TierHistory.Event> = [.inserted, .accessed, .released]

  private static func lastUse(_ history: TierHistory, _ adapter: AdapterID) -> Int {
    history.last(uses, of: adapter)?.place ?? -1
  }

  private static func leastRecent(
    _ history: TierHistory, _ idle: [AdapterID], _ time: Nanoseconds
  ) -> AdapterID? {
    idle.min { lastUse(history, $0) < lastUse(history, $1) }
  }

  private static func protected(
    _ history: TierHistory, _ idle: [AdapterID], by age: (AdapterID) -> Int
  ) -> AdapterID? {
    let free = idle.filter { !history.isWaitedFor($0) }
    return (free.isEmpty ? idle : free).min { age($0) < age($1) }
  }

  /// What is said of Chameleon's score, term by term.
  private static func chameleon(_ history: TierHistory, _ idle: [AdapterID]) -> AdapterID? {
    let residents = history.residents.keys.sorted()
    // The order of requests, in which an adapter's last use has its place.
    func clock(_ place: Int) -> Int {
      history.events.prefix(place + 1).count { $0.event == .missed || $0.event == .accessed }
    }
    func terms(_ adapter: AdapterID) -> [Double] {
      [
        Double(history.count([.missed, .accessed], of: adapter)),
        Double(clock(lastUse(history, adapter))), Double(history.context.bytes[Int(adapter)]),
      ]
    }
    let all = residents.map(terms)
    func score(_ adapter: AdapterID) -> Double {
      zip([0.45, 0.10, 0.45], terms(adapter).indices).reduce(0) { sum, pair in
        let values = all.map { $0[pair.1] }
        let (least, greatest) = (values.min() ?? 0, values.max() ?? 0)
        return greatest == least
          ? sum : sum + pair.0 * (terms(adapter)[pair.1] - least) / (greatest - least)
      }
    }
    let free = idle.filter { !history.isWaitedFor($0) }
    let scores = Dictionary(
      uniqueKeysWithValues: (free.isEmpty ? idle : free).map { ($0, score($0)) })
    let least = scores.values.min() ?? 0
    // Scores that differ by rounding alone are equal.
    let lowest = scores.filter { $0.value - least < 1e-9 }.map(\.key)
    return lowest.min { (terms($0)[1], $0) < (terms($1)[1], $1) }
  }

  private static func fastLibra(
    _ history: TierHistory, _ idle: [AdapterID], _ time: Nanoseconds
  ) -> AdapterID? {
    func retain(_ adapter: AdapterID) -> Double {
      let last = history.last(uses, of: adapter)
      // The visits that were known at the last use.
      let visits = history.events.prefix((last?.place ?? -1) + 1).count {
        $0.adapter == adapter && ($0.event == .missed || $0.event == .accessed)
      }
      let idle = Double(time - (last?.time ?? 0)) / 3.6e12
      return Double(history.context.loadCost[Int(adapter)]) * Double(max(1, visits))
        * (1 - 1 / (1 + exp(-idle)))
    }
    return idle.min { (retain($0), lastUse(history, $0)) < (retain($1), lastUse(history, $1)) }
  }

  /// Greedy-Dual by replaying the history: priorities in a dictionary, and a level.
  private static func greedyDual(
    perSize: Bool, countsUses: Bool, refresh: Double
  ) -> MirroredEviction.Choice {
    { history, idle, _ in
      var level = 0.0
      var known: [AdapterID: (priority: Double, uses: Double, last: Int)] = [:]
      for (place, (event, adapter, _)) in history.events.enumerated() {
        let context = history.context
        let cost = Double(context.loadCost[Int(adapter)])
        let worth = perSize ? cost / Double(context.sizes[Int(adapter)]) : cost
        switch event {
        case .inserted: known[adapter] = (level + worth, 1, place)
        case .accessed:
          guard let before = known[adapter] else { break }
          let uses = before.uses + 1
          let left = max(0, before.priority - level)
          let full = countsUses ? worth * uses : worth
          known[adapter] = (level + left + refresh * (full - left), uses, place)
        case .evicted: level = max(level, known.removeValue(forKey: adapter)?.priority ?? 0)
        case .removed: known[adapter] = nil
        case .missed, .released, .queued, .unqueued: break
        }
      }
      return idle.compactMap { adapter in known[adapter].map { (adapter, $0.priority, $0.last) } }
        .min { ($0.1, $0.2) < ($1.1, $1.2) }?.0
    }
  }

  private static let references: [(String, MirroredEviction.Choice)] = [
    ("ttl keep-alive=15m", leastRecent),
    ("queue-protect", { history, idle, _ in protected(history, idle) { lastUse(history, $0) } }),
    (
      "lorax",
      { history, idle, _ in
        protected(history, idle) { history.last([.inserted], of: $0)?.place ?? -1 }
      }
    ),
    ("chameleon", { history, idle, _ in chameleon(history, idle) }),
    ("fastlibra unit=1h", fastLibra),
    ("greedy-dual", greedyDual(perSize: false, countsUses: false, refresh: 1)),
    ("greedy-dual-size", greedyDual(perSize: true, countsUses: false, refresh: 1)),
    ("gd-freq", greedyDual(perSize: false, countsUses: true, refresh: 1)),
    ("faascache", greedyDual(perSize: true, countsUses: true, refresh: 1)),
    ("landlord refresh=0.25", greedyDual(perSize: true, countsUses: false, refresh: 0.25)),
  ]

  private func context(_ seed: UInt64, slots: Int? = nil) -> EvictionContext {
    var random = RandomStream(seed: seed, purpose: "serving.world")
    let bytes = (0..<16).map { _ in Bytes(1 + random.index(below: 400)) }
    let cost = bytes.map { Nanoseconds(1000 + 7 * $0) + Nanoseconds(random.index(below: 3000)) }
    return EvictionContext(
      tier: .device, bytes: bytes, loadCost: cost, seed: seed, slots: slots, capacity: 1200)
  }

  private func requests(_ seed: UInt64, count: Int) -> [AdapterID] {
    var random = RandomStream(seed: seed, purpose: "serving.requests")
    return (0..<count).map { _ in
      AdapterID(min(random.index(below: 16), random.index(below: 16)))
    }
  }

  private func make(_ name: String, _ context: EvictionContext) throws
    -> any EvictionPolicy & ~Copyable
  {
    try PolicyRegistry.make(
      Parameters(parsing: name), kind: "eviction", from: PolicyRegistry.builtIn.eviction, context)
  }

  @Test(arguments: references.map(\.0), 0..<4)
  func victimsAreTheReferences(_ name: String, _ seed: UInt64) throws {
    let choice = try #require(Self.references.first { $0.0 == name }?.1)
    let context = context(seed, slots: seed % 2 == 0 ? 5 : nil)
    var expiry: MirroredEviction.Choice?
    if name.hasPrefix("ttl") {
      expiry = { history, idle, time in
        Self.leastRecent(
          history,
          idle.filter { time - (history.last(Self.uses, of: $0)?.time ?? 0) >= 900_000_000_000 },
          time)
      }
    }
    let mirrored = MirroredEviction(
      try make(name, context), context, surplus: expiry, choice: choice)
    var tier = RandomTier(
      AuditedEviction(mirrored, name: name), context, requests: requests(seed, count: 250),
      seed: seed)
    tier.run()
    #expect(tier.policy.answers.count > 40)
  }

  private func misses(
    _ name: String, _ context: EvictionContext, _ requests: [AdapterID]
  ) throws -> Int64 {
    var policy = try make(name, context)
    var cache = LoneCache(context)
    policy.replay(CacheRequests(objects: requests[...]), in: &cache)
    return cache.counts.misses
  }

  /// Members of the family that are the same by their definitions.
  @Test(arguments: [
    ("greedy-dual cost=one", "lru"), ("greedy-dual-size cost=bytes", "lru"),
    ("landlord", "greedy-dual-size"), ("greedy-dual cost=one", "queue-protect"),
    ("queue-protect order=fifo", "fifo"), ("lorax", "fifo"), ("ttl", "lru"),
    ("gd-freq cost=one", "faascache cost=one slots"),
  ]) func kin(_ one: String, _ other: String) throws {
    for seed in 0..<5 as Range<UInt64> {
      let requests = requests(seed, count: 3000)
      let context = context(seed, slots: other.hasSuffix("slots") ? 5 : nil)
      let other = other.replacingOccurrences(of: " slots", with: "")
      let counts = try (misses(one, context, requests), misses(other, context, requests))
      #expect(counts.0 == counts.1)
      #expect(counts.0 > 500)
    }
  }

  /// Landlord as Young wrote it: rent is taken from everybody until somebody has no credit left. Sizes
  /// and costs are such that nothing is rounded.
  @Test(arguments: [0.0, 1.0], 0..<5) func rent(_ refresh: Double, _ seed: UInt64) throws {
    var random = RandomStream(seed: seed, purpose: "landlord")
    let bytes = (0..<16).map { _ in Bytes(1) << random.index(below: 6) }
    let cost = (0..<16).map { _ in Nanoseconds(1 + random.index(below: 1000)) }
    let context = EvictionContext(
      tier: .device, bytes: bytes, loadCost: cost, seed: seed, capacity: 64)
    let requests = requests(seed, count: 3000)
    var credit: [AdapterID: Double] = [:]
    var lastUse: [AdapterID: Int] = [:]
    var misses: Int64 = 0
    for (index, object) in requests.enumerated() {
      let full = Double(cost[Int(object)])
      if let left = credit[object] {
        credit[object] = left + refresh * (full - left)
      } else {
        misses += 1
        while credit.keys.reduce(0, { $0 + bytes[Int($1)] }) + bytes[Int(object)] > 64 {
          let rent = credit.map { $0.value / Double(bytes[Int($0.key)]) }.min() ?? 0
          for key in credit.keys { credit[key]? -= rent * Double(bytes[Int(key)]) }
          let broke = credit.filter { $0.value == 0 }.keys
          let victim = try #require(broke.min { (lastUse[$0] ?? 0) < (lastUse[$1] ?? 0) })
          credit[victim] = nil
        }
        credit[object] = full
      }
      lastUse[object] = index
    }
    #expect(try self.misses("landlord refresh=\(refresh)", context, requests) == misses)
  }
}
