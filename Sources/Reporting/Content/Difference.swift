/// How two strategies differ in one metric on one workload.
public struct Difference: Sendable, Equatable {
  /// What can be said.
  public enum Verdict: Sendable, Equatable, CaseIterable {
    /// The candidate is better than the baseline.
    case better
    /// The candidate is worse.
    case worse
    /// The difference is known to be too small to matter.
    case equivalent
    /// The data do not tell them apart.
    case noDifference

    /// In words.
    public var label: String {
      switch self {
      case .better: "better"
      case .worse: "worse"
      case .equivalent: "equivalent"
      case .noDifference: "no difference detected"
      }
    }
  }

  /// The metric's name (`ttft_p99`).
  public var metric: String
  /// The metric as people say it (`p99 TTFT`).
  public var title: String
  /// Whether less of it is better.
  public var isLowerBetter: Bool
  /// The baseline's value, as text with its unit.
  public var baselineText: String
  /// The candidate's value, as text with its unit.
  public var candidateText: String
  /// Candidate over baseline, less one; not finite where the baseline is zero.
  public var relative: Double
  /// The lower end of its 95 % confidence interval; not finite where there is none.
  public var low: Double
  /// The upper end of its 95 % confidence interval; not finite where there is none.
  public var high: Double
  /// Standardised effect size; not finite where there is none.
  public var effectSize: Double
  /// The p-value, corrected for the number of comparisons; not finite where there is none.
  public var adjustedP: Double
  /// What can be said.
  public var verdict: Verdict

  /// Makes a difference.
  public init(
    metric: String, title: String, isLowerBetter: Bool, baselineText: String,
    candidateText: String, relative: Double, low: Double, high: Double, effectSize: Double = .nan,
    adjustedP: Double = .nan, verdict: Verdict
  ) {
    self.metric = metric
    self.title = title
    self.isLowerBetter = isLowerBetter
    self.baselineText = baselineText
    self.candidateText = candidateText
    self.relative = relative
    self.low = low
    self.high = high
    self.effectSize = effectSize
    self.adjustedP = adjustedP
    self.verdict = verdict
  }

  /// `−12.3 % [−14.0, −10.1]`: the estimate and its interval, both in percent.
  public var relativeText: String {
    guard relative.isFinite else { return "no relative difference" }
    guard low.isFinite, high.isFinite else { return NumberText.change(relative) }
    let (lower, upper) = (NumberText.change(low, unit: ""), NumberText.change(high, unit: ""))
    return "\(NumberText.change(relative)) [\(lower), \(upper)]"
  }
}
