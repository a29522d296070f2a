import Orchestration
import Policies
import Primitives
import Testing

/// Policies that are made of lists and queues, each beside a slow one written from its definition.
@Suite struct ListEvictionTests {
  private typealias Slow = @Sendable (EvictionContext) -> any SlowPolicy

  private static let policies: [(name: String, slow: Slow)] = [
    ("clock", { _ in SlowClock(most: 1) }),
    ("clock bits=2", { _ in SlowClock(most: 3) }),
    ("sieve", { _ in SlowSieve() }),
    ("slru", { SlowSLRU($0, 4) }),
    ("slru segments=2", { SlowSLRU($0, 2) }),
    ("two-q", { SlowTwoQ($0) }),
    ("s3-fifo small=0.3", { SlowS3FIFO($0, .init()) }),
    ("s3-fifo-v0 small=0.3", { SlowS3FIFO($0, .init(isStrict: false)) }),
    ("qd-lp small=0.3", { SlowS3FIFO($0, .init(threshold: 1, isStrict: false)) }),
    (
      "clock2q-plus small=0.3",
      { SlowS3FIFO($0, .init(threshold: 1, most: 1, window: 0.5)) }
    ),
    (
      "clock2q-plus small=0.5 window=0.01 window-unit=arrivals",
      {
        SlowS3FIFO(
          $0, .init(small: 0.5, threshold: 1, most: 1, window: 0.01, countsArrivals: true))
      }
    ),
    ("lfu-da", { _ in SlowLFUDA() }),
    ("lru-k", { _ in SlowLRUK(k: 2) }),
    ("lru-k k=3", { _ in SlowLRUK(k: 3) }),
    ("mq queues=4 lifetime=10", { SlowMQ($0, 4, lifetime: 10) }),
    ("mru", { _ in SlowRecency(kind: .mru) }),
    ("lru-prob", { _ in SlowRecency(kind: .lot) }),
    ("largest-first", { SlowLargestFirst(sizes: $0.sizes) }),
  ]

  /// Sizes differ, so that no two are equally large; or all take one slot.
  private func world(_ seed: UInt64) -> (context: EvictionContext, requests: [AdapterID]) {
    var random = RandomStream(seed: seed, purpose: "lists.test")
    let count = 16 + random.index(below: 16)
    let bytes = (0..<count).map { Bytes(1 + 32 * random.index(below: 13) + $0) }
    let requests = (0..<600).map { _ in
      AdapterID((0..<3).map { _ in random.index(below: count) }.min() ?? 0)
    }
    let context = EvictionContext(
      tier: .device, bytes: bytes, loadCost: bytes, seed: 1, slots: seed % 4 == 3 ? 8 : nil,
      capacity: 400 + Bytes(random.index(below: 2000)))
    return (context, requests)
  }

  @Test(arguments: policies.map(\.name), 0..<8)
  func victimsAreTheSlowOnes(_ name: String, _ seed: UInt64) throws {
    let (context, requests) = world(seed)
    if name == "largest-first", context.sizes == context.sizes.map({ _ in 1 }) { return }
    let slow = try #require(Self.policies.first { $0.name == name }).slow(context)
    let policy = try PolicyRegistry.make(
      Parameters(parsing: name), kind: "eviction", from: PolicyRegistry.builtIn.eviction, context)
    let twin = Twin(policy: policy, slow: slow)
    var tier = RandomTier(
      AuditedEviction(twin, name: name), context, requests: requests, seed: seed)
    tier.run()
    #expect(tier.hits > 50)
    #expect(tier.policy.answers.count > 50)
  }
}

/// A policy and its slow reference, which must give the same answers.
private struct Twin: EvictionPolicy, ~Copyable {
  private var policy: any EvictionPolicy & ~Copyable
  private var slow: any SlowPolicy
  private var residents: Set<AdapterID> = []
  private var named: AdapterID?

  init(policy: consuming any EvictionPolicy & ~Copyable, slow: any SlowPolicy) {
    self.policy = policy
    self.slow = slow
  }

  mutating func missed(_ adapter: AdapterID, at time: Nanoseconds) {
    policy.missed(adapter, at: time)
    slow.missed(adapter)
  }

  mutating func admits(_ adapter: AdapterID, at time: Nanoseconds) -> Bool {
    policy.admits(adapter, at: time)
  }

  mutating func inserted(_ adapter: AdapterID, at time: Nanoseconds) {
    residents.insert(adapter)
    policy.inserted(adapter, at: time)
    slow.inserted(adapter)
  }

  mutating func accessed(_ adapter: AdapterID, at time: Nanoseconds) {
    policy.accessed(adapter, at: time)
    slow.accessed(adapter)
  }

  mutating func removed(_ adapter: AdapterID) {
    residents.remove(adapter)
    policy.removed(adapter)
    slow.removed(adapter, isVictim: adapter == named)
    named = nil
  }

  mutating func capacityChanged(to capacity: Bytes) {
    policy.capacityChanged(to: capacity)
    slow.resized(to: capacity)
  }

  mutating func victim(
    for incoming: AdapterID?, sparing pins: borrowing PinTable, at time: Nanoseconds
  ) -> AdapterID? {
    named = policy.victim(for: incoming, sparing: pins, at: time)
    #expect(named == slow.victim(idle(pins)))
    return named
  }

  mutating func surplus(sparing pins: borrowing PinTable, at time: Nanoseconds) -> AdapterID? {
    let extra = policy.surplus(sparing: pins, at: time)
    #expect(extra == slow.surplus(idle(pins)))
    return extra
  }

  private func idle(_ pins: borrowing PinTable) -> Set<AdapterID> {
    var idle = residents
    for adapter in residents where pins.isPinned(adapter) { idle.remove(adapter) }
    return idle
  }
}
