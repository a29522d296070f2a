/// A mean over replications with what can be said of it: the t-tests and intervals that
/// comparisons and gates share.
///
/// Replications are seeds. Requests within a run are not independent of one another (they queue
/// behind each other), so their number says nothing about certainty; the number of seeds does.
public struct SampleMean: Sendable, Equatable {
  /// Number of replications.
  public let n: Int
  /// Their mean.
  public let mean: Double
  /// Their standard deviation (n - 1); 0 for a single one.
  public let deviation: Double
  /// Whether all replications agree to rounding: the quantity does not depend on luck.
  public let isExact: Bool

  /// The mean of at least one value.
  public init(_ values: [Double]) {
    precondition(!values.isEmpty, "the mean of nothing")
    n = values.count
    let first = values[0]
    // Around the first value, so that equal values have exactly no variance.
    let shift = values.reduce(0) { $0 + ($1 - first) } / Double(n)
    mean = first + shift
    let squares = values.reduce(0) { $0 + ($1 - first - shift) * ($1 - first - shift) }
    let deviation = n > 1 ? (squares / Double(n - 1)).squareRoot() : 0
    let scale = values.reduce(0) { max($0, abs($1)) }
    isExact = n > 1 && deviation <= 1e-9 * scale
    self.deviation = isExact ? 0 : deviation
  }

  /// Standard error of the mean.
  public var standardError: Double { deviation / Double(n).squareRoot() }

  /// The chance of a mean this far from `value` or farther if `value` were true (two-sided
  /// one-sample t-test). Where replications agree exactly it is 0 or 1.
  public func pValue(differsFrom value: Double) -> Double {
    min(1, 2 * min(pValue(exceeds: value), pValue(staysBelow: value)))
  }

  /// The chance of a mean this large if it really were at most `value` (one-sided t-test).
  public func pValue(exceeds value: Double) -> Double { tail(mean - value) }

  /// The chance of a mean this small if it really were at least `value` (one-sided t-test).
  public func pValue(staysBelow value: Double) -> Double { tail(value - mean) }

  private func tail(_ distance: Double) -> Double {
    guard n > 1 else { return 1 }
    guard !isExact else { return distance > 0 ? 0 : 1 }
    return StudentT.upperTail(distance / standardError, df: Double(n - 1))
  }

  /// The chance of a mean this near to 0 if it really were `margin` or more away: the larger of
  /// two one-sided tests.
  ///
  /// D. Schuirmann, "A comparison of the two one-sided tests procedure and the power approach for
  /// assessing the equivalence of average bioavailability", 1987.
  public func equivalencePValue(margin: Double) -> Double {
    if isExact { return abs(mean) <= margin ? 0 : 1 }
    return max(pValue(exceeds: -margin), pValue(staysBelow: margin))
  }
}
