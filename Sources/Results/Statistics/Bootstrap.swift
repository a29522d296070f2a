import Primitives

/// Resamples of `n` replications, drawn once and used for every metric: deterministic, and joint,
/// so that a ratio's numerator and denominator see the same resample.
public struct Bootstrap: Sendable {
  /// Number of replications.
  public let n: Int
  /// Number of resamples.
  public let resamples: Int
  /// How often each replication occurs in each resample: `n` counts a resample.
  private let counts: [Double]

  /// Draws resamples; the same for the same arguments.
  public init(n: Int, resamples: Int = 10_000, seed: UInt64 = 1) {
    self.n = n
    self.resamples = resamples
    var random = RandomStream(seed: seed, purpose: "bootstrap", entity: UInt64(n))
    var counts = [Double](repeating: 0, count: n * resamples)
    for resample in 0..<resamples {
      for _ in 0..<n { counts[resample * n + random.index(below: n)] += 1 }
    }
    self.counts = counts
  }

  /// The mean of `values` in every resample.
  public func means(of values: [Double]) -> [Double] {
    precondition(values.count == n, "resamples of \(n) used for \(values.count) values")
    return (0..<resamples).map { resample in
      var sum = 0.0
      for index in 0..<n { sum += counts[resample * n + index] * values[index] }
      return sum / Double(n)
    }
  }

  /// The interval that holds a statistic with probability `level`, from its values in all
  /// resamples.
  ///
  /// Percentiles, widened for small samples: the tail probability alpha/2 is replaced by
  /// Phi(-sqrt(n / (n - 1)) t), with t the quantile of Student's distribution; without that the
  /// interval is too short by a factor of about sqrt((n - 1) / n) z / t, 37 % at n = 5.
  /// T. Hesterberg, "What Teachers Should Know About the Bootstrap", The American Statistician
  /// 69(4), 2015, section 5.3 ("expanded percentile").
  public func interval(_ statistics: [Double], level: Double) -> ClosedRange<Double> {
    let sorted = statistics.sorted()
    let tail = Bootstrap.expandedTail((1 - level) / 2, n: n)
    let low = Quantile.of(sorted: sorted, tail) ?? .nan
    let high = Quantile.of(sorted: sorted, 1 - tail) ?? .nan
    return low...max(low, high)
  }

  /// Hesterberg's tail probability in place of `tail`.
  static func expandedTail(_ tail: Double, n: Int) -> Double {
    guard n > 1 else { return tail }
    let t = StudentT.quantile(1 - tail, df: Double(n - 1))
    return Normal.cdf(-(Double(n) / Double(n - 1)).squareRoot() * t)
  }
}
