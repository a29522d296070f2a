import Orchestration
import Primitives

/// Names objects to bring to a cache before they are requested, from the requests so far.
public protocol CachePrefetcher: ~Copyable, Sendable {
  /// A request has been served; appends what should be brought now, in this order.
  mutating func served(
    _ object: AdapterID, isHit: Bool, bringing proposals: inout [PrefetchedObject])
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
    .oneBlockLookahead, .probabilityGraph,
  ]
}

extension LoneCache {
  /// Serves requests in order, and after each brings what a prefetcher names.
  public mutating func serve(
    _ requests: CacheRequests, by policy: consuming any EvictionPolicy & ~Copyable,
    prefetching prefetcher: consuming any CachePrefetcher & ~Copyable
  ) {
    var policy = ErasedEviction(policy)
    var proposals: [PrefetchedObject] = []
    for (index, object) in requests.objects.enumerated() {
      let time = requests.times.map { $0[$0.startIndex + index] } ?? Nanoseconds(index + 1)
      let isHit = request(object, at: time, by: &policy)
      prefetcher.served(object, isHit: isHit, bringing: &proposals)
      for proposal in proposals {
        prefetch(proposal.object, size: proposal.size, at: time, by: &policy)
      }
      proposals.removeAll(keepingCapacity: true)
    }
  }
}

/// Any eviction policy, as a type that generic code takes.
private struct ErasedEviction: EvictionPolicy, ~Copyable {
  private var policy: any EvictionPolicy & ~Copyable

  init(_ policy: consuming any EvictionPolicy & ~Copyable) { self.policy = policy }

  mutating func missed(_ adapter: AdapterID, at time: Nanoseconds) {
    policy.missed(adapter, at: time)
  }
  mutating func admits(_ adapter: AdapterID, at time: Nanoseconds) -> Bool {
    policy.admits(adapter, at: time)
  }
  mutating func inserted(_ adapter: AdapterID, at time: Nanoseconds) {
    policy.inserted(adapter, at: time)
  }
  mutating func accessed(_ adapter: AdapterID, at time: Nanoseconds) {
    policy.accessed(adapter, at: time)
  }
  mutating func removed(_ adapter: AdapterID) { policy.removed(adapter) }
  mutating func victim(
    for incoming: AdapterID?, sparing pins: borrowing PinTable, at time: Nanoseconds
  ) -> AdapterID? {
    policy.victim(for: incoming, sparing: pins, at: time)
  }
  mutating func surplus(sparing pins: borrowing PinTable, at time: Nanoseconds) -> AdapterID? {
    policy.surplus(sparing: pins, at: time)
  }
}
