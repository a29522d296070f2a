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
  @inlinable public var used: Bytes { taken }
  /// What has been counted so far.
  @inlinable public var counts: CacheCounts { tally }
  @usableFromInline var taken: Bytes = 0
  @usableFromInline var tally = CacheCounts()
  @usableFromInline var objects: UniqueArray<CachedObject>
  @usableFromInline let pins: PinTable
  @usableFromInline var clock: Nanoseconds = 0

  /// An empty cache for the objects of a context.
  public init(_ context: EvictionContext) {
    capacity = context.capacity
    pins = PinTable(count: context.count)
    objects = UniqueArray(minimumCapacity: context.count)
    for index in 0..<context.count {
      objects.append(
        CachedObject(
          size: context.sizes[index], bytes: context.bytes[index], cost: context.loadCost[index]))
    }
  }

  /// Whether an object is in the cache.
  @inlinable public func holds(_ object: AdapterID) -> Bool { objects[Int(object)].isHeld }

  /// Serves one request; true if it is a hit.
  @inlinable @discardableResult
  public mutating func request<Policy: EvictionPolicy & ~Copyable>(
    _ object: AdapterID, at time: Nanoseconds, by policy: inout Policy
  ) -> Bool {
    let known = objects[Int(object)]
    tally.requests += 1
    tally.bytes += known.bytes
    tally.cost += known.cost
    if known.isHeld {
      policy.accessed(object, at: time)
      shed(by: &policy, at: time)
      return true
    }
    tally.misses += 1
    tally.missedBytes += known.bytes
    tally.missedCost += known.cost
    policy.missed(object, at: time)
    guard known.size <= capacity, policy.admits(object, at: time) else { return false }
    insert(object, size: known.size, at: time, by: &policy)
    return false
  }

  /// Brings an object that nobody has requested, if it is not there.
  @inlinable
  public mutating func prefetch<Policy: EvictionPolicy & ~Copyable>(
    _ object: AdapterID, size: Bytes, at time: Nanoseconds, by policy: inout Policy
  ) {
    guard !holds(object), size <= capacity else { return }
    tally.prefetches += 1
    tally.prefetchedBytes += size
    insert(object, size: size, at: time, by: &policy)
  }

  @inlinable
  mutating func insert<Policy: EvictionPolicy & ~Copyable>(
    _ object: AdapterID, size: Bytes, at time: Nanoseconds, by policy: inout Policy
  ) {
    while taken + size > capacity {
      guard let victim = policy.victim(for: object, sparing: pins, at: time), victim != object
      else { return }
      remove(victim, by: &policy)
    }
    objects[Int(object)].held = size
    taken += size
    policy.inserted(object, at: time)
    shed(by: &policy, at: time)
  }

  @inlinable
  mutating func shed<Policy: EvictionPolicy & ~Copyable>(
    by policy: inout Policy, at time: Nanoseconds
  ) {
    while let extra = policy.surplus(sparing: pins, at: time) { remove(extra, by: &policy) }
  }

  @inlinable
  mutating func remove<Policy: EvictionPolicy & ~Copyable>(
    _ object: AdapterID, by policy: inout Policy
  ) {
    taken -= objects[Int(object)].held
    objects[Int(object)].held = CachedObject.absent
    tally.evictions += 1
    policy.removed(object)
  }

  /// Serves requests in order.
  @inlinable
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

/// What a cache knows of an object: together, since a request needs all of it.
@usableFromInline
struct CachedObject: BitwiseCopyable, Sendable {
  /// The size with which it is in the cache, or ``absent``.
  @usableFromInline var held = CachedObject.absent
  /// What it takes of the capacity.
  @usableFromInline let size: Bytes
  @usableFromInline let bytes: Bytes
  @usableFromInline let cost: Nanoseconds

  @inlinable static var absent: Bytes { -1 }
  @inlinable var isHeld: Bool { held >= 0 }

  init(size: Bytes, bytes: Bytes, cost: Nanoseconds) {
    self.size = size
    self.bytes = bytes
    self.cost = cost
  }
}

extension EvictionPolicy where Self: ~Copyable {
  @inlinable
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

  /// What has been counted since `before`.
  public static func - (now: CacheCounts, before: CacheCounts) -> CacheCounts {
    var counts = now
    counts.requests -= before.requests
    counts.misses -= before.misses
    counts.bytes -= before.bytes
    counts.missedBytes -= before.missedBytes
    counts.cost -= before.cost
    counts.missedCost -= before.missedCost
    counts.evictions -= before.evictions
    counts.prefetches -= before.prefetches
    counts.prefetchedBytes -= before.prefetchedBytes
    return counts
  }

  /// Shares of the requests, of their bytes and of their load cost that missed; 0 of nothing.
  public var missRatio: Double { Self.ratio(misses, requests) }
  public var byteMissRatio: Double { Self.ratio(missedBytes, bytes) }
  public var costMissRatio: Double { Self.ratio(missedCost, cost) }

  private static func ratio(_ part: Int64, _ whole: Int64) -> Double {
    whole > 0 ? Double(part) / Double(whole) : 0
  }
}
