import BasicContainers
import Primitives

// What the scheduling policy wants changed, and the hold of those who wait on their adapters.
extension Replica {
  /// Asks the scheduling policy what is to change before those who wait are looked at, and does it.
  mutating func review(at time: Nanoseconds) {
    guard queue.count > 0 else { return }
    let review = scheduling.review(at: time, queue: queue, residency: residency)
    for change in review.changes {
      switch change {
      case .rank(let set, let rank): queue.setRank(rank, of: set)
      case .drop(let set): residency.drop(set, at: time)
      case .bring(let set, let tier):
        bring(set, to: tier, at: time)
        continue
      }
      rearranged = true
    }
    // The world has to know before the next step begins how many steps are sure to be equal.
    guard let next = review.next, next > time, nextReview <= time || next < nextReview else {
      return
    }
    nextReview = next
    residency.outbox.append(.wake(at: next))
  }

  private mutating func bring(_ set: AdapterSetID, to tier: Tier, at time: Nanoseconds) {
    if tier < .device {
      residency.fetch(membersOf: set, goal: tier)
    } else if let slot = queue.first(of: set) {
      _ = claim(set, for: slot, at: time)
    } else {
      _ = residency.claim(set, at: time)
    }
  }

  /// Holds a set's adapters on the device for a waiting request, or gets them on their way.
  mutating func claim(
    _ set: AdapterSetID, for slot: Int32, at time: Nanoseconds
  ) -> Residency.Claim {
    if !sequences[Int(slot)].referenced { reference(slot) }
    let claim = residency.claim(set, at: time)
    if claim != .ready, sequences[Int(slot)].blocked < 0 { sequences[Int(slot)].blocked = time }
    return claim
  }

  private mutating func reference(_ slot: Int32) {
    let found = residency.reference(sequences[Int(slot)].record.adapterSet)
    sequences[Int(slot)].referenced = true
    sequences[Int(slot)].record.foundIn = found
  }
}
