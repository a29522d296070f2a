import BasicContainers
import Orchestration
import Primitives

/// An eviction policy behind an admission filter.
///
/// The policy sees the cache as though what the filter refused were not there. Where a refused adapter
/// comes all the same, as to a device that has to compute with it, it is a guest: the first to go once
/// it is idle. If it is requested while it is there, the filter is asked again.
struct AdmittedEviction: EvictionPolicy, ~Copyable {
  private var policy: any EvictionPolicy & ~Copyable
  private var filter: any AdmissionFilter & ~Copyable
  /// What the filter said of adapters that are about to come.
  private var refused: UniqueArray<Bool>
  private var guests: IndexList

  init(
    _ policy: consuming any EvictionPolicy & ~Copyable,
    by filter: consuming any AdmissionFilter & ~Copyable, count: Int
  ) {
    self.policy = policy
    self.filter = filter
    refused = UniqueArray(repeating: false, count: count)
    guests = IndexList(capacity: count)
  }

  mutating func missed(_ adapter: AdapterID, at time: Nanoseconds) {
    policy.missed(adapter, at: time)
    filter.requested(adapter)
    refused[Int(adapter)] = !filter.admits(adapter)
  }

  mutating func admits(_ adapter: AdapterID, at time: Nanoseconds) -> Bool {
    if !refused[Int(adapter)] { return policy.admits(adapter, at: time) }
    // It does not come now; if it comes later, it is because somebody fetched it.
    refused[Int(adapter)] = false
    return false
  }

  mutating func inserted(_ adapter: AdapterID, at time: Nanoseconds) {
    if refused[Int(adapter)] {
      refused[Int(adapter)] = false
      guests.pushFirst(adapter)
    } else {
      policy.inserted(adapter, at: time)
    }
  }

  mutating func accessed(_ adapter: AdapterID, at time: Nanoseconds) {
    filter.requested(adapter)
    if !guests.contains(adapter) {
      policy.accessed(adapter, at: time)
      return
    }
    policy.missed(adapter, at: time)
    if filter.admits(adapter) {
      guests.remove(adapter)
      policy.inserted(adapter, at: time)
    } else {
      guests.moveFirst(adapter)
    }
  }

  mutating func released(_ adapter: AdapterID, at time: Nanoseconds) {
    if !guests.contains(adapter) { policy.released(adapter, at: time) }
  }

  mutating func removed(_ adapter: AdapterID) {
    if guests.contains(adapter) { guests.remove(adapter) } else { policy.removed(adapter) }
  }

  mutating func victim(
    for incoming: AdapterID?, sparing pins: borrowing PinTable, at time: Nanoseconds
  ) -> AdapterID? {
    if let guest = guests.oldest(sparing: pins) { return guest }
    let victim = policy.victim(for: incoming, sparing: pins, at: time)
    guard let victim, let incoming, victim != incoming, !filter.prefers(incoming, to: victim)
    else { return victim }
    guard pins.isPinned(incoming) else { return incoming }
    refused[Int(incoming)] = true
    return victim
  }

  mutating func surplus(sparing pins: borrowing PinTable, at time: Nanoseconds) -> AdapterID? {
    policy.surplus(sparing: pins, at: time)
  }

  mutating func capacityChanged(to capacity: Bytes) {
    policy.capacityChanged(to: capacity)
    filter.capacityChanged(to: capacity)
  }
}
