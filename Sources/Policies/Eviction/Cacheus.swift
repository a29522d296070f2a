import BasicContainers
import Orchestration
import Primitives

/// Cacheus: LeCaR with experts that bear scans and churn, and a learning rate that it finds itself.
///
/// SR-LRU and CR-LFU take the places of LRU and LFU. The learning rate climbs: it goes on in the
/// direction in which the hit ratio rose, and is drawn anew when nothing helps.
/// L. V. Rodriguez et al., "Learning cache replacement with CACHEUS", USENIX FAST'21.
public struct Cacheus: EvictionPolicy, ~Copyable {
  private var parts: ScanResistantParts
  private var uses: ChurnResistantOrder
  private var experts: TwoExperts
  private var rate: ClimbingRate
  private var wasGhost: UniqueArray<Bool>
  private var residents = 0
  private var choice = TwoExperts.Choice()

  /// An empty cache.
  public init(_ context: EvictionContext) {
    parts = ScanResistantParts(context)
    uses = ChurnResistantOrder(count: context.count)
    experts = TwoExperts(
      sizes: context.sizes, ghostCap: context.capacity / 2, leastWeight: 0.01, seed: context.seed)
    rate = ClimbingRate(seed: context.seed)
    wasGhost = UniqueArray(repeating: false, count: context.count)
  }

  public mutating func missed(_ adapter: AdapterID, at time: Nanoseconds) {
    rate.requested(hit: false, period: residents)
    let expert = experts.expert(of: adapter)
    guard expert != ListSet.none else { return }
    experts.blame(expert, by: rate.value)
    if expert == 0 { parts.hitGhost(adapter) } else { parts.forgetGhost(adapter) }
    experts.remove(adapter)
    wasGhost[Int(adapter)] = true
  }

  public mutating func inserted(_ adapter: AdapterID, at time: Nanoseconds) {
    if experts.expert(of: adapter) != ListSet.none {
      experts.remove(adapter)
      parts.forgetGhost(adapter)
    }
    let isKnown = wasGhost[Int(adapter)]
    wasGhost[Int(adapter)] = false
    parts.insert(adapter, isKnown: isKnown)
    uses.set(adapter, uses: isKnown ? uses.uses(of: adapter) + 1 : 1)
    residents += 1
  }

  public mutating func accessed(_ adapter: AdapterID, at time: Nanoseconds) {
    rate.requested(hit: true, period: residents)
    parts.use(adapter)
    uses.set(adapter, uses: uses.uses(of: adapter) + 1)
  }

  public mutating func removed(_ adapter: AdapterID) {
    parts.remove(adapter)
    uses.remove(adapter)
    residents -= 1
    if adapter == choice.victim {
      experts.evicted(choice)
      if choice.expert != ListSet.none { parts.becomesGhost(adapter) }
      boundGhosts()
    }
    choice = TwoExperts.Choice()
  }

  public mutating func capacityChanged(to capacity: Bytes) {
    parts.capacityChanged(to: capacity)
    experts.ghostCap = capacity / 2
    boundGhosts()
  }

  private mutating func boundGhosts() {
    while let ghost = experts.removeSurplus() { parts.forgetGhost(ghost) }
  }

  public mutating func victim(
    for incoming: AdapterID?, sparing pins: borrowing PinTable, at time: Nanoseconds
  ) -> AdapterID? {
    choice = experts.choose(parts.oldest(sparing: pins), uses.first(sparing: pins))
    return choice.victim == ListSet.none ? nil : choice.victim
  }
}

/// A learning rate that follows the hit ratio, a period at a time: Algorithm 1 of the paper.
struct ClimbingRate: Sendable {
  private static let range = 0.001...1.0
  /// Periods without a change for the better after which it starts anew.
  private static let patience = 10

  private(set) var value: Double
  private var random: Lehmer
  private var previous = 0.0
  private var previousHitRatio = 0.0
  private var hits = 0
  private var requests = 0
  private var failures = 0

  init(seed: UInt64) {
    random = Lehmer(seed: seed)
    value = Double.random(in: Self.range, using: &random)
  }

  /// Counts a request; a period has as many as the cache has residents.
  mutating func requested(hit: Bool, period: Int) {
    requests += 1
    if hit { hits += 1 }
    guard requests >= max(1, period) else { return }
    update(hitRatio: Double(hits) / Double(requests))
    hits = 0
    requests = 0
  }

  private mutating func update(hitRatio: Double) {
    let change = value - previous
    let gain = hitRatio - previousHitRatio
    previous = value
    previousHitRatio = hitRatio
    if change != 0, gain != 0 {
      let step = abs(value * change)
      let next = value + (change * gain > 0 ? step : -step)
      value = min(max(next, Self.range.lowerBound), Self.range.upperBound)
      failures = 0
    } else if hitRatio == 0 || gain <= 0 {
      failures += 1
      if failures >= Self.patience {
        value = Double.random(in: Self.range, using: &random)
        failures = 0
      }
    }
  }
}

extension EvictionEntry {
  static let cacheus = EvictionEntry(
    "cacheus", "SR-LRU and CR-LFU by lot, weighted by how little their victims are missed",
    idea: """
      As lecar, with two rules that bear scans and churn instead of LRU and LFU. The learning rate is \
      no parameter: it goes on in the direction in which the hit ratio rises.
      """, cost: "O(log n)", source: "Rodriguez et al., FAST'21"
  ) { context, _ in Cacheus(context) }
}
