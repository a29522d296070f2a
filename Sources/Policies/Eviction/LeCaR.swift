import BasicContainers
import Foundation
import Orchestration
import Primitives

/// Learning cache replacement: LRU and LFU, weighted by how little their victims are missed.
///
/// Each victim is drawn from one of the two. A miss of a ghost takes weight from the rule that evicted
/// it, the more the sooner it comes. What comes back has the uses that it had.
/// G. Vietri et al., "Driving cache replacement with ML-based LeCaR", USENIX HotStorage'18.
public struct LeCaR: EvictionPolicy, ~Copyable {
  /// What is left of a regret after as many requests as there are residents.
  private static let discount = 0.005

  private var order: IndexList
  private var uses: RankedHeap<Int64>
  private var experts: TwoExperts
  private var evictedAt: UniqueArray<Int64>
  /// What was a ghost when it was missed, and has not come yet.
  private var wasGhost: UniqueArray<Bool>
  private let learningRate: Double
  private var clock: Int64 = 0
  private var choice = TwoExperts.Choice()

  /// An empty cache.
  public init(_ context: EvictionContext, learningRate: Double = 0.45) {
    order = IndexList(capacity: context.count)
    uses = RankedHeap(count: context.count, zero: 0)
    experts = TwoExperts(
      sizes: context.sizes, ghostCap: context.capacity, leastWeight: 0.01, seed: context.seed)
    evictedAt = UniqueArray(repeating: 0, count: context.count)
    wasGhost = UniqueArray(repeating: false, count: context.count)
    self.learningRate = learningRate
  }

  public mutating func missed(_ adapter: AdapterID, at time: Nanoseconds) {
    clock += 1
    let expert = experts.expert(of: adapter)
    guard expert != ListSet.none else { return }
    let age = Double(clock - evictedAt[Int(adapter)]) / Double(max(1, order.count))
    experts.blame(expert, by: learningRate * exp(age * log(Self.discount)))
    experts.remove(adapter)
    wasGhost[Int(adapter)] = true
  }

  public mutating func inserted(_ adapter: AdapterID, at time: Nanoseconds) {
    experts.remove(adapter)
    order.pushFirst(adapter)
    uses.set(adapter, to: wasGhost[Int(adapter)] ? uses.key(of: adapter) + 1 : 1)
    wasGhost[Int(adapter)] = false
  }

  public mutating func accessed(_ adapter: AdapterID, at time: Nanoseconds) {
    clock += 1
    order.moveFirst(adapter)
    uses.set(adapter, to: uses.key(of: adapter) + 1)
  }

  public mutating func removed(_ adapter: AdapterID) {
    order.remove(adapter)
    uses.remove(adapter)
    if adapter == choice.victim {
      evictedAt[Int(adapter)] = clock
      experts.evicted(choice)
      while experts.removeSurplus() != nil {}
    }
    choice = TwoExperts.Choice()
  }

  public mutating func capacityChanged(to capacity: Bytes) {
    experts.ghostCap = capacity
    while experts.removeSurplus() != nil {}
  }

  public mutating func victim(
    for incoming: AdapterID?, sparing pins: borrowing PinTable, at time: Nanoseconds
  ) -> AdapterID? {
    choice = experts.choose(order.oldest(sparing: pins), uses.smallest(sparing: pins))
    return choice.victim == ListSet.none ? nil : choice.victim
  }
}

extension EvictionEntry {
  static let lecar = EvictionEntry(
    "lecar", "LRU and LFU by lot, weighted by how little their victims are missed",
    idea: """
      For each victim a lot decides whether LRU or LFU chooses it. A miss of what one of them evicted \
      takes weight from it, the more the sooner it comes.
      """, cost: "O(log n)",
    parameters: [PolicyParameter("learning-rate", "0.45", "how much a miss of a ghost weighs")],
    source: "Vietri et al., HotStorage'18"
  ) { context, parameters in
    LeCaR(
      context,
      learningRate: try parameters.double("learning-rate", default: 0.45, in: 0...10))
  }
}
