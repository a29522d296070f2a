import BasicContainers
import Primitives

/// A stretch of requests for a cache that is replayed by itself.
public struct CacheRequests: Sendable {
  /// The object of each request, dense.
  public var objects: ArraySlice<AdapterID>
  /// When each comes; nil where the trace does not say: then it is the request's index.
  public var times: ArraySlice<Nanoseconds>?

  /// Makes a stretch.
  public init(objects: ArraySlice<AdapterID>, times: ArraySlice<Nanoseconds>? = nil) {
    self.objects = objects
    self.times = times
  }
}

/// One cache with nothing around it: no queue, no link, nothing pinned. It keeps the books for the
/// policy that it is replayed with.
///
/// A request is a hit or a miss; a miss counts whether or not the object is admitted. An object that
/// fits the cache and that the policy admits is then inserted, once the policy has named victims
/// until there is room for it. This is the frame of libCacheSim (Yang et al., NSDI'21), so that its
/// miss counts are met exactly.
public struct LoneCache: ~Copyable, Sendable {
  /// What fits, in the unit of the objects' sizes.
  public let capacity: Bytes
  /// What is taken of it.
  public private(set) var used: Bytes = 0
  /// What has been counted so far.
  public private(set) var counts = CacheCounts()
  private let sizes: [Bytes]
  private let costs: [Nanoseconds]
  private var held: UniqueArray<Bytes>
  private let pins: PinTable
  private var clock: Nanoseconds = 0

  /// An empty cache for the objects of a context.
  public init(_ context: EvictionContext) {
    capacity = context.capacity
    sizes = context.sizes
    costs = context.loadCost
    held = UniqueArray(repeating: -1, count: context.count)
    pins = PinTable(count: context.count)
  }

  /// Whether an object is in the cache.
  public func holds(_ object: AdapterID) -> Bool { held[Int(object)] >= 0 }

  /// Serves one request; true if it is a hit.
  @discardableResult
  public mutating func request<Policy: EvictionPolicy & ~Copyable>(
    _ object: AdapterID, at time: Nanoseconds, by policy: inout Policy
  ) -> Bool {
    counts.requests += 1
    counts.bytes += sizes[Int(object)]
    counts.cost += costs[Int(object)]
    if holds(object) {
      policy.accessed(object, at: time)
      shed(by: &policy, at: time)
      return true
    }
    counts.misses += 1
    counts.missedBytes += sizes[Int(object)]
    counts.missedCost += costs[Int(object)]
    policy.missed(object, at: time)
    guard sizes[Int(object)] <= capacity, policy.admits(object, at: time) else { return false }
    insert(object, size: sizes[Int(object)], at: time, by: &policy)
    return false
  }

  /// Brings an object that nobody has requested, if it is not there.
  public mutating func prefetch<Policy: EvictionPolicy & ~Copyable>(
    _ object: AdapterID, size: Bytes, at time: Nanoseconds, by policy: inout Policy
  ) {
    guard !holds(object), size <= capacity else { return }
    counts.prefetches += 1
    counts.prefetchedBytes += size
    insert(object, size: size, at: time, by: &policy)
  }

  private mutating func insert<Policy: EvictionPolicy & ~Copyable>(
    _ object: AdapterID, size: Bytes, at time: Nanoseconds, by policy: inout Policy
  ) {
    while used + size > capacity {
      guard let victim = policy.victim(for: object, sparing: pins, at: time), victim != object
      else { return }
      remove(victim, by: &policy)
    }
    held[Int(object)] = size
    used += size
    policy.inserted(object, at: time)
    shed(by: &policy, at: time)
  }

  private mutating func shed<Policy: EvictionPolicy & ~Copyable>(
    by policy: inout Policy, at time: Nanoseconds
  ) {
    while let extra = policy.surplus(sparing: pins, at: time) { remove(extra, by: &policy) }
  }

  private mutating func remove<Policy: EvictionPolicy & ~Copyable>(
    _ object: AdapterID, by policy: inout Policy
  ) {
    used -= held[Int(object)]
    held[Int(object)] = -1
    counts.evictions += 1
    policy.removed(object)
  }

  /// Serves requests in order.
  public mutating func serve<Policy: EvictionPolicy & ~Copyable>(
    _ requests: CacheRequests, by policy: inout Policy
  ) {
    if let times = requests.times {
      for (object, time) in zip(requests.objects, times) { request(object, at: time, by: &policy) }
    } else {
      for object in requests.objects {
        clock += 1
        request(object, at: clock, by: &policy)
      }
    }
  }
}

extension EvictionPolicy where Self: ~Copyable {
  public mutating func replay(_ requests: CacheRequests, in cache: inout LoneCache) {
    cache.serve(requests, by: &self)
  }
}

/// What a replayed cache has counted.
public struct CacheCounts: Sendable, Equatable {
  /// Requests, and how many of them missed.
  public var requests: Int64 = 0
  public var misses: Int64 = 0
  /// Bytes requested, and bytes of missed requests.
  public var bytes: Bytes = 0
  public var missedBytes: Bytes = 0
  /// Load cost of all requested objects, and of the missed ones.
  public var cost: Nanoseconds = 0
  public var missedCost: Nanoseconds = 0
  /// Objects that left.
  public var evictions: Int64 = 0
  /// Objects brought before they were requested, and their bytes.
  public var prefetches: Int64 = 0
  public var prefetchedBytes: Bytes = 0

  /// Nothing counted yet.
  public init() {}
}
