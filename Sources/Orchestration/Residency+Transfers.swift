import BasicContainers
import Primitives

// How adapters move: prefetch, links, arrival, eviction.
extension Residency {
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
  mutating func noteUse(of adapter: AdapterID) {
    guard states[Int(adapter)].unusedPrefetch else { return }
    states[Int(adapter)].unusedPrefetch = false
    counters.prefetchesUsed += 1
  }

  /// A request waits for an adapter whose prefetch is queued or under way.
  mutating func promote(_ adapter: AdapterID) {
    guard states[Int(adapter)].moving, !states[Int(adapter)].onDemand else { return }
    states[Int(adapter)].onDemand = true
    demandsMoving += 1
    if states[Int(adapter)].unusedPrefetch { counters.prefetchesLate += 1 }
    links[Int(states[Int(adapter)].hop.rawValue) - 1].promote(adapter)
  }

  mutating func cancelPrefetches(to tier: Tier, at time: Nanoseconds) {
    let link = Int(tier.rawValue) - 1
    for adapter in links[link].running where !states[Int(adapter)].onDemand {
      cancel(adapter, at: time)
    }
  }

  /// Cancels a prefetch that is under way.
  mutating func cancel(_ adapter: AdapterID, at time: Nanoseconds) {
    let transfer = self.transfer(of: adapter)
    outbox.append(.cancel(transfer))
    counters.prefetchesCancelled += 1
    states[Int(adapter)].epoch &+= 1
    leaveLink(adapter, at: time)
    caches[at(transfer.destination)].remove(adapter)
    wasted(adapter)
    changed = true
  }

  mutating func wasted(_ adapter: AdapterID) {
    guard states[Int(adapter)].unusedPrefetch else { return }
    states[Int(adapter)].unusedPrefetch = false
    counters.prefetchWastedBytes += bytes[Int(adapter)]
  }

  // MARK: Transfers

  /// Brings an adapter up to a tier below the device, hop by hop, because a request waits.
  mutating func fetch(_ adapter: AdapterID, goal: Tier) {
    states[Int(adapter)].goal = goal
    guard !states[Int(adapter)].moving else { return }
    let destination: Tier = tier(of: adapter) == .remote ? .disk : .host
    enqueue(adapter, to: destination, onDemand: true)
  }

  mutating func enqueue(_ adapter: AdapterID, to tier: Tier, onDemand: Bool) {
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
  mutating func pump(_ tier: Tier, at time: Nanoseconds) {
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
  mutating func begin(_ adapter: AdapterID, at time: Nanoseconds) {
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
      if states[Int(adapter)].onDemand { caches[at(destination)].missed(adapter, at: time) }
      makeRoom(in: destination, for: adapter, bytes: bytes[Int(adapter)], count: 1, at: time)
      caches[at(destination)].reserve(adapter)
    }
    states[Int(adapter)].begun = true
    links[Int(destination.rawValue) - 1].begin(adapter)
    outbox.append(.begin(transfer(of: adapter)))
  }

  func transfer(of adapter: AdapterID) -> Transfer {
    Transfer(
      adapter: adapter, destination: states[Int(adapter)].hop, bytes: bytes[Int(adapter)],
      epoch: states[Int(adapter)].epoch)
  }

  mutating func leaveLink(_ adapter: AdapterID, at time: Nanoseconds) {
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
    shed(from: transfer.destination, at: time)
    changed = true
  }

  /// Starts what waits for a link, wherever there are a lane and room. To be called when all who
  /// wait have had the chance to hold what has just arrived, or the next could push it out.
  mutating func feedLinks(at time: Nanoseconds) {
    for link in links.indices.reversed() where links[link].hasQueue {
      if let tier = Tier(rawValue: UInt8(link + 1)) { pump(tier, at: time) }
    }
  }

  mutating func makeRoom(
    in tier: Tier, for incoming: AdapterID?, bytes needed: Bytes, count: Int, at time: Nanoseconds
  ) {
    while !caches[at(tier)].fitsNow(bytes: needed, count: count),
      let victim = caches[at(tier)].nextVictim(for: incoming, at: time)
    {
      evict(victim, from: tier, at: time)
    }
  }

  /// Drops what a tier's policy wants to be rid of though there is room.
  mutating func shed(from tier: Tier, at time: Nanoseconds) {
    while let extra = caches[at(tier)].nextSurplus(at: time) { evict(extra, from: tier, at: time) }
  }

  mutating func evict(_ adapter: AdapterID, from tier: Tier, at time: Nanoseconds) {
    caches[at(tier)].remove(adapter)
    counters.evictions[Int(tier.rawValue)] += 1
    outbox.append(.drop(adapter: adapter, from: tier))
    guard tier == .device else { return }
    closeSpan(adapter, at: time)
    wasted(adapter)
    states[Int(adapter)].fresh = false
  }

  mutating func closeSpan(_ adapter: AdapterID, at time: Nanoseconds) {
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
