/// What `b` has over `a`, seed by seed.
///
/// Two runs with the same workload and seed share arrivals, adapters and lengths (common random
/// numbers), so the difference of a seed holds nothing of the luck that both had.
public struct PairedDifference: Sendable, Equatable {
  /// Mean of the baseline.
  public let meanA: Double
  /// Mean of the candidate.
  public let meanB: Double
  /// Mean of `b - a`, and what the tests say of it.
  public let difference: SampleMean
  /// Confidence interval of the difference; nil for less than two seeds.
  public let interval: ClosedRange<Double>?
  /// `meanB / meanA - 1`; nil where the baseline's mean is 0.
  public let relative: Double?
  /// Its confidence interval.
  public let relativeInterval: ClosedRange<Double>?

  /// Compares paired values, of which there is at least one.
  /// - Parameter level: the confidence of the intervals, such as 0.95.
  public init(_ a: [Double], _ b: [Double], level: Double, bootstrap: Bootstrap) {
    precondition(a.count == b.count, "pairs need a partner")
    let meanA = SampleMean(a)
    self.meanA = meanA.mean
    meanB = SampleMean(b).mean
    difference = SampleMean(zip(a, b).map { $1 - $0 })
    relative = meanA.mean == 0 ? nil : difference.mean / abs(meanA.mean)
    guard a.count > 1 else {
      interval = nil
      relativeInterval = nil
      return
    }
    if difference.isExact {
      interval = difference.mean...difference.mean
    } else {
      interval = bootstrap.interval(bootstrap.means(of: zip(a, b).map { $1 - $0 }), level: level)
    }
    let resampledA = bootstrap.means(of: a)
    // Means of resamples that pass through 0 have no ratio.
    let hasRatio = resampledA.allSatisfy { $0 > 0 } || resampledA.allSatisfy { $0 < 0 }
    relativeInterval =
      hasRatio
      ? bootstrap.interval(
        zip(resampledA, bootstrap.means(of: zip(a, b).map { $1 - $0 })).map { $1 / abs($0) },
        level: level) : nil
  }

  /// Cohen's d_z, the mean difference in standard deviations of the differences; nil where they
  /// have none.
  public var effectSize: Double? {
    difference.deviation > 0 ? difference.mean / difference.deviation : nil
  }
}
