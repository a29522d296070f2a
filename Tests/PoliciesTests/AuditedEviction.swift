import Orchestration
import Primitives
import Testing

/// An eviction policy under watch: what it is told is written down, and every answer is held against it.
struct AuditedEviction: EvictionPolicy, ~Copyable {
  private var policy: any EvictionPolicy & ~Copyable
  private let name: String
  /// What it has been told of and not told to be gone.
  private(set) var residents: Set<AdapterID> = []
  /// Whom it named, in order: equal for equal seeds.
  private(set) var answers: [AdapterID] = []

  init(_ policy: consuming any EvictionPolicy & ~Copyable, name: String) {
    self.policy = policy
    self.name = name
  }

  mutating func missed(_ adapter: AdapterID, at time: Nanoseconds) {
    policy.missed(adapter, at: time)
  }

  mutating func admits(_ adapter: AdapterID, at time: Nanoseconds) -> Bool {
    policy.admits(adapter, at: time)
  }

  mutating func inserted(_ adapter: AdapterID, at time: Nanoseconds) {
    residents.insert(adapter)
    policy.inserted(adapter, at: time)
  }

  mutating func accessed(_ adapter: AdapterID, at time: Nanoseconds) {
    policy.accessed(adapter, at: time)
  }

  mutating func released(_ adapter: AdapterID, at time: Nanoseconds) {
    policy.released(adapter, at: time)
  }

  mutating func queued(_ adapter: AdapterID) { policy.queued(adapter) }

  mutating func unqueued(_ adapter: AdapterID) { policy.unqueued(adapter) }

  mutating func removed(_ adapter: AdapterID) {
    residents.remove(adapter)
    policy.removed(adapter)
  }

  mutating func capacityChanged(to capacity: Bytes) { policy.capacityChanged(to: capacity) }

  mutating func victim(
    for incoming: AdapterID?, sparing pins: borrowing PinTable, at time: Nanoseconds
  ) -> AdapterID? {
    let victim = policy.victim(for: incoming, sparing: pins, at: time)
    let again = policy.victim(for: incoming, sparing: pins, at: time)
    if again != victim { fault("named \(text(victim)), and \(text(again)) when asked again") }
    if let victim {
      answers.append(victim)
      check(victim, sparing: pins, "named", orIncoming: incoming)
    } else {
      for resident in residents where !pins.isPinned(resident) {
        fault("named nobody, though \(resident) is idle")
        break
      }
    }
    return victim
  }

  mutating func surplus(sparing pins: borrowing PinTable, at time: Nanoseconds) -> AdapterID? {
    guard let extra = policy.surplus(sparing: pins, at: time) else { return nil }
    answers.append(extra)
    check(extra, sparing: pins, "called surplus")
    return extra
  }

  private func check(
    _ named: AdapterID, sparing pins: borrowing PinTable, _ verb: String,
    orIncoming incoming: AdapterID? = nil
  ) {
    if pins.isPinned(named) { fault("\(verb) \(named), which is pinned") }
    if !residents.contains(named), named != incoming {
      fault("\(verb) \(named), which is not there")
    }
  }

  private func text(_ adapter: AdapterID?) -> String { adapter.map { "\($0)" } ?? "nobody" }

  private func fault(_ what: String) { Issue.record("\(name) \(what)") }
}
