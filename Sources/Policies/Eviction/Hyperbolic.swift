import BasicContainers
import Orchestration
import Primitives

/// Hyperbolic caching: of a random sample, the adapter with the fewest uses for the time that it has
/// been there goes.
///
/// A use counts the less the longer ago the adapter came, so that what is new gets its time to prove
/// itself and what was popular once fades, without a heap to keep in order.
/// A. Blankstein, S. Sen, M. J. Freedman, "Hyperbolic caching: flexible caching for web applications",
/// USENIX ATC'17.
public struct Hyperbolic: EvictionPolicy, ~Copyable {
  struct Use: BitwiseCopyable {
    var count: Int64
    var since: Int64
  }

  private var residents: SamplingTable
  private var uses: UniqueArray<Use>
  private let samples: Int
  private var clock: Int64 = 0
  private var proposed = IndexList.none

  /// An empty cache; the draws depend on the keys and the seed of the context.
  public init(_ context: EvictionContext, samples: Int = 64, hashPower: Int = 12) {
    residents = SamplingTable(keys: context.keys, hashPower: hashPower, seed: context.seed)
    uses = UniqueArray(repeating: Use(count: 0, since: 0), count: context.count)
    self.samples = samples
  }

  public mutating func missed(_ adapter: AdapterID, at time: Nanoseconds) { tick() }

  public mutating func inserted(_ adapter: AdapterID, at time: Nanoseconds) {
    residents.insert(adapter)
    uses[Int(adapter)] = Use(count: 1, since: clock)
    proposed = IndexList.none
  }

  public mutating func accessed(_ adapter: AdapterID, at time: Nanoseconds) {
    tick()
    uses[Int(adapter)].count += 1
  }

  public mutating func removed(_ adapter: AdapterID) {
    residents.remove(adapter)
    proposed = IndexList.none
  }

  private mutating func tick() {
    clock += 1
    proposed = IndexList.none
  }

  public mutating func victim(
    for incoming: AdapterID?, sparing pins: borrowing PinTable, at time: Nanoseconds
  ) -> AdapterID? {
    // The lots are drawn once for each state, however often a victim is asked for.
    if proposed != IndexList.none, !pins.isPinned(proposed) { return proposed }
    var lowest = Double.infinity
    var victim = IndexList.none
    for _ in 0..<samples {
      guard let adapter = residents.draw(), !pins.isPinned(adapter) else { continue }
      let use = uses[Int(adapter)]
      let rate = Double(use.count) / Double(max(1, clock - use.since))
      if rate < lowest { (lowest, victim) = (rate, adapter) }
    }
    if victim == IndexList.none {
      victim = residents.firstIdle(sparing: pins) ?? IndexList.none
    }
    proposed = victim
    return victim == IndexList.none ? nil : victim
  }
}

extension EvictionEntry {
  static let hyperbolic = EvictionEntry(
    "hyperbolic", "of a sample, the least used for its time in the cache goes",
    idea: """
      Each adapter is worth uses / time since it came. The lowest of a random sample goes: values \
      change all the time, and a sample needs no order that would have to follow them.
      """, cost: "O(1), O(samples) for a victim",
    parameters: [
      PolicyParameter("samples", "64", "adapters drawn for each eviction"), SamplingTable.parameter,
    ], source: "Blankstein et al., USENIX ATC'17"
  ) { context, parameters in
    Hyperbolic(
      context, samples: try parameters.int("samples", default: 64, in: 1...65_536),
      hashPower: try SamplingTable.hashPower(&parameters))
  }
}
