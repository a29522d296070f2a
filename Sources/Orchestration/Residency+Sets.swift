import BasicContainers
import Primitives

// What a scheduling policy that decides which sets are served asks of them, and does with them.
extension Residency {
  /// The farthest tier in which one of a set's adapters is: the device if a request may start. That is
  /// so for all sets where steps copy the adapters that they need.
  public func farthestTier(of set: AdapterSetID) -> Tier {
    copiesInStep ? .device : sets.members(set).reduce(.device) { min($0, tier(of: $1)) }
  }

  /// Whether one of a set's adapters is queued for a link or on one.
  public func isMoving(anyOf set: AdapterSetID) -> Bool {
    sets.members(set).contains { isMoving($0) }
  }

  /// Brings those of a set's adapters that are farther away up to a tier below the device.
  mutating func fetch(membersOf set: AdapterSetID, goal: Tier) {
    guard !copiesInStep else { return }
    for adapter in sets.members(set) where tier(of: adapter) < goal {
      promote(adapter)
      if !isMoving(adapter) { fetch(adapter, goal: goal) }
    }
  }

  /// Lets go of what is held for a set, and drops those of its adapters that nobody else holds.
  mutating func drop(_ set: AdapterSetID, at time: Nanoseconds) {
    release(claimOf: set, at: time)
    for adapter in sets.members(set) where isOnDevice(adapter) && !isInUse(adapter) {
      evict(adapter, from: .device, at: time)
      changed = true
    }
  }
}
