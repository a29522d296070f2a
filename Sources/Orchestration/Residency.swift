import BasicContainers
import Primitives

/// Where every adapter is on one replica, and how it gets nearer: the state machine
/// absent -> queued -> in transit -> resident -> pinned, over the tiers remote, disk, host, device.
///
/// Rules: an adapter moves one tier at a time, and at most one transfer of it is under way; demand
/// goes before prefetch, and cancels a prefetch that holds the lane or the room it needs; an adapter
/// with users is never evicted; a transfer's source is held from when it is queued until it ends. The
/// remote tier has everything.
public struct Residency: ~Copyable {
  struct State: BitwiseCopyable {
    /// Destination of the transfer that is queued or under way.
    var hop = Tier.remote
    var moving = false
    var begun = false
    var onDemand = false
    /// Where a demand load is going in the end.
    var goal = Tier.remote
    /// Came, or is coming, to the device by prefetch.
    var prefetched = false
    /// And no request has used it yet.
    var unusedPrefetch = false
    /// Arrived by demand: the use that it came for is part of the arrival.
    var fresh = false
    var epoch: Int32 = 0
    var residentSince: Nanoseconds = 0
  }

  let bytes: [Bytes]
  let sets: AdapterSets
  let recordsSpans: Bool
  /// Whether host memory has room for every adapter: then it never drops one that it has.
  let hostHoldsAll: Bool
  let replica: Int16
  var caches: UniqueArray<TierCache>
  var links: [LinkQueue]
  var states: UniqueArray<State>
  /// Whether adapters are copied inside the step that needs them, rather than between steps.
  let copiesInStep: Bool
  /// The running sequences' adapters; empty where they are not copied inside steps.
  var roster: Roster
  /// Sets whose adapters are on their way, and held, for a waiting request.
  var claimed: UniqueArray<Bool>
  var claims = 0
  /// What the world is to do, in order.
  var outbox: [Decision] = []
  /// What happened, for the run's record.
  var counters = Counters()
  var spans: [ResidencySpan] = []
  /// Something changed that may let a request in that could not start before.
  var changed = false
  /// Adapters that are moving because a request waits for them.
  var demandsMoving = 0

  init(
    catalogue: AdapterCatalogue, sets: AdapterSets, configuration: ReplicaConfiguration,
    replica: Int16, seed: UInt64 = 0, policies: consuming EvictionPolicies
  ) {
    bytes = catalogue.adapters.map(\.bytes)
    self.sets = sets
    self.replica = replica
    recordsSpans = configuration.recordsResidency
    hostHoldsAll = bytes.reduce(0, +) <= configuration.hostBytes
    copiesInStep = configuration.loading == .inStep
    roster = Roster(
      count: catalogue.count, sortsFirst: configuration.batching == .separate,
      random: RandomStream(seed: seed, purpose: "activation", entity: UInt64(replica)))
    links = configuration.lanes.map { LinkQueue(lanes: $0) }
    states = UniqueArray(repeating: State(), count: catalogue.count)
    claimed = UniqueArray(repeating: false, count: sets.count)
    caches = UniqueArray(minimumCapacity: 3)
    caches.append(
      TierCache(
        tier: .disk, slots: .max, capacity: configuration.diskBytes, bytes: bytes,
        policy: policies.disk))
    caches.append(
      TierCache(
        tier: .host, slots: .max, capacity: configuration.hostBytes, bytes: bytes,
        policy: policies.host))
    caches.append(
      TierCache(
        tier: .device, slots: configuration.slots ?? .max, capacity: configuration.adapterBytes,
        bytes: bytes, policy: policies.device))
    for tier in [Tier.disk, .host] where tier <= configuration.start { fill(tier) }
    if configuration.start == .device { warmDevice() }
  }

  /// Puts as many adapters into a tier as fit, by rising index.
  mutating func fill(_ tier: Tier) {
    for adapter in 0..<AdapterID(bytes.count)
    where caches[at(tier)].fitsNow(bytes: bytes[Int(adapter)], count: 1) {
      caches[at(tier)].reserve(adapter)
      caches[at(tier)].settle(adapter, at: 0)
    }
  }

  /// Leaves on the device what is there once every adapter has been activated in turn: the last of
  /// them, the very last most recently used.
  private mutating func warmDevice() {
    let (slots, capacity) = (caches[Residency.device].slots, caches[Residency.device].capacity)
    var size: Bytes = 0
    let last = bytes.indices.reversed().prefix(slots).prefix { adapter in
      size += bytes[adapter]
      return size <= capacity
    }
    for adapter in last.reversed() {
      caches[Residency.device].reserve(AdapterID(adapter))
      caches[Residency.device].settle(AdapterID(adapter), at: 0)
    }
  }

