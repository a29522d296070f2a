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

  private let bytes: [Bytes]
  private let sets: AdapterSets
  private let recordsSpans: Bool
  /// Whether host memory has room for every adapter: then it never drops one that it has.
  private let hostHoldsAll: Bool
  private let replica: Int16
  private var caches: UniqueArray<TierCache>
  private var links: [LinkQueue]
  private var states: UniqueArray<State>
  /// Sets whose adapters are on their way, and held, for a waiting request.
  private var claimed: UniqueArray<Bool>
  private var claims = 0
  /// What the world is to do, in order.
  var outbox: [Decision] = []
  /// What happened, for the run's record.
  var counters = Counters()
  var spans: [ResidencySpan] = []
  /// Something changed that may let a request in that could not start before.
  var changed = false
  /// Adapters that are moving because a request waits for them.
  private(set) var demandsMoving = 0

  init(
    catalogue: AdapterCatalogue, sets: AdapterSets, configuration: ReplicaConfiguration,
    replica: Int16, policies: consuming EvictionPolicies
  ) {
    bytes = catalogue.adapters.map(\.bytes)
    self.sets = sets
    self.replica = replica
    recordsSpans = configuration.recordsResidency
    hostHoldsAll = bytes.reduce(0, +) <= configuration.hostBytes
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
  }

  /// Puts as many adapters into a tier as fit, by rising index.
  private mutating func fill(_ tier: Tier) {
    for adapter in 0..<AdapterID(bytes.count)
    where caches[at(tier)].fitsNow(bytes: bytes[Int(adapter)], count: 1) {
      caches[at(tier)].reserve(adapter)
      caches[at(tier)].settle(adapter, at: 0)
    }
  }

  private func at(_ tier: Tier) -> Int { Int(tier.rawValue) - 1 }
  private static let device = Int(Tier.device.rawValue) - 1

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
  private mutating func holdAndLoad(
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
    makeRoom(in: .device, bytes: missing, count: missingCount, at: time)
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
    for adapter in sets.members(set) {
      caches[Residency.device].pin(adapter)
      noteUse(of: adapter)
      if states[Int(adapter)].fresh {
        states[Int(adapter)].fresh = false
      } else if isOnDevice(adapter) {
        caches[Residency.device].accessed(adapter, at: time)
      }
    }
    release(claimOf: set, at: time)
  }

  /// A sequence of a set has left the batch.
  mutating func stop(_ set: AdapterSetID, at time: Nanoseconds) {
    for adapter in sets.members(set) where caches[Residency.device].unpin(adapter, at: time) {
      changed = true
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

  // MARK: Prefetch

  /// The idle adapter that would have to leave the device before a prefetch could begin; nil if
  /// none has to, or if the prefetch is impossible anyway.
  mutating func obstacle(to adapter: AdapterID, at time: Nanoseconds) -> AdapterID? {
    let size = bytes[Int(adapter)]
    guard tier(of: adapter) == .host, mayPrefetch(adapter),
      caches[Residency.device].canFit(bytes: size, count: 1),
      !caches[Residency.device].fitsNow(bytes: size, count: 1)
    else { return nil }
    return caches[Residency.device].nextVictim(at: time)
  }

  /// Drops an idle adapter from the device.
  mutating func dropIdle(_ adapter: AdapterID, at time: Nanoseconds) {
    evict(adapter, from: .device, at: time)
  }

  /// Begins to bring an adapter one tier nearer, if there is room and the link is idle.
  mutating func prefetch(_ adapter: AdapterID, at time: Nanoseconds) {
    guard mayPrefetch(adapter), let destination = Tier(rawValue: tier(of: adapter).rawValue + 1)
    else { return }
    let size = bytes[Int(adapter)]
    guard caches[at(destination)].canFit(bytes: size, count: 1) else { return }
    if destination == .device {
      guard caches[Residency.device].fitsNow(bytes: size, count: 1) else { return }
      states[Int(adapter)].prefetched = true
      states[Int(adapter)].unusedPrefetch = true
      counters.prefetches += 1
      counters.prefetchedBytes += size
      caches[Residency.device].reserve(adapter)
    }
    enqueue(adapter, to: destination, onDemand: false)
    pump(destination, at: time)
  }

  /// A prefetched adapter is used by a request, for the first time or again.
  private mutating func noteUse(of adapter: AdapterID) {
    guard states[Int(adapter)].unusedPrefetch else { return }
    states[Int(adapter)].unusedPrefetch = false
    counters.prefetchesUsed += 1
  }

  /// A request waits for an adapter whose prefetch is queued or under way.
  private mutating func promote(_ adapter: AdapterID) {
    guard states[Int(adapter)].moving, !states[Int(adapter)].onDemand else { return }
    states[Int(adapter)].onDemand = true
    demandsMoving += 1
    if states[Int(adapter)].unusedPrefetch { counters.prefetchesLate += 1 }
    links[Int(states[Int(adapter)].hop.rawValue) - 1].promote(adapter)
  }

  private mutating func cancelPrefetches(to tier: Tier, at time: Nanoseconds) {
    let link = Int(tier.rawValue) - 1
    for adapter in links[link].running where !states[Int(adapter)].onDemand {
      cancel(adapter, at: time)
    }
  }

  /// Cancels a prefetch that is under way.
  private mutating func cancel(_ adapter: AdapterID, at time: Nanoseconds) {
    let transfer = self.transfer(of: adapter)
    outbox.append(.cancel(transfer))
    counters.prefetchesCancelled += 1
    states[Int(adapter)].epoch &+= 1
    leaveLink(adapter, at: time)
    caches[at(transfer.destination)].remove(adapter)
    wasted(adapter)
    changed = true
  }

  private mutating func wasted(_ adapter: AdapterID) {
    guard states[Int(adapter)].unusedPrefetch else { return }
    states[Int(adapter)].unusedPrefetch = false
    counters.prefetchWastedBytes += bytes[Int(adapter)]
  }

  // MARK: Transfers

  /// Brings an adapter up to a tier below the device, hop by hop, because a request waits.
  private mutating func fetch(_ adapter: AdapterID, goal: Tier) {
    states[Int(adapter)].goal = goal
    guard !states[Int(adapter)].moving else { return }
    let destination: Tier = tier(of: adapter) == .remote ? .disk : .host
    enqueue(adapter, to: destination, onDemand: true)
  }

  private mutating func enqueue(_ adapter: AdapterID, to tier: Tier, onDemand: Bool) {
    states[Int(adapter)].moving = true
    states[Int(adapter)].begun = false
    states[Int(adapter)].hop = tier
    states[Int(adapter)].onDemand = onDemand
    if onDemand { demandsMoving += 1 }
    // Held from now on, or others that pass through the tier below could push it out meanwhile.
    if tier > .disk { caches[at(tier) - 1].pin(adapter) }
    links[Int(tier.rawValue) - 1].enqueue(adapter, onDemand: onDemand)
  }

  /// Starts what the link has lanes, and the destination has room, for.
  private mutating func pump(_ tier: Tier, at time: Nanoseconds) {
    let link = Int(tier.rawValue) - 1
    for adapter in links[link].demand {
      if !links[link].hasFreeLane,
        let prefetch = links[link].running.last(where: { !states[Int($0)].onDemand })
      {
        cancel(prefetch, at: time)
      }
      guard links[link].hasFreeLane else { return }
      begin(adapter, at: time)
    }
    guard links[link].demand.isEmpty else { return }
    for adapter in links[link].prefetch {
      guard links[link].hasFreeLane else { return }
      begin(adapter, at: time)
    }
  }

  /// Puts an adapter on its link; leaves it in the queue if its destination has no room yet.
  private mutating func begin(_ adapter: AdapterID, at time: Nanoseconds) {
    let destination = states[Int(adapter)].hop
    if destination != .device {
      if states[Int(adapter)].onDemand,
        !caches[at(destination)].canFit(bytes: bytes[Int(adapter)], count: 1)
      {
        cancelPrefetches(to: destination, at: time)
      }
      guard caches[at(destination)].canFit(bytes: bytes[Int(adapter)], count: 1) else {
        return
      }
      makeRoom(in: destination, bytes: bytes[Int(adapter)], count: 1, at: time)
      caches[at(destination)].reserve(adapter)
    }
    states[Int(adapter)].begun = true
    links[Int(destination.rawValue) - 1].begin(adapter)
    outbox.append(.begin(transfer(of: adapter)))
  }

  private func transfer(of adapter: AdapterID) -> Transfer {
    Transfer(
      adapter: adapter, destination: states[Int(adapter)].hop, bytes: bytes[Int(adapter)],
      epoch: states[Int(adapter)].epoch)
  }

  private mutating func leaveLink(_ adapter: AdapterID, at time: Nanoseconds) {
    let hop = states[Int(adapter)].hop
    links[Int(hop.rawValue) - 1].end(adapter)
    if hop > .disk { caches[at(hop) - 1].unpin(adapter, at: time) }
    if states[Int(adapter)].onDemand { demandsMoving -= 1 }
    states[Int(adapter)].moving = false
    states[Int(adapter)].begun = false
    states[Int(adapter)].onDemand = false
  }

  /// A transfer has ended; one that was cancelled meanwhile is ignored.
  mutating func transferEnded(_ transfer: Transfer, at time: Nanoseconds) {
    let adapter = transfer.adapter
    let state = states[Int(adapter)]
    guard state.epoch == transfer.epoch, state.begun, state.hop == transfer.destination else {
      return
    }
    leaveLink(adapter, at: time)
    states[Int(adapter)].epoch &+= 1
    caches[at(transfer.destination)].settle(adapter, at: time)
    counters.loads[Int(transfer.destination.rawValue)] += 1
    counters.bytesMoved[Int(transfer.destination.rawValue)] += transfer.bytes
    if transfer.destination == .device {
      states[Int(adapter)].residentSince = time
      states[Int(adapter)].fresh = state.onDemand && !state.prefetched
    } else if state.onDemand, transfer.destination < state.goal {
      fetch(adapter, goal: state.goal)
    }
    changed = true
  }

  /// Starts what waits for a link, wherever there are a lane and room. To be called when all who
  /// wait have had the chance to hold what has just arrived, or the next could push it out.
  mutating func feedLinks(at time: Nanoseconds) {
    for link in links.indices.reversed() where links[link].hasQueue {
      if let tier = Tier(rawValue: UInt8(link + 1)) { pump(tier, at: time) }
    }
  }

  private mutating func makeRoom(
    in tier: Tier, bytes needed: Bytes, count: Int, at time: Nanoseconds
  ) {
    while !caches[at(tier)].fitsNow(bytes: needed, count: count),
      let victim = caches[at(tier)].nextVictim(at: time)
    {
      evict(victim, from: tier, at: time)
    }
  }

  private mutating func evict(_ adapter: AdapterID, from tier: Tier, at time: Nanoseconds) {
    caches[at(tier)].remove(adapter)
    counters.evictions[Int(tier.rawValue)] += 1
    outbox.append(.drop(adapter: adapter, from: tier))
    guard tier == .device else { return }
    closeSpan(adapter, at: time)
    wasted(adapter)
    states[Int(adapter)].fresh = false
  }

  private mutating func closeSpan(_ adapter: AdapterID, at time: Nanoseconds) {
    guard recordsSpans else { return }
    spans.append(
      ResidencySpan(
        adapter: adapter, replica: replica, prefetched: states[Int(adapter)].prefetched,
        from: states[Int(adapter)].residentSince, to: time))
  }

  /// The run is over: ends the open spans and counts prefetches that nobody used.
  mutating func close(at time: Nanoseconds) {
    for adapter in 0..<AdapterID(bytes.count) {
      if isOnDevice(adapter) { closeSpan(adapter, at: time) }
      wasted(adapter)
    }
  }

  /// A fault in the books of any tier, or nil.
  func fault() -> String? {
    for index in 0..<caches.count {
      if let fault = caches[index].fault() { return fault }
    }
    return nil
  }
}
