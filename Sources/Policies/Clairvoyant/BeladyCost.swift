import BasicContainers
import Orchestration
import Primitives

/// Belady with sizes and load costs: the adapter with the least saving for the room and time that it
/// takes goes, be it one that is about to come.
///
/// A resident saves its load cost at its next use, and until then takes size x distance of the cache.
/// The rule keeps what has the largest cost / (size x distance): the order in which PFOO accepts
/// intervals (D. S. Berger, N. Beckmann, M. Harchol-Balter, "Practical bounds on optimal caching with
/// variable object sizes", POMACS 2(2), 2018, section 5), with the load cost in the place of the one
/// hit, as in the hit density of N. Beckmann, H. Chen, A. Cidon, "LHD: improving cache hit rate by
/// maximizing hit density", NSDI'18. It is a heuristic: the cost bounds say how far it is from optimal.
public struct BeladyCost: EvictionPolicy, ~Copyable {
  private var uses: NextUses
  /// Residents that will be needed again, in no order, and where each is.
  private var living: UniqueArray<AdapterID>
  private var places: UniqueArray<Int32>
  /// Residents that will not.
  private var dead: IndexList
  private let samples: Int
  private let worth: [Double]
  private var random: Lehmer
  private var proposed = IndexList.none

  /// An empty cache that will see these requests.
  public init(_ context: EvictionContext, _ future: RequestedFuture, samples: Int = 128) {
    uses = NextUses(future)
    living = UniqueArray(minimumCapacity: context.count)
    places = UniqueArray(repeating: -1, count: context.count)
    dead = IndexList(capacity: context.count)
    self.samples = samples
    worth = zip(context.loadCost, context.sizes).map { Double($0) / Double(max(1, $1)) }
    random = Lehmer(seed: context.seed)
  }

  public mutating func missed(_ adapter: AdapterID, at time: Nanoseconds) {
    proposed = IndexList.none
    uses.requested(adapter)
  }

  public mutating func inserted(_ adapter: AdapterID, at time: Nanoseconds) {
    proposed = IndexList.none
    if uses.isDead(adapter) { return dead.pushFirst(adapter) }
    places[Int(adapter)] = Int32(living.count)
    living.append(adapter)
  }

  public mutating func accessed(_ adapter: AdapterID, at time: Nanoseconds) {
    proposed = IndexList.none
    uses.requested(adapter)
    guard uses.isDead(adapter), !dead.contains(adapter) else { return }
    bury(adapter)
    dead.pushFirst(adapter)
  }

  public mutating func removed(_ adapter: AdapterID) {
    proposed = IndexList.none
    if dead.contains(adapter) { dead.remove(adapter) } else { bury(adapter) }
  }

  private mutating func bury(_ adapter: AdapterID) {
    let place = places[Int(adapter)]
    places[Int(adapter)] = -1
    let last = living.removeLast()
    guard last != adapter else { return }
    living[Int(place)] = last
    places[Int(last)] = place
  }

  private func density(of adapter: AdapterID) -> Double {
    uses.isDead(adapter) ? 0 : worth[Int(adapter)] / Double(uses.distance(to: adapter))
  }

  public mutating func victim(
    for incoming: AdapterID?, sparing pins: borrowing PinTable, at time: Nanoseconds
  ) -> AdapterID? {
    if proposed == IndexList.none || pins.isPinned(proposed) {
      proposed = dead.oldest(sparing: pins) ?? leastDense(sparing: pins) ?? IndexList.none
    }
    let victim = proposed == IndexList.none ? nil : proposed
    guard let incoming, !pins.isPinned(incoming) else { return victim }
    if let victim, density(of: victim) <= density(of: incoming) { return victim }
    return incoming
  }

  /// The least dense of a random sample, of all where they are no more than it.
  private mutating func leastDense(sparing pins: borrowing PinTable) -> AdapterID? {
    var least = IndexList.none
    if living.count > samples {
      for _ in 0..<samples {
        let adapter = living[Int(random.next() % UInt64(living.count))]
        if isLess(adapter, than: least, sparing: pins) { least = adapter }
      }
    }
    // Of few residents, or where every one of the sample is pinned.
    if least == IndexList.none {
      for index in living.indices where isLess(living[index], than: least, sparing: pins) {
        least = living[index]
      }
    }
    return least == IndexList.none ? nil : least
  }

  private func isLess(
    _ adapter: AdapterID, than least: AdapterID, sparing pins: borrowing PinTable
  ) -> Bool {
    guard !pins.isPinned(adapter) else { return false }
    return least == IndexList.none || density(of: adapter) < density(of: least)
  }
}

extension EvictionEntry {
  static let beladyCost = EvictionEntry(
    "belady-cost", "the one with the least load cost / (size x time to its next use) goes",
    idea: """
      The future is known. A resident saves its load cost at its next use and takes size x time until \
      then; the one with the lowest ratio goes, of a random sample where there are many. One that comes \
      competes with those that are there, and what is never needed again goes before all.
      """, cost: "O(samples)", isClairvoyant: true,
    parameters: [
      PolicyParameter(
        "samples", "128", "adapters drawn for each eviction; all where there are fewer")
    ],
    source: "PFOO's order, Berger et al., POMACS 2(2), 2018, doi:10.1145/3224427, by load cost"
  ) { context, parameters in
    BeladyCost(
      context, try context.knownFuture(for: parameters),
      samples: try parameters.int("samples", default: 128, in: 1...1_000_000))
  }
}