  func at(_ tier: Tier) -> Int { Int(tier.rawValue) - 1 }
  static let device = Int(Tier.device.rawValue) - 1

  // MARK: What policies may see

  /// The nearest tier that holds all of an adapter.
  public func tier(of adapter: AdapterID) -> Tier {
    for tier in [Tier.device, .host, .disk] where caches[at(tier)].isResident(adapter) {
      return tier
    }
    return .remote
  }

  /// Whether an adapter is on the device.
  public func isOnDevice(_ adapter: AdapterID) -> Bool {
    caches[Residency.device].isResident(adapter)
  }

  /// Whether an adapter is queued for a link or on one.
  public func isMoving(_ adapter: AdapterID) -> Bool { states[Int(adapter)].moving }

  /// Whether a prefetch of an adapter could begin: it is not on the device nor moving, and the link
  /// that it would take first has nothing to do.
  public func mayPrefetch(_ adapter: AdapterID) -> Bool {
    guard !isMoving(adapter), !isOnDevice(adapter) else { return false }
    return links[Int(tier(of: adapter).rawValue)].isIdle
  }

  /// Adapters on the device or arriving there.
  public var deviceCount: Int { caches[Residency.device].count }
  /// Their bytes.
  public var deviceBytes: Bytes { caches[Residency.device].usedBytes }
  /// Transfers to the device that have ended so far.
  public var deviceLoads: Int64 { counters.loads[Int(Tier.device.rawValue)] }

  // MARK: What the replica uses

  /// Distinct adapters that running sequences use or that are held for waiting ones.
  var inUse: Int { caches[Residency.device].pins.pinned }
  var idleBytes: Bytes { caches[Residency.device].idleBytes }

  func isInUse(_ adapter: AdapterID) -> Bool { caches[Residency.device].pins.isPinned(adapter) }

  /// Whether an adapter takes device memory that cannot be had back now.
  func isBusyOnDevice(_ adapter: AdapterID) -> Bool {
    isOnDevice(adapter) ? isInUse(adapter) : !caches[Residency.device].isAbsent(adapter)
  }

  /// Sets the room for adapters on the device, where they share a pool with the KV cache.
  mutating func setDeviceCapacity(_ capacity: Bytes) {
    caches[Residency.device].capacity = capacity
  }

  /// Whether a set could come to the device at all, through every tier on its way.
  func couldFit(_ set: AdapterSetID, slots: Int, bytes limit: Bytes) -> Bool {
    let members = sets.members(set)
    let size = members.reduce(0) { $0 + bytes[Int($1)] }
    // All are in host memory at once, or on the device already, before any is copied on.
    guard members.count <= slots, size <= min(limit, caches[at(.host)].capacity) else {
      return false
    }
    return members.allSatisfy {
      bytes[Int($0)] <= caches[at(.disk)].capacity
        || (hostHoldsAll && caches[at(.host)].isResident($0))
    }
  }

  enum Claim { case ready, loading, noRoom }

  /// A request wants to run: holds its adapters on the device, or gets them on their way.
  mutating func claim(_ set: AdapterSetID, at time: Nanoseconds) -> Claim {
    if copiesInStep { return sets.members(set).allSatisfy { isOnDevice($0) } ? .ready : .loading }
    var missing: Bytes = 0
    var missingCount = 0
    var waits = false
    var below = false
    for adapter in sets.members(set) {
      if isOnDevice(adapter) { continue }
      waits = true
      promote(adapter)
      if !caches[Residency.device].isAbsent(adapter) { continue }
      if tier(of: adapter) < .host || states[Int(adapter)].moving {
        below = true
        fetch(adapter, goal: .host)
      } else {
        missing += bytes[Int(adapter)]
        missingCount += 1
      }
    }
    if !waits { return .ready }
    if below { return .loading }
    return holdAndLoad(set, missing, missingCount, at: time) ? .loading : .noRoom
  }

