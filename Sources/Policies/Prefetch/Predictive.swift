import Foundation
import Orchestration
import Primitives

/// Brings adapters before anybody asks for them, where that is expected to save time.
///
/// The surest prediction is a request that already waits, so it begins as ``QueueLookahead``. When
/// nobody waits in vain it estimates, for each adapter, the rate at which requests for it will come:
///
/// - from its own past: arrivals counted with exponential decay on three time scales, averaged;
/// - from sessions: a session that was active `age` ago asks again at rate 1 / (mean gap + age), a
///   hazard that falls with silence, and asks for what followed its last adapter before (for its
///   tenant, backed by what followed for everybody).
///
/// The larger of the two is the adapter's rate r; with p = 1 - exp(-r H) for the chance of a use
/// within the horizon H, bringing it one tier nearer is worth p x (time the hop takes) / bytes. H is
/// the time that an adapter now stays on the device: residents / loads per second. An idle resident
/// makes way only if it is worth less by `margin`.
///
/// Sources: exponentially weighted rates and first-order Markov successors are standard; the falling
/// hazard is that of a gamma mixture of Poisson processes (Lomax); pricing by saving per byte follows
/// Cao and Irani, "Cost-aware WWW proxy caching algorithms", USITS'97.
public struct Predictive: PrefetchPolicy, ~Copyable {
  /// What can be set.
  public struct Options: Sendable {
    /// Least chance of a use within the horizon for which an adapter is brought.
    public var minimumProbability = 0.5
    /// How much more the newcomer must be worth than the idle resident that makes way.
    public var margin = 3.0
    /// Least time between two looks over all adapters.
    public var interval: Nanoseconds = 250_000_000
    /// Time scales of the decaying counts.
    public var scales: [Double] = [10, 100, 1000]
    /// The defaults.
    public init() {}
  }

  private struct Session {
    var set: AdapterSetID = -1
    var tenant: Int32 = 0
    var last: Nanoseconds = 0
    /// Mean time between its requests, seconds.
    var gap = 0.0
  }

  private static let recentLimit = 64
  /// Weight of what followed for everybody, in observations.
  private static let prior = 2.0

  private let options: Options
  private let context: PrefetchContext
  private var members: [AdapterSetID: [AdapterID]] = [:]
  /// Decayed counts by adapter and scale, as of `counted`.
  private var counts: [Double]
  private var counted: [Nanoseconds]
  private var sessions: [Session] = []
  /// Sessions of the last requests, each once, oldest first.
  private var recent: [Int32] = []
  private var byTenant = SuccessorTable()
  private var byAll = SuccessorTable()
  /// Mean gap over all sessions, seconds: what is assumed of a session seen once.
  private var commonGap = 10.0
  private var lastLook: Nanoseconds = -1
  private var pendingLook: Nanoseconds?
  private var loadsSeen: Int64 = 0
  private var loadsTime: Nanoseconds = 0
  private var horizon = 30.0
  /// The rate times the horizon at which the chance is the least that matters.
  private let leastExponent: Double
  /// Rates of requests expected from sessions, by adapter, as of the last look.
  private var fromSessions: [Double]
  private var boosted: [AdapterID] = []

  /// Nothing learned yet.
  public init(_ context: PrefetchContext, _ options: Options) {
    self.context = context
    self.options = options
    counts = Array(repeating: 0, count: context.count * options.scales.count)
    counted = Array(repeating: 0, count: context.count)
    fromSessions = Array(repeating: 0, count: context.count)
    // Less than it is by the little that rounding may take away.
    leastExponent = min(36, -log(1 - options.minimumProbability)) * (1 - 1e-12)
  }

  // MARK: Learning

  public mutating func arrived(_ request: Request, members list: ArraySlice<AdapterID>) {
    let time = request.arrival
    for adapter in list {
      decay(adapter, to: time)
      for scale in options.scales.indices {
        counts[Int(adapter) * options.scales.count + scale] += 1
      }
    }
    guard !list.isEmpty else { return }
    if members[request.adapterSet] == nil { members[request.adapterSet] = Array(list) }
    learnSession(request)
  }

  private mutating func learnSession(_ request: Request) {
    let index = Int(request.session)
    while sessions.count <= index { sessions.append(Session()) }
    let before = sessions[index]
    if before.set >= 0 {
      let gap = (request.arrival - before.last).seconds
      sessions[index].gap = before.gap == 0 ? gap : 0.8 * before.gap + 0.2 * gap
      commonGap += 0.01 * (gap - commonGap)
      byTenant.note(tenantContext(request.tenant, before.set), next: request.adapterSet)
      byAll.note(allContext(before.set), next: request.adapterSet)
    }
    sessions[index].set = request.adapterSet
    sessions[index].tenant = request.tenant
    sessions[index].last = request.arrival
    if let place = recent.firstIndex(of: request.session) { recent.remove(at: place) }
    if recent.count == Predictive.recentLimit { recent.removeFirst() }
    recent.append(request.session)
  }

  private func tenantContext(_ tenant: Int32, _ set: AdapterSetID) -> UInt64 {
    UInt64(UInt32(bitPattern: tenant)) << 32 | UInt64(UInt32(bitPattern: set))
  }

  private func allContext(_ set: AdapterSetID) -> UInt64 { UInt64(UInt32(bitPattern: set)) }

  private mutating func decay(_ adapter: AdapterID, to time: Nanoseconds) {
    let elapsed = (time - counted[Int(adapter)]).seconds
    guard elapsed > 0 else { return }
    counted[Int(adapter)] = time
    for (scale, constant) in options.scales.enumerated() {
      counts[Int(adapter) * options.scales.count + scale] *= exp(-elapsed / constant)
    }
  }

