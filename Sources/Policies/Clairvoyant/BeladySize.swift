import BasicContainers
import Foundation
import Orchestration
import Primitives

/// Belady with sizes: of a random sample, the adapter that holds the most bytes for the longest time
/// until its next use goes.
///
/// size x distance to the next use is what a resident costs until it pays with a hit; the greedy
/// choice by it comes close to the bounds where sizes differ. What is never needed again takes room
/// only until the next eviction.
/// D. S. Berger, N. Beckmann, M. Harchol-Balter, "Practical bounds on optimal caching with variable
/// object sizes", POMACS 2(2), 2018.
public struct BeladySize: EvictionPolicy, ~Copyable {
  private var uses: NextUses
  private var residents: SamplingTable
  /// Residents that are never needed again: not in the table.
  private var dead: IndexList
  private let samples: Int
  private let sizes: [Double]
  private let logSizes: [Double]
  private var proposed = IndexList.none

  /// An empty cache that will see these requests; the draws depend on the context's keys and seed.
  public init(
    _ context: EvictionContext, _ future: RequestedFuture, samples: Int = 128, hashPower: Int = 20
  ) {
    uses = NextUses(future)
    residents = SamplingTable(keys: context.keys, hashPower: hashPower, seed: context.seed)
    dead = IndexList(capacity: context.count)
    self.samples = samples
    sizes = context.sizes.map { Double(max(1, $0)) }
    logSizes = sizes.map { log($0) }
  }

  public mutating func missed(_ adapter: AdapterID, at time: Nanoseconds) {
    proposed = IndexList.none
    uses.requested(adapter)
  }

  public mutating func inserted(_ adapter: AdapterID, at time: Nanoseconds) {
    proposed = IndexList.none
    if uses.isDead(adapter) { dead.pushFirst(adapter) } else { residents.insert(adapter) }
  }

  public mutating func accessed(_ adapter: AdapterID, at time: Nanoseconds) {
    proposed = IndexList.none
    uses.requested(adapter)
    guard uses.isDead(adapter), !dead.contains(adapter) else { return }
    residents.remove(adapter)
    dead.pushFirst(adapter)
  }

  public mutating func removed(_ adapter: AdapterID) {
    proposed = IndexList.none
    if dead.contains(adapter) { dead.remove(adapter) } else { residents.remove(adapter) }
  }

  public mutating func victim(
    for incoming: AdapterID?, sparing pins: borrowing PinTable, at time: Nanoseconds
  ) -> AdapterID? {
    // The lots are drawn once for each state, however often a victim is asked for.
    if proposed != IndexList.none, !pins.isPinned(proposed) { return proposed }
    let victim =
      dead.oldest(sparing: pins) ?? mostExpensive(sparing: pins)
      ?? residents.firstIdle(sparing: pins)
    proposed = victim ?? IndexList.none
    return victim
  }

  private mutating func mostExpensive(sparing pins: borrowing PinTable) -> AdapterID? {
    var worst = IndexList.none
    for _ in 0..<samples {
      guard let adapter = residents.draw() else { return nil }
      guard !pins.isPinned(adapter) else { continue }
      if worst == IndexList.none || isWorse(adapter, than: worst) { worst = adapter }
    }
    return worst == IndexList.none ? nil : worst
  }

  /// Compares size x distance. The definition adds logarithms, whose rounding makes ties of products
  /// that differ in the last bits; they are taken only where the products are that near.
  private func isWorse(_ a: AdapterID, than b: AdapterID) -> Bool {
    let first = sizes[Int(a)] * Double(uses.distance(to: a))
    let second = sizes[Int(b)] * Double(uses.distance(to: b))
    if abs(first - second) > 1e-12 * second { return first > second }
    return logSizes[Int(a)] + log(Double(uses.distance(to: a)))
      > logSizes[Int(b)] + log(Double(uses.distance(to: b)))
  }
}

extension EvictionEntry {
  static let beladySize = EvictionEntry(
    "belady-size", "of a sample, the one with the largest size x time to its next use goes",
    idea: """
      The future is known. A resident occupies size x time until its next use gives a hit; the worst \
      of a random sample goes. What is never needed again goes before.
      """, cost: "O(samples)", isClairvoyant: true,
    parameters: [
      PolicyParameter("samples", "128", "adapters drawn for each eviction"),
      PolicyParameter(
        "hash-power", "20",
        "buckets of the table that is drawn from, as a power of two at the start"),
    ], source: "Berger et al., POMACS 2(2), 2018, doi:10.1145/3224427; libCacheSim, BeladySize"
  ) { context, parameters in
    BeladySize(
      context, try context.knownFuture(for: parameters),
      samples: try parameters.int("samples", default: 128, in: 1...1_000_000),
      hashPower: try parameters.int("hash-power", default: 20, in: 1...24))
  }
}
