import Foundation

/// A Zipf law over the ranks 1...n, p(r) proportional to r^-s, fitted to counts by maximum
/// likelihood; and how badly it fits, because adapter popularity often is not Zipf.
public struct ZipfFit: Sendable, Equatable {
  /// s; 0 is uniform.
  public let exponent: Double
  /// The count that the law expects of the most popular; rank r has scale * r^-exponent.
  public let scale: Double
  /// Kolmogorov-Smirnov distance: the largest difference between the cumulated shares.
  public let distance: Double

  /// Fits counts of at least two adapters; nil for fewer.
  /// - Parameter counts: references of each adapter, in descending order, all positive.
  public init?(counts: [Int]) {
    guard counts.count > 1 else { return nil }
    let logRanks = (1...counts.count).map { log(Double($0)) }
    let total = Double(counts.reduce(0, +))
    let observed = zip(counts, logRanks).reduce(0) { $0 + Double($1.0) * $1.1 } / total
    // The likelihood is concave in s, and its slope is E_s[log r] - observed, which falls with s.
    func expectedLogRank(_ s: Double) -> Double {
      var norm = 0.0
      var sum = 0.0
      for logRank in logRanks {
        let weight = exp(-s * logRank)
        norm += weight
        sum += weight * logRank
      }
      return sum / norm
    }
    var low = 0.0
    var high = 20.0
    for _ in 0..<50 {
      let middle = (low + high) / 2
      if expectedLogRank(middle) > observed { low = middle } else { high = middle }
    }
    let s = (low + high) / 2
    let weights = logRanks.map { exp(-s * $0) }
    let norm = weights.reduce(0, +)
    var fitted = 0.0
    var actual = 0.0
    var worst = 0.0
    for (count, weight) in zip(counts, weights) {
      fitted += weight / norm
      actual += Double(count) / total
      worst = max(worst, abs(fitted - actual))
    }
    exponent = s
    scale = total / norm
    distance = worst
  }

  /// In words, for people: what the distance says.
  public var goodness: String {
    switch distance {
    case ..<0.03: "good"
    case ..<0.10: "rough"
    default: "poor: not a Zipf law"
    }
  }
}