  /// Holds all members of a set and begins to load those that are not on the device; all or none,
  /// so that two requests never each hold half of what both need.
  mutating func holdAndLoad(
    _ set: AdapterSetID, _ missing: Bytes, _ missingCount: Int, at time: Nanoseconds
  ) -> Bool {
    if claimed[Int(set)] { return true }
    // Members that are idle on the device now will not be, once they are held.
    var size = missing
    var count = missingCount
    for adapter in sets.members(set) where isOnDevice(adapter) && !isInUse(adapter) {
      size += bytes[Int(adapter)]
      count += 1
    }
    if !caches[Residency.device].canFit(bytes: size, count: count) {
      cancelPrefetches(to: .device, at: time)
    }
    guard caches[Residency.device].canFit(bytes: size, count: count) else { return false }
    for adapter in sets.members(set) { caches[Residency.device].pin(adapter) }
    var incoming: AdapterID?
    for adapter in sets.members(set) where caches[Residency.device].isAbsent(adapter) {
      caches[Residency.device].missed(adapter, at: time)
      incoming = incoming ?? adapter
    }
    makeRoom(in: .device, for: incoming, bytes: missing, count: missingCount, at: time)
    claimed[Int(set)] = true
    claims += 1
    for adapter in sets.members(set) where caches[Residency.device].isAbsent(adapter) {
      counters.demandLoads += 1
      states[Int(adapter)].prefetched = false
      caches[Residency.device].reserve(adapter)
      enqueue(adapter, to: .device, onDemand: true)
    }
    return true
  }

  /// A request of a set starts: its adapters are used, and what was held for it passes to it.
  mutating func start(_ set: AdapterSetID, at time: Nanoseconds) {
    // All are pinned before any use is told of, as the policy may want to be rid of another at once.
    for adapter in sets.members(set) {
      if copiesInStep, !isInUse(adapter) { roster.add(adapter, bytes: bytes[Int(adapter)]) }
      caches[Residency.device].pin(adapter)
    }
    for adapter in sets.members(set) where !copiesInStep {
      noteUse(of: adapter)
      if states[Int(adapter)].fresh {
        states[Int(adapter)].fresh = false
      } else if isOnDevice(adapter) {
        caches[Residency.device].accessed(adapter, at: time)
        shed(from: .device, at: time)
      }
    }
    release(claimOf: set, at: time)
  }

  /// A sequence of a set has left the batch.
  mutating func stop(_ set: AdapterSetID, at time: Nanoseconds) {
    for adapter in sets.members(set)
    where caches[Residency.device].unpin(adapter, at: time, isNews: !copiesInStep) {
      changed = true
      if copiesInStep { roster.remove(adapter, bytes: bytes[Int(adapter)]) }
    }
  }

  /// Nobody waits for a set any more, or its request has started.
  mutating func release(claimOf set: AdapterSetID, at time: Nanoseconds) {
    guard claimed[Int(set)] else { return }
    claimed[Int(set)] = false
    claims -= 1
    stop(set, at: time)
  }

  /// Lets go of all that is held for waiting requests; false if nothing is.
  @discardableResult
  mutating func releaseClaims(at time: Nanoseconds) -> Bool {
    guard claims > 0 else { return false }
    for set in 0..<AdapterSetID(claimed.count) { release(claimOf: set, at: time) }
    return true
  }

  /// A request that needs an adapter has come to wait, where none did.
  mutating func queued(_ adapter: AdapterID) {
    for tier in 0..<caches.count { caches[tier].queued(adapter) }
  }

  /// No request waits for an adapter any more.
  mutating func unqueued(_ adapter: AdapterID) {
    for tier in 0..<caches.count { caches[tier].unqueued(adapter) }
  }

  /// Counts a request's references to its adapters, and returns the farthest tier of one of them.
  mutating func reference(_ set: AdapterSetID) -> Tier {
    var farthest = Tier.device
    for adapter in sets.members(set) {
      let size = bytes[Int(adapter)]
      let found = tier(of: adapter)
      counters.references += 1
      counters.referencedBytes += size
      counters.found[Int(found.rawValue)] += 1
      counters.foundBytes[Int(found.rawValue)] += size
      farthest = min(farthest, found)
    }
    return farthest
  }

  /// Drops all idle adapters from the device.
  mutating func dropIdle(at time: Nanoseconds) {
    _ = shrinkDevice(to: deviceBytes - idleBytes, at: time)
  }

  /// Drops idle adapters until at most `limit` bytes of the device hold adapters; false if what is
  /// in use alone is more.
  mutating func shrinkDevice(to limit: Bytes, at time: Nanoseconds) -> Bool {
    guard deviceBytes - idleBytes <= limit else { return false }
    while deviceBytes > limit {
      guard let victim = caches[Residency.device].nextVictim(at: time) else { return false }
      evict(victim, from: .device, at: time)
    }
    return true
  }
}
