import Primitives
import Testing

@testable import Orchestration

/// A tier that does to a policy, at random, whatever the contract allows: loads that take time and are
/// overtaken, prefetches, cancelled loads, pins, removals that it did not propose, changes of capacity.
struct RandomTier: ~Copyable {
  private(set) var policy: AuditedEviction
  private var random: RandomStream
  private let requests: [AdapterID]
  private var served = 0
  private let sizes: [Bytes]
  private let initialCapacity: Bytes
  private var capacity: Bytes
  private var pins: PinTable
  /// Adapters that are loading: they have their room, and the policy has not heard that they came.
  private var loading: [AdapterID] = []
  private var waiting: Set<AdapterID> = []
  private var time: Nanoseconds = 0
  private(set) var hits = 0

  init(
    _ policy: consuming AuditedEviction, _ context: EvictionContext, requests: [AdapterID],
    seed: UInt64
  ) {
    self.policy = policy
    self.requests = requests
    random = RandomStream(seed: seed, purpose: "tier.test")
    sizes = context.sizes
    capacity = context.capacity
    initialCapacity = context.capacity
    pins = PinTable(count: context.count)
  }

  private var used: Bytes {
    policy.residents.reduce(0) { $0 + sizes[Int($1)] }
      + loading.reduce(0) { $0 + sizes[Int($1)] }
  }

  /// Serves all requests, with much else in between.
  mutating func run() {
    while served < requests.count {
      // Now and then much time goes by, as policies that count in seconds must see.
      time += random.index(below: 50) == 0 ? 1_000_000_000_000 : 1_000_000
      switch random.index(below: 16) {
      case 0..<7: serve()
      case 7: arrive()
      case 8: prefetch()
      case 9: cancel()
      case 10: pin()
      case 11, 12: unpin()
      case 13: removeSomebody()
      case 14: wait()
      default: changeCapacity()
      }
      #expect(used <= capacity)
    }
  }

  private func isHere(_ adapter: AdapterID) -> Bool { policy.residents.contains(adapter) }

  private mutating func serve() {
    let adapter = requests[served]
    served += 1
    if let index = loading.firstIndex(of: adapter) {
      loading.remove(at: index)
      settle(adapter)
    }
    if isHere(adapter) {
      hits += 1
      policy.accessed(adapter, at: time)
      shed()
      return
    }
    policy.missed(adapter, at: time)
    // A cache asks; a device that has to compute with the adapter does not, and spares it.
    let isDevice = random.index(below: 2) == 0
    guard isDevice || policy.admits(adapter, at: time),
      makeRoom(for: adapter, isSpared: isDevice)
    else { return }
    if random.index(below: 2) == 0 { loading.append(adapter) } else { settle(adapter) }
  }

  private mutating func settle(_ adapter: AdapterID) {
    policy.inserted(adapter, at: time)
    shed()
  }

  private mutating func shed() {
    var left = sizes.count
    while left >= 0, let extra = policy.surplus(sparing: pins, at: time) {
      policy.removed(extra)
      left -= 1
    }
    #expect(left >= 0, "the surplus has no end")
  }

  /// Evicts until an adapter fits; false if it cannot, or if it is not worth it.
  private mutating func makeRoom(for adapter: AdapterID, isSpared: Bool) -> Bool {
    guard sizes[Int(adapter)] <= capacity else { return false }
    while used + sizes[Int(adapter)] > capacity {
      if isSpared { _ = pins.pin(adapter) }
      let victim = policy.victim(for: adapter, sparing: pins, at: time)
      if isSpared { _ = pins.unpin(adapter) }
      guard let victim, isHere(victim) else { return false }
      policy.removed(victim)
    }
    return true
  }

  private mutating func arrive() {
    guard !loading.isEmpty else { return }
    settle(loading.remove(at: random.index(below: loading.count)))
  }

  private mutating func prefetch() {
    let adapter = AdapterID(random.index(below: sizes.count))
    guard !isHere(adapter), !loading.contains(adapter), makeRoom(for: adapter, isSpared: true)
    else { return }
    loading.append(adapter)
  }

  private mutating func cancel() {
    guard !loading.isEmpty else { return }
    loading.remove(at: random.index(below: loading.count))
  }

  /// One that is there, if any is, by lot.
  private mutating func somebody() -> AdapterID? {
    let here = policy.residents.sorted()
    return here.isEmpty ? nil : here[random.index(below: here.count)]
  }

  private mutating func pin() {
    guard let adapter = somebody() else { return }
    _ = pins.pin(adapter)
  }

  private mutating func unpin() {
    let pinned = policy.residents.filter { pins.isPinned($0) }.sorted()
    guard !pinned.isEmpty else { return }
    let adapter = pinned[random.index(below: pinned.count)]
    if pins.unpin(adapter) { policy.released(adapter, at: time) }
  }

  /// Somebody goes whom the policy did not propose, perhaps after it has proposed another.
  private mutating func removeSomebody() {
    if random.index(below: 2) == 0 { askForNothing() }
    guard let adapter = somebody(), !pins.isPinned(adapter) else { return }
    policy.removed(adapter)
  }

  /// A victim is asked for and spared.
  private mutating func askForNothing() {
    _ = policy.victim(for: nil, sparing: pins, at: time)
  }

  /// A request comes to wait for an adapter, or none waits any more.
  private mutating func wait() {
    let adapter = AdapterID(random.index(below: sizes.count))
    if waiting.remove(adapter) != nil {
      policy.unqueued(adapter)
    } else {
      waiting.insert(adapter)
      policy.queued(adapter)
    }
  }

  private mutating func changeCapacity() {
    let limit = max(1, Bytes(Double(initialCapacity) * (0.5 + random.uniform())))
    while used > limit {
      guard let victim = policy.victim(for: nil, sparing: pins, at: time) else { break }
      policy.removed(victim)
    }
    capacity = max(limit, used)
    policy.capacityChanged(to: capacity)
  }
}
