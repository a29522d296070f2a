/// What a gate says of one check.
public enum GateState: Sendable, Equatable {
  /// The limit is kept, with confidence.
  case pass
  /// The limit is broken, with confidence.
  case fail
  /// The runs cannot tell, and why.
  case inconclusive(String)
}

/// The decision on one excess, and what it rests on.
public struct Judgement: Sendable, Equatable {
  /// The decision.
  public let state: GateState
  /// One-sided p-value of "the limit is kept", after Holm's correction; nil where not tested.
  public let adjustedPValue: Double?
  /// Confidence interval of the mean excess; nil where there is none.
  public let interval: ClosedRange<Double>?
}

/// The rule of the gate.
///
/// Each check is reduced to its excess over the limit, one number a seed: for `max` the value less
/// the limit, for `max_increase: 5 %` the candidate less 1.05 times the baseline of the same seed.
///
/// - It **fails** if the mean excess is above zero with statistical significance (one-sided t-test
///   over seeds, corrected by Holm over all checks, so that the whole gate fails falsely with a
///   chance of at most alpha) and the bootstrap interval of the mean excess lies above zero.
///   As the limit is itself the smallest change that matters to its author, this is practical
///   significance too: what is shown is not that something changed, but that it changed by more
///   than was allowed.
/// - It **passes** if the interval lies at or below zero: a harm beyond the limit is excluded.
/// - Else it is **inconclusive**: the interval reaches over the limit, and more seeds are needed.
struct GateRule {
  let alpha: Double
  let minimumSeeds: Int
  private let bootstraps: [Int: Bootstrap]

  /// A rule that can judge samples of these sizes.
  init(alpha: Double, minimumSeeds: Int, sampleSizes: Set<Int>, resamples: Int = 10_000) {
    self.alpha = alpha
    self.minimumSeeds = minimumSeeds
    bootstraps = Dictionary(
      uniqueKeysWithValues: sampleSizes.filter { $0 >= max(2, minimumSeeds) }.map {
        ($0, Bootstrap(n: $0, resamples: resamples))
      })
  }

  /// Judges all checks of a gate together.
  func judge(_ excesses: [[Double]]) -> [Judgement] {
    let tested = excesses.indices.filter { bootstraps[excesses[$0].count] != nil }
    let means = tested.map { SampleMean(excesses[$0]) }
    let adjusted = Holm.adjusted(means.map { $0.pValue(exceeds: 0) })
    var judgements = excesses.map { values in
      Judgement(
        state: .inconclusive(
          "\(values.count) \(values.count == 1 ? "seed" : "seeds"), at least \(minimumSeeds) "
            + "are needed"),
        adjustedPValue: nil, interval: nil)
    }
    for (position, index) in tested.enumerated() {
      judgements[index] = decide(excesses[index], means[position], adjusted[position])
    }
    return judgements
  }

  private func decide(_ values: [Double], _ mean: SampleMean, _ p: Double) -> Judgement {
    var interval = mean.mean...mean.mean
    if !mean.isExact, let bootstrap = bootstraps[values.count] {
      interval = bootstrap.interval(bootstrap.means(of: values), level: 1 - alpha)
    }
    let state: GateState =
      if interval.upperBound <= 0 {
        .pass
      } else if interval.lowerBound > 0, p < alpha {
        .fail
      } else {
        .inconclusive("the confidence interval reaches over the limit: more seeds are needed")
      }
    return Judgement(state: state, adjustedPValue: p, interval: interval)
  }
}
