import Orchestration
import Primitives
import Testing

/// What a tier has told a policy, as a plain list: a slow reference reads all of it for every victim.
struct TierHistory {
  enum Event { case missed, inserted, accessed, released, queued, unqueued, evicted, removed }

  var events: [(event: Event, adapter: AdapterID, time: Nanoseconds)] = []
  let context: EvictionContext

  /// Those that are there, with the events about each since it came.
  var residents: [AdapterID: ArraySlice<Int>] {
    var since: [AdapterID: Int] = [:]
    for (index, (event, adapter, _)) in events.enumerated() {
      if event == .inserted { since[adapter] = index }
      if event == .evicted || event == .removed { since[adapter] = nil }
    }
    return since.mapValues { start in
      let adapter = events[start].adapter
      return events.indices.filter { $0 >= start && events[$0].adapter == adapter }[...]
    }
  }

  /// The last event of some kinds about an adapter: its place in the list and its time.
  func last(_ kinds: Set<Event>, of adapter: AdapterID) -> (place: Int, time: Nanoseconds)? {
    let place = events.lastIndex { $0.adapter == adapter && kinds.contains($0.event) }
    return place.map { ($0, events[$0].time) }
  }

  func count(_ kinds: Set<Event>, of adapter: AdapterID) -> Int {
    events.count { $0.adapter == adapter && kinds.contains($0.event) }
  }

  func isWaitedFor(_ adapter: AdapterID) -> Bool {
    count([.queued], of: adapter) > count([.unqueued], of: adapter)
  }
}

/// A policy beside a slow, obvious reference, which has to name the same victims and the same surplus.
struct MirroredEviction: EvictionPolicy, ~Copyable {
  /// The reference: who goes among those that are idle, in any order.
  typealias Choice = @Sendable (TierHistory, [AdapterID], Nanoseconds) -> AdapterID?

  private var policy: any EvictionPolicy & ~Copyable
  private var history: TierHistory
  private let choice: Choice
  private let surplus: Choice?
  private var proposed: AdapterID?

  init(
    _ policy: consuming any EvictionPolicy & ~Copyable, _ context: EvictionContext,
    surplus: Choice? = nil, choice: @escaping Choice
  ) {
    self.policy = policy
    history = TierHistory(context: context)
    self.choice = choice
    self.surplus = surplus
  }

  private mutating func note(
    _ event: TierHistory.Event, _ adapter: AdapterID, _ time: Nanoseconds = 0
  ) {
    history.events.append((event, adapter, time))
  }

  mutating func missed(_ adapter: AdapterID, at time: Nanoseconds) {
    note(.missed, adapter, time)
    policy.missed(adapter, at: time)
  }

  mutating func inserted(_ adapter: AdapterID, at time: Nanoseconds) {
    note(.inserted, adapter, time)
    policy.inserted(adapter, at: time)
  }

  mutating func accessed(_ adapter: AdapterID, at time: Nanoseconds) {
    note(.accessed, adapter, time)
    policy.accessed(adapter, at: time)
  }

  mutating func released(_ adapter: AdapterID, at time: Nanoseconds) {
    note(.released, adapter, time)
    policy.released(adapter, at: time)
  }

  mutating func queued(_ adapter: AdapterID) {
    note(.queued, adapter)
    policy.queued(adapter)
  }

  mutating func unqueued(_ adapter: AdapterID) {
    note(.unqueued, adapter)
    policy.unqueued(adapter)
  }

  mutating func removed(_ adapter: AdapterID) {
    note(adapter == proposed ? .evicted : .removed, adapter)
    proposed = nil
    policy.removed(adapter)
  }

  mutating func victim(
    for incoming: AdapterID?, sparing pins: borrowing PinTable, at time: Nanoseconds
  ) -> AdapterID? {
    proposed = policy.victim(for: incoming, sparing: pins, at: time)
    #expect(proposed == choice(history, idle(pins), time))
    return proposed
  }

  mutating func surplus(sparing pins: borrowing PinTable, at time: Nanoseconds) -> AdapterID? {
    let extra = policy.surplus(sparing: pins, at: time)
    #expect(extra == surplus?(history, idle(pins), time))
    return extra
  }

  private func idle(_ pins: borrowing PinTable) -> [AdapterID] {
    var idle: [AdapterID] = []
    for adapter in history.residents.keys where !pins.isPinned(adapter) { idle.append(adapter) }
    return idle
  }
}
