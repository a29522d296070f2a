import Foundation
import Orchestration
import Primitives

/// FASTLIBRA's cost-benefit: what it costs to bring an adapter back, times how likely it is to be used.
///
/// retain = load cost x visits x (1 - sigmoid(t)), where t is the time since the last use; the adapter
/// with the least goes. Visits are counted from the start and not forgotten when an adapter goes: the
/// paper's visiting probability is their share of all, which orders adapters the same.
///
/// The paper weighs adapters and the KV caches that depend on them against each other in one pool. Here
/// only adapters are chosen among, so that the factor by which all of them are weighed against the KV
/// cache drops out. Its swapping every 100 ms, above 95 % and below 70 % of memory, does too: room is
/// made when it is needed.
///
/// H. Zhang et al., "Improving the serving performance of multi-LoRA large language models via efficient
/// LoRA and KV cache management", arXiv 2505.03756, 2025 (later ELORA).
public struct FastLibra: EvictionPolicy, ~Copyable {
  struct Facts: BitwiseCopyable {
    /// The logarithm of cost times visits: of what is long unused the product itself would be 0.
    var worth: Double
    var lastUse: Nanoseconds
    var clock: Int64
  }

  private let costs: [Double]
  /// Nanoseconds in a unit of t.
  private let unit: Double
  private var residents: ResidentTable<Facts>
  private var visits: [Double]
  private var clock: Int64 = 0

  /// An empty cache; load costs come from the context.
  public init(_ context: EvictionContext, unit: Nanoseconds = 1_000_000_000) {
    costs = context.loadCost.map { Double(max(1, $0)) }
    self.unit = Double(unit)
    residents = ResidentTable(count: context.count)
    visits = Array(repeating: 0, count: context.count)
  }

  private mutating func facts(of adapter: AdapterID, at time: Nanoseconds) -> Facts {
    clock += 1
    // One that was brought before anybody asked for it counts as asked for once.
    let worth = costs[Int(adapter)] * max(1, visits[Int(adapter)])
    return Facts(worth: log(worth), lastUse: time, clock: clock)
  }

  public mutating func missed(_ adapter: AdapterID, at time: Nanoseconds) {
    visits[Int(adapter)] += 1
  }

  public mutating func inserted(_ adapter: AdapterID, at time: Nanoseconds) {
    residents.insert(adapter, facts(of: adapter, at: time))
  }

  public mutating func accessed(_ adapter: AdapterID, at time: Nanoseconds) {
    visits[Int(adapter)] += 1
    released(adapter, at: time)
  }

  public mutating func released(_ adapter: AdapterID, at time: Nanoseconds) {
    let facts = facts(of: adapter, at: time)
    residents.update(adapter) { $0 = facts }
  }

  public mutating func removed(_ adapter: AdapterID) { residents.remove(adapter) }

  public mutating func victim(
    for incoming: AdapterID?, sparing pins: borrowing PinTable, at time: Nanoseconds
  ) -> AdapterID? {
    var victim: AdapterID?
    var least = (score: Double.infinity, clock: Int64.max)
    for place in 0..<residents.count {
      let resident = residents[place]
      if pins.isPinned(resident.adapter) { continue }
      let idle = Double(time - resident.facts.lastUse) / unit
      // The logarithm of 1 - sigmoid(t) is -log(1 + e^t), written so that e^t cannot overflow.
      let score = resident.facts.worth - idle - log1p(exp(-idle))
      if (score, resident.facts.clock) < least {
        least = (score, resident.facts.clock)
        victim = resident.adapter
      }
    }
    return victim
  }
}

extension EvictionEntry {
  static let fastLibra = EvictionEntry(
    "fastlibra", "the least load cost x chance of use goes",
    idea: """
      What keeping an adapter is worth: the time to load it x how often it was asked for x \
      (1 - sigmoid(t)), with t the time since its last use. The least goes. Its weighing against KV \
      caches, which depend on adapters in the paper's one pool, is left out.
      """, cost: "O(1) for uses, O(n) for a victim",
    parameters: [PolicyParameter("unit", "1s", "the time by which t counts")],
    source: "FASTLIBRA, Zhang et al., arXiv 2505.03756, 2025"
  ) { context, parameters in
    let unit = try parameters.nanoseconds("unit") ?? 1_000_000_000
    guard unit > 0 else { throw parameters.invalid("unit", "must be above 0") }
    return FastLibra(context, unit: unit)
  }
}
