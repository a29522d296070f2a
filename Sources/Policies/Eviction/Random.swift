import Orchestration
import Primitives

/// Random eviction: the yardstick below which a policy that remembers something should not fall.
public struct RandomEviction: EvictionPolicy, ~Copyable {
  private var residents: SamplingTable
  private var proposed = IndexList.none

  /// An empty cache; the draws depend on the keys and the seed of the context.
  public init(_ context: EvictionContext, hashPower: Int = 12) {
    residents = SamplingTable(keys: context.keys, hashPower: hashPower, seed: context.seed)
  }

  public mutating func inserted(_ adapter: AdapterID, at time: Nanoseconds) {
    residents.insert(adapter)
  }

  public mutating func accessed(_ adapter: AdapterID, at time: Nanoseconds) {}

  public mutating func removed(_ adapter: AdapterID) {
    if adapter == proposed { proposed = IndexList.none }
    residents.remove(adapter)
  }

  public mutating func victim(
    for incoming: AdapterID?, sparing pins: borrowing PinTable, at time: Nanoseconds
  ) -> AdapterID? {
    // The lot is drawn once for each eviction, however often it is asked for.
    if proposed != IndexList.none, !pins.isPinned(proposed) { return proposed }
    let victim = residents.drawIdle(sparing: pins)
    proposed = victim ?? IndexList.none
    return victim
  }
}

extension EvictionEntry {
  static let random = EvictionEntry(
    "random", "any goes, each as likely as the others",
    idea: """
      A lot decides. Nothing is remembered of uses, so nothing can mislead it: loops that are a little \
      larger than the cache, which no list of recent uses survives, cost it only a part of its hits.
      """, cost: "O(1)", parameters: [SamplingTable.parameter], source: "libCacheSim, Random"
  ) { context, parameters in
    RandomEviction(context, hashPower: try SamplingTable.hashPower(&parameters))
  }
}
