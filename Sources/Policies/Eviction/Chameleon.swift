import BasicContainers
import Orchestration
import Primitives

/// Chameleon's compound score: frequency, recency and size, each with a weight; the lowest goes.
///
/// Each of the three is scaled to 0...1 between the least and the greatest among the residents, since
/// the paper does not say how they are made comparable. Frequency is the number of uses so far, also of
/// an adapter that was away meanwhile; recency the place of the last use in the order of requests;
/// and size speaks for an adapter, for it costs more to bring back. An adapter that a waiting request
/// needs goes only when no other is idle.
///
/// N. Iliakopoulou et al., "Chameleon: adaptive caching and scheduling for many-adapter LLM inference
/// environments", MICRO'25, arXiv 2411.17741.
public struct Chameleon: EvictionPolicy, ~Copyable {
  /// What the three count for.
  public struct Weights: Sendable {
    /// Of uses.
    public var frequency = 0.45
    /// Of the last use.
    public var recency = 0.10
    /// Of size.
    public var size = 0.45

    /// The paper's.
    public init() {}
  }

  struct Facts: BitwiseCopyable {
    var uses: Double
    var lastUse: Double
    var size: Double
  }

  private let weights: Weights
  private let sizes: [Double]
  private var residents: ResidentTable<Facts>
  private var uses: UniqueArray<Double>
  private var isWaitedFor: UniqueArray<Bool>
  private var clock = 0.0

  /// An empty cache; sizes come from the context.
  public init(_ context: EvictionContext, _ weights: Weights = Weights()) {
    self.weights = weights
    sizes = context.bytes.map { Double($0) }
    residents = ResidentTable(count: context.count)
    uses = UniqueArray(repeating: 0, count: context.count)
    isWaitedFor = UniqueArray(repeating: false, count: context.count)
  }

  public mutating func missed(_ adapter: AdapterID, at time: Nanoseconds) {
    clock += 1
    uses[Int(adapter)] += 1
  }

  public mutating func inserted(_ adapter: AdapterID, at time: Nanoseconds) {
    residents.insert(
      adapter, Facts(uses: uses[Int(adapter)], lastUse: clock, size: sizes[Int(adapter)]))
  }

  public mutating func accessed(_ adapter: AdapterID, at time: Nanoseconds) {
    clock += 1
    uses[Int(adapter)] += 1
    let (uses, clock) = (uses[Int(adapter)], clock)
    residents.update(adapter) {
      $0.uses = uses
      $0.lastUse = clock
    }
  }

  public mutating func released(_ adapter: AdapterID, at time: Nanoseconds) {
    let clock = clock
    residents.update(adapter) { $0.lastUse = clock }
  }

  public mutating func queued(_ adapter: AdapterID) { isWaitedFor[Int(adapter)] = true }

  public mutating func unqueued(_ adapter: AdapterID) { isWaitedFor[Int(adapter)] = false }

  public mutating func removed(_ adapter: AdapterID) { residents.remove(adapter) }

  public mutating func victim(
    for incoming: AdapterID?, sparing pins: borrowing PinTable, at time: Nanoseconds
  ) -> AdapterID? {
    let scale = scale()
    var lowest = Standing.last
    for place in 0..<residents.count {
      let resident = residents[place]
      if pins.isPinned(resident.adapter) { continue }
      let standing = Standing(
        isWaitedFor: isWaitedFor[Int(resident.adapter)], score: scale.score(resident.facts),
        lastUse: resident.facts.lastUse, adapter: resident.adapter)
      if standing < lowest { lowest = standing }
    }
    return lowest.adapter < 0 ? nil : lowest.adapter
  }

  /// The score as a linear function of the facts, with the residents' extremes in it.
  private func scale() -> Scale {
    var least = Facts(uses: .infinity, lastUse: .infinity, size: .infinity)
    var greatest = Facts(uses: 0, lastUse: 0, size: 0)
    for place in 0..<residents.count {
      let facts = residents[place].facts
      least.uses = min(least.uses, facts.uses)
      least.lastUse = min(least.lastUse, facts.lastUse)
      least.size = min(least.size, facts.size)
      greatest.uses = max(greatest.uses, facts.uses)
      greatest.lastUse = max(greatest.lastUse, facts.lastUse)
      greatest.size = max(greatest.size, facts.size)
    }
    // Where all are alike the term says nothing.
    func slope(_ weight: Double, _ range: Double) -> Double { range > 0 ? weight / range : 0 }
    return Scale(
      least: least,
      slope: Facts(
        uses: slope(weights.frequency, greatest.uses - least.uses),
        lastUse: slope(weights.recency, greatest.lastUse - least.lastUse),
        size: slope(weights.size, greatest.size - least.size)))
  }
}

extension Chameleon {
  struct Scale {
    var least: Facts
    var slope: Facts

    func score(_ facts: Facts) -> Double {
      slope.uses * (facts.uses - least.uses) + slope.lastUse * (facts.lastUse - least.lastUse)
        + slope.size * (facts.size - least.size)
    }
  }

  /// A resident's place in the order in which they go.
  struct Standing: Comparable {
    var isWaitedFor: Bool
    var score: Double
    var lastUse: Double
    var adapter: AdapterID

    static let last = Standing(
      isWaitedFor: true, score: .infinity, lastUse: .infinity, adapter: IndexList.none)

    static func < (a: Standing, b: Standing) -> Bool {
      if a.isWaitedFor != b.isWaitedFor { return !a.isWaitedFor }
      if a.score != b.score { return a.score < b.score }
      return a.lastUse != b.lastUse ? a.lastUse < b.lastUse : a.adapter < b.adapter
    }
  }
}

extension EvictionEntry {
  static let chameleon = EvictionEntry(
    "chameleon", "the lowest score of frequency, recency and size goes; large ones stay",
    idea: """
      The score is a weighted sum of uses so far, last use and bytes, each scaled to 0...1 between the \
      least and the greatest among those that are there (the paper leaves the scale open). The lowest \
      goes: rare, long unused, quick to bring back. What waiting requests need goes last. Equal \
      weights of 1/3 are the paper's FairShare.
      """, cost: "O(1) for uses, O(n) for a victim",
    parameters: [
      PolicyParameter("frequency", "0.45", "weight of the number of uses"),
      PolicyParameter("recency", "0.10", "weight of the last use"),
      PolicyParameter("size", "0.45", "weight of the bytes"),
    ], source: "Chameleon, Iliakopoulou et al., MICRO'25, arXiv 2411.17741"
  ) { context, parameters in
    var weights = Chameleon.Weights()
    weights.frequency = try parameters.double("frequency", default: 0.45, in: 0...1e6)
    weights.recency = try parameters.double("recency", default: 0.10, in: 0...1e6)
    weights.size = try parameters.double("size", default: 0.45, in: 0...1e6)
    return Chameleon(context, weights)
  }
}
