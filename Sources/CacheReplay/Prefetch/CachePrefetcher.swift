import Orchestration
import Primitives

/// Names objects to bring to a cache before they are requested, from the requests so far.
public protocol CachePrefetcher: ~Copyable, Sendable {
  /// A request, before it is served.
  mutating func requested(_ object: AdapterID, isHit: Bool)
  /// A request has been served; appends what should be brought now, in this order.
  mutating func served(
    _ object: AdapterID, isHit: Bool, bringing proposals: inout [PrefetchedObject])
  /// What it named has come to the cache.
  mutating func brought(_ object: AdapterID)
  /// Whether an object that is about to go for one that was requested should stay, as though it had
  /// just come.
  mutating func spares(_ object: AdapterID) -> Bool
}

extension CachePrefetcher where Self: ~Copyable {
  /// Most learn when a request has been served.
  public mutating func requested(_ object: AdapterID, isHit: Bool) {}
  /// Most do not care.
  public mutating func brought(_ object: AdapterID) {}
  /// Most leave evictions to the policy.
  public mutating func spares(_ object: AdapterID) -> Bool { false }
}

/// An object to bring, and the size to bring it in.
public struct PrefetchedObject: Sendable, Equatable {
  /// The object.
  public var object: AdapterID
  /// What it takes of the cache.
  public var size: Bytes

  /// Makes a proposal.
  public init(object: AdapterID, size: Bytes) {
    self.object = object
    self.size = size
  }
}

/// An entry for a prefetcher of a cache that is replayed by itself.
public typealias CachePrefetchEntry = PolicyEntry<EvictionContext, any CachePrefetcher & ~Copyable>

extension PolicyRegistry {
  /// The cache prefetchers that ship. Each is described in its own file.
  public static let builtInCachePrefetch: [CachePrefetchEntry] = [
    .oneBlockLookahead, .probabilityGraph, .mithril,
  ]
}

extension LoneCache {
  /// Serves requests in order, and after each brings what a prefetcher names.
  public mutating func serve(
    _ requests: CacheRequests, by policy: consuming any EvictionPolicy & ~Copyable,
    prefetching prefetcher: consuming any CachePrefetcher & ~Copyable
  ) {
    var policy = PrefetchingEviction(policy, prefetcher)
    var proposals: [PrefetchedObject] = []
    for (index, object) in requests.objects.enumerated() {
      let time = requests.times.map { $0[$0.startIndex + index] } ?? Nanoseconds(index + 1)
      policy.makesRoomForDemand = true
      let isHit = request(object, at: time, by: &policy)
      policy.makesRoomForDemand = false
      policy.prefetcher.served(object, isHit: isHit, bringing: &proposals)
      for proposal in proposals where !holds(proposal.object) {
        prefetch(proposal.object, size: proposal.size, at: time, by: &policy)
        if holds(proposal.object) { policy.prefetcher.brought(proposal.object) }
      }
      proposals.removeAll(keepingCapacity: true)
    }
  }
}

/// An eviction policy of any type, with a prefetcher that may spare its victims.
private struct PrefetchingEviction: EvictionPolicy, ~Copyable {
  private var policy: any EvictionPolicy & ~Copyable
  var prefetcher: any CachePrefetcher & ~Copyable
  var makesRoomForDemand = false

  init(
    _ policy: consuming any EvictionPolicy & ~Copyable,
    _ prefetcher: consuming any CachePrefetcher & ~Copyable
  ) {
    self.policy = policy
    self.prefetcher = prefetcher
  }

  mutating func missed(_ adapter: AdapterID, at time: Nanoseconds) {
    prefetcher.requested(adapter, isHit: false)
    policy.missed(adapter, at: time)
  }

  mutating func admits(_ adapter: AdapterID, at time: Nanoseconds) -> Bool {
    policy.admits(adapter, at: time)
  }

  mutating func inserted(_ adapter: AdapterID, at time: Nanoseconds) {
    policy.inserted(adapter, at: time)
  }

  mutating func accessed(_ adapter: AdapterID, at time: Nanoseconds) {
    prefetcher.requested(adapter, isHit: true)
    policy.accessed(adapter, at: time)
  }

  mutating func removed(_ adapter: AdapterID) { policy.removed(adapter) }

  mutating func victim(
    for incoming: AdapterID?, sparing pins: borrowing PinTable, at time: Nanoseconds
  ) -> AdapterID? {
    while let victim = policy.victim(for: incoming, sparing: pins, at: time) {
      guard makesRoomForDemand, victim != incoming, prefetcher.spares(victim) else { return victim }
      policy.removed(victim)
      policy.inserted(victim, at: time)
    }
    return nil
  }

  mutating func surplus(sparing pins: borrowing PinTable, at time: Nanoseconds) -> AdapterID? {
    policy.surplus(sparing: pins, at: time)
  }
}
