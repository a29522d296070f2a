import Foundation
import Primitives

/// Searches for the session model whose streams reuse adapters as a given trace does.
///
/// The likelihood of a trace under the model is out of reach (which session a request belongs to
/// is not recorded), so the fit matches moments: a random start, then steps of a shrinking size in
/// one to three coordinates, each kept if the mean distance of a few generated streams'
/// ``ReuseSignature`` comes down. A mean of distances, and not the distance of the mean: among
/// models that are right on average it prefers those that vary least. All candidates are generated
/// with the same seeds, which takes most of the noise out of the comparison.
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
    let count = UInt64(min(max(60_000 / max(requests, 1), 3), 8))
    seeds = (1...count).map { seed &+ $0 }
  }

  /// The nearest model found in so many tries.
  func search(tries: Int, seed: UInt64) -> SessionModel {
    var random = RandomStream(seed: seed, purpose: "session fit")
    let dimensions = SessionFit.ranges.count
    var best = Array(repeating: 0.5, count: dimensions)
    var bestDistance = distance(of: best)
    let starts = tries / 4
    for attempt in 0..<tries {
      var point = best
      if attempt < starts {
        for index in point.indices { point[index] = random.uniform() }
      } else {
        let progress = Double(attempt - starts) / Double(tries - starts)
        let size = 0.25 * pow(0.08, progress)
        for _ in 0...random.index(below: 3) {
          let index = random.index(below: dimensions)
          point[index] = min(max(point[index] + size * random.normal(), 0), 1)
        }
      }
      let distance = distance(of: point)
      if distance < bestDistance { (best, bestDistance) = (point, distance) }
    }
    return model(at: best)
  }

  private func distance(of point: [Double]) -> Double {
    let model = model(at: point)
    let distances = seeds.map { seed in
      let stream = model.references(requests: requests, seed: seed)
      return ReuseSignature(of: stream.references, adapters: stream.adapters, seed: seed)
        .distance(to: target)
    }
    return distances.reduce(0, +) / Double(seeds.count)
  }

  /// Where each coordinate runs; logarithmic where both ends are positive and far apart.
  private static let ranges: [(low: Double, high: Double, isLogarithmic: Bool)] = [
    (5, 500, true), (1, 4, true), (0, 2, false), (0, 1.5, false), (0, 2.5, false), (0, 2, false),
    (0, 0.7, false), (2, 64, true), (0, 3, false), (1, 80, true), (0.4, 1, false),
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
