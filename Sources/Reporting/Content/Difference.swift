import Results

/// How two strategies differ in one metric on one workload.
public struct Difference: Sendable, Equatable {
  /// The metric's name (`ttft_p99`).
  public var metric: String
  /// The metric as people say it (`p99 TTFT`).
  public var title: String
  /// Which way it is better.
  public var direction: Direction
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
  /// Cohen's d_z over seeds; nil where there is none.
  public var effectSize: Double?
  /// The share of requests that became faster; nil for what is not a latency of requests.
  public var shareFaster: Double?
  /// The p-value, corrected for the number of comparisons; nil where nothing was tested.
  public var adjustedP: Double?
  /// What can be said.
  public var verdict: Verdict
  /// Whether the whole interval lies beyond the metric's minimum effect.
  public var exceedsMinimumEffect: Bool

  /// Makes a difference.
  public init(
    metric: String, title: String, direction: Direction, baselineText: String,
    candidateText: String, relative: Double, low: Double, high: Double, effectSize: Double? = nil,
    shareFaster: Double? = nil,
    adjustedP: Double? = nil, verdict: Verdict, exceedsMinimumEffect: Bool = false
  ) {
    self.metric = metric
    self.title = title
    self.direction = direction
    self.baselineText = baselineText
    self.candidateText = candidateText
    self.relative = relative
    self.low = low
    self.high = high
    self.effectSize = effectSize
    self.shareFaster = shareFaster
    self.adjustedP = adjustedP
    self.verdict = verdict
    self.exceedsMinimumEffect = exceedsMinimumEffect
  }

  /// `−12.3 % [−14.0, −10.1]`: the estimate and its interval, both in percent.
  public var relativeText: String {
    guard relative.isFinite else { return "no relative difference" }
    guard !isNothing else { return relative == 0 ? "no change" : "within ±0.05 %" }
    guard low.isFinite, high.isFinite else { return Typeset.change(relative) }
    let (lower, upper) = (Typeset.change(low, unit: ""), Typeset.change(high, unit: ""))
    return "\(Typeset.change(relative)) [\(lower), \(upper)]"
  }

  /// Whether the estimate and its interval would all read as 0.0 %.
  private var isNothing: Bool {
    [relative, low, high].allSatisfy { !$0.isFinite || $0.magnitude < 0.0005 }
  }
}

extension Difference {
  /// Takes a row of a comparison.
  public init(_ row: MetricComparison) {
    let estimate = row.estimate
    let metric = row.metric.name
    self.init(
      metric: metric, title: MetricText.title(metric), direction: row.metric.direction,
      baselineText: MetricText.value(estimate.meanA, metric),
      candidateText: MetricText.value(estimate.meanB, metric),
      relative: estimate.relative ?? .nan, low: estimate.relativeInterval?.lowerBound ?? .nan,
      high: estimate.relativeInterval?.upperBound ?? .nan, effectSize: estimate.effectSize,
      shareFaster: row.requests?.shareFaster, adjustedP: row.adjustedPValue, verdict: row.verdict,
      exceedsMinimumEffect: row.exceedsMinimumEffect)
  }
}

extension Verdict {
  /// Every verdict, in the order in which reports list them.
  static let listed: [Verdict] = [
    .better, .worse, .different, .notSignificant, .equivalent, .noDifference, .notEnoughSeeds,
    .exact,
  ]

  /// Whether a difference was found, for good or bad.
  var isNews: Bool { [.better, .worse, .different].contains(self) }

  /// In words, with the number of comparisons where that is the reason.
  func text(tests: Int) -> String {
    self == .notSignificant ? "\(rawValue) for \(tests) comparisons" : rawValue
  }
}
