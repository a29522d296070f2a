import Foundation
import Primitives

/// Searches for the session model whose streams reuse adapters as a given trace does.
///
/// The likelihood of a trace under the model is out of reach (which session a request belongs to
/// is not recorded), so the fit matches moments: it brings down the mean distance of a few generated
/// streams' ``ReuseSignature`` to the trace's. A mean of distances, and not the distance of the
/// mean: among models that are right on average it prefers those that vary least. All candidates
/// are generated with the same seeds, which takes most of the noise out of the comparison.
struct SessionFit {
  private let target: ReuseSignature
  private let requests: Int
  private let extraAdapters: Double
  private let seeds: [UInt64]

  init(_ trace: Trace, seed: UInt64) {
    let references = trace.adapterReferences()
    let isBase = trace.adapterSets.map(\.members.isEmpty)
    requests = trace.adapterSet.reduce(0) { $0 + (isBase[Int($1)] ? 0 : 1) }
    let extra = Double(references.count) / Double(max(requests, 1)) - 1
    extraAdapters = min(0.9, SessionFit.rounded(extra / (1 + extra)))
    target = ReuseSignature(of: references, adapters: trace.adapters.count, seed: seed)
    let count = UInt64(min(max(60_000 / max(requests, 1), 4), 8))
    seeds = (1...count).map { seed &+ $0 }
  }

  /// The nearest model found in so many tries.
  ///
  /// Differential evolution: a trial mixes a member of the population with the best one and the
  /// difference of two others, and takes the member's place if it is nearer to the target.
  /// R. Storn and K. Price, Journal of Global Optimization 11, 1997.
  func search(tries: Int, seed: UInt64) -> SessionModel {
    var random = RandomStream(seed: seed, purpose: "session fit")
    let dimensions = SessionFit.ranges.count
    let size = min(max(tries / 20, 4), 40)
    var points = (0..<size).map { _ in (0..<dimensions).map { _ in random.uniform() } }
    var distances = points.map { distance(of: $0, below: .infinity) ?? .infinity }
    func best() -> Int {
      distances.indices.min { (distances[$0], $0) < (distances[$1], $1) } ?? 0
    }
    for attempt in size..<max(size, tries) {
      let member = attempt % size
      let leader = points[best()]
      let (a, b) = (points[random.index(below: size)], points[random.index(below: size)])
      let always = random.index(below: dimensions)
      var trial = points[member]
      for index in trial.indices where index == always || random.uniform() < 0.8 {
        let step = 0.5 * (leader[index] - trial[index]) + 0.6 * (a[index] - b[index])
        trial[index] = min(max(trial[index] + step, 0), 1)
      }
      if let distance = distance(of: trial, below: distances[member]) {
        points[member] = trial
        distances[member] = distance
      }
    }
    return model(at: points[best()])
  }

  /// The mean distance of the streams of a model, or nil as soon as it cannot be below a bound:
  /// most candidates are turned down by their first stream.
  private func distance(of point: [Double], below bound: Double) -> Double? {
    let model = model(at: point)
    var sum = 0.0
    for seed in seeds {
      let stream = model.references(requests: requests, seed: seed)
      sum += ReuseSignature(of: stream.references, adapters: stream.adapters, seed: seed)
        .distance(to: target)
      if sum >= bound * Double(seeds.count) { return nil }
    }
    return sum / Double(seeds.count)
  }

  /// Where each coordinate runs; logarithmic where both ends are positive and far apart.
  private static let ranges: [(low: Double, high: Double, isLogarithmic: Bool)] = [
    (5, 1000, true), (1, 4, true), (0, 2.5, false), (0, 2, false), (0, 2.5, false), (0, 2, false),
    (0, 0.7, false), (1, 64, true), (0, 3, false), (1, 80, true), (0.2, 1, false),
  ]

  private func model(at point: [Double]) -> SessionModel {
    let values = zip(point, SessionFit.ranges).map { place, range in
      SessionFit.rounded(
        range.isLogarithmic
          ? range.low * pow(range.high / range.low, place)
          : range.low + (range.high - range.low) * place)
    }
    let tenants = Int(values[0].rounded())
    return SessionModel(
      market: TenantMarket.Shape(
        tenants: tenants, adapters: Int((Double(tenants) * values[1]).rounded()),
        tenantSkew: values[2], ownershipSkew: values[3], adapterSkew: values[4],
        sharedAdapters: 0, sharedUse: 0, drift: values[5]),
      sessions: SessionShape(
        concurrent: Int(values[7].rounded()), paceSkew: values[8], meanRequests: values[9],
        stay: values[10], birth: values[6], extraAdapters: extraAdapters))
  }

  /// Three significant digits: what a generator file shows.
  static func rounded(_ value: Double) -> Double {
    guard value != 0, value.isFinite else { return 0 }
    let scale = pow(10, 2 - floor(log10(abs(value))))
    return (value * scale).rounded() / scale
  }

  /// A number to three significant digits, whole numbers without a point.
  static func text(_ value: Double) -> String {
    let value = rounded(value)
    return Int(exactly: value).map { "\($0)" } ?? "\(value)"
  }
}

extension SessionModel {
  /// The adapters of so many requests, none of them for the base model alone.
  fileprivate func references(
    requests: Int, seed: UInt64
  ) -> (references: [Int32], adapters: Int) {
    var columns = GeneratedColumns()
    append(requests, seed: seed, to: &columns)
    let references = columns.adapterSet.flatMap { columns.adapterSets[Int($0)].members }
    return (references, columns.adapters.count)
  }
}