  // MARK: Predicting

  public mutating func proposal(
    at time: Nanoseconds, residency: borrowing Residency, queue: borrowing WaitingQueue
  ) -> PrefetchProposal? {
    if let wanted = QueueLookahead.firstWanted(residency, queue) {
      return PrefetchProposal(adapter: wanted, worth: .greatestFiniteMagnitude)
    }
    guard lastLook < 0 || time - lastLook >= options.interval else {
      pendingLook = lastLook + options.interval
      return nil
    }
    lastLook = time
    pendingLook = nil
    updateHorizon(at: time, residency)
    expectFromSessions(at: time)
    var best: PrefetchProposal?
    for adapter in 0..<AdapterID(context.count)
    where mayMatter(adapter) && residency.mayPrefetch(adapter) {
      let chance = chance(of: adapter, at: time)
      guard chance >= options.minimumProbability else { continue }
      let hop = Int(residency.tier(of: adapter).rawValue) + 1
      let worth = chance * Double(context.loadCost[hop][Int(adapter)]) / size(adapter)
      if best.map({ $0.worth < worth }) ?? true {
        best = PrefetchProposal(adapter: adapter, worth: worth)
      }
    }
    return best
  }

  public mutating func worth(
    keeping adapter: AdapterID, at time: Nanoseconds, queue: borrowing WaitingQueue
  ) -> Double {
    if queue.waiting(for: adapter) > 0 { return .greatestFiniteMagnitude }
    let cost = Double(context.loadCost[Int(Tier.device.rawValue)][Int(adapter)])
    return options.margin * chance(of: adapter, at: time) * cost / size(adapter)
  }

  public mutating func nextLook(after time: Nanoseconds) -> Nanoseconds? { pendingLook }

  private func size(_ adapter: AdapterID) -> Double { Double(max(1, context.bytes[Int(adapter)])) }

  /// Whether the chance could be enough. Counts only fall until they are brought up to date, so what
  /// they say as they stand is a bound, which spares most adapters most of the arithmetic.
  private func mayMatter(_ adapter: AdapterID) -> Bool {
    var own = 0.0
    for (scale, constant) in options.scales.enumerated() {
      own += counts[Int(adapter) * options.scales.count + scale] / constant
    }
    own /= Double(options.scales.count)
    return max(own, fromSessions[Int(adapter)]) * horizon >= leastExponent
  }

  /// The chance that a request for the adapter comes within the horizon.
  private mutating func chance(of adapter: AdapterID, at time: Nanoseconds) -> Double {
    decay(adapter, to: time)
    var own = 0.0
    for (scale, constant) in options.scales.enumerated() {
      own += counts[Int(adapter) * options.scales.count + scale] / constant
    }
    own /= Double(options.scales.count)
    return 1 - exp(-max(own, fromSessions[Int(adapter)]) * horizon)
  }

  /// The horizon follows the time that an adapter stays on the device: by Little's law the number of
  /// residents over the rate of loads.
  private mutating func updateHorizon(at time: Nanoseconds, _ residency: borrowing Residency) {
    let loads = residency.deviceLoads - loadsSeen
    let elapsed = (time - loadsTime).seconds
    guard loads >= 8, elapsed > 0 else { return }
    let stay = Double(residency.deviceCount) * elapsed / Double(loads)
    horizon = min(3600, max(0.5, 0.5 * horizon + 0.5 * stay))
    loadsSeen = residency.deviceLoads
    loadsTime = time
  }

  /// Spreads each recent session's rate over what is likely to follow its last adapter.
  private mutating func expectFromSessions(at time: Nanoseconds) {
    for adapter in boosted { fromSessions[Int(adapter)] = 0 }
    boosted.removeAll(keepingCapacity: true)
    for index in recent {
      let session = sessions[Int(index)]
      let gap = session.gap > 0 ? session.gap : commonGap
      let rate = 1 / max(1e-3, gap + (time - session.last).seconds)
      let own = byTenant.row(tenantContext(session.tenant, session.set))
      let all = byAll.row(allContext(session.set))
      let weight = Predictive.prior / (Double(own?.total ?? 0) + Predictive.prior)
      if let own { expect(own, share: rate * (1 - weight)) }
      if let all { expect(all, share: rate * weight) }
    }
  }

  private mutating func expect(_ row: SuccessorTable.Row, share: Double) {
    for lane in 0..<4 where row.sets[lane] >= 0 {
      let rate = share * Double(row.counts[lane]) / Double(row.total)
      for adapter in members[row.sets[lane]] ?? [] {
        if fromSessions[Int(adapter)] == 0 { boosted.append(adapter) }
        fromSessions[Int(adapter)] += rate
      }
    }
  }
}

extension Predictive {
  static let parameters = [
    PolicyParameter("min-probability", "0.5", "least chance of a use within the horizon"),
    PolicyParameter("margin", "3", "how much more a newcomer must be worth than who makes way"),
    PolicyParameter("interval", "250ms", "least time between two looks over all adapters"),
    PolicyParameter("scales", "10,100,1000", "time scales of the decaying counts, in seconds"),
  ]

  static func read(_ parameters: inout Parameters) throws -> Options {
    var options = Options()
    options.minimumProbability = try parameters.double(
      "min-probability", default: options.minimumProbability, in: 0...1)
    options.margin = try parameters.double("margin", default: options.margin, in: 0...1e6)
    options.interval = try parameters.nanoseconds("interval") ?? options.interval
    if let scales = try parameters.doubles("scales") {
      guard scales.allSatisfy({ $0 > 0 }) else {
        throw parameters.invalid("scales", "a time scale must be above 0")
      }
      options.scales = scales
    }
    return options
  }
}
