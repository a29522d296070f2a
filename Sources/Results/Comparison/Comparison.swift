import Orchestration
import Primitives

/// What a comparison concludes of one metric. The first that holds:
public enum Verdict: String, Sendable {
  /// Every seed replayed the same run: the difference is exact for this trace, and nothing is known
  /// about others.
  case exact = "exact, one trace"
  /// There are fewer seeds than a conclusion needs.
  case notEnoughSeeds = "not enough seeds"
  /// The difference, if any, is shown to be smaller than the metric's minimum effect.
  case equivalent
  /// The candidate is better: certain after correction, and not shown to be negligible.
  case better
  /// The candidate is worse, in the same sense.
  case worse
  /// There is a difference, in a metric that has no better side.
  case different
  /// The row's own interval excludes 0, but among so many comparisons that may be luck.
  case notSignificant = "not significant after correction"
  /// None of these: there may be a difference, these runs do not show it.
  case noDifference = "no difference detected"
}

/// One metric of one subject, compared.
public struct MetricComparison: Sendable {
  /// On what.
  public let subject: Subject
  /// The metric.
  public let metric: MetricDefinition
  /// The seeds that both have.
  public let seeds: [UInt64]
  /// The difference, candidate minus baseline; where every seed replayed the same run, that of the
  /// one run, without an interval.
  public let estimate: PairedDifference
  /// Two-sided p-value of the paired t-test over seeds.
  public let pValue: Double
  /// The same after Holm's correction over all metrics and subjects of the comparison that have
  /// seeds enough for a verdict; nil for the others and for those that are exact, which are not
  /// tested.
  public let adjustedPValue: Double?
  /// p-value of the two one-sided tests against the metric's minimum effect.
  public let equivalencePValue: Double
  /// The difference request by request, for latencies of runs that keep their records.
  public let requests: RequestEffect?
  /// The conclusion.
  public let verdict: Verdict

  /// Whether the whole interval lies beyond the metric's minimum effect: the difference is not only
  /// certain, but of a size that matters.
  public var exceedsMinimumEffect: Bool {
    guard let interval = estimate.interval, !interval.contains(0) else { return false }
    let least = metric.minimumEffect.amount(baseline: estimate.meanA)
    return interval.lowerBound >= least || interval.upperBound <= -least
  }
}

/// A paired comparison of two strategies, over every metric and subject that both have.
///
/// The unit of replication is the seed. The difference of each seed is one observation; the
/// p-value is the paired t-test's, corrected by Holm over all rows with seeds enough for a verdict;
/// the interval is a bootstrap over seeds, for each row alone. A verdict of better or worse needs
/// both to agree, and the difference not to be shown equivalent.
public struct Comparison: Sendable {
  /// How to compare.
  public struct Options: Sendable {
    /// Names of metrics.
    public var metrics = MetricDefinition.headline
    /// The chance of even one false "better" or "worse" in the whole comparison; intervals have
    /// a confidence of 1 - alpha each.
    public var alpha = 0.05
    /// Fewest seeds for a verdict.
    public var minimumSeeds = 5
    /// Whether to go on with fewer seeds; the verdict then is that they do not suffice.
    public var allowsFewSeeds = false
    /// Whether to read per-request records, where they were kept.
    public var pairsRequests = true

    /// The defaults.
    public init() {}
  }

  /// The baseline's name.
  public let baseline: String
  /// The candidate's name.
  public let candidate: String
  /// The options that were used.
  public let options: Options
  /// One row a subject and metric that both have, by subject and then in order of the options.
  public let rows: [MetricComparison]
  /// What was replayed with the very same requests under every seed, as a recorded trace is where
  /// nothing is drawn: its seeds repeat one observation, and tell nothing of other requests.
  public let repeated: [Subject]
  /// Those of them on which the servers drew nothing either, so that every seed replayed the very
  /// same run.
  public let exact: [Subject]
  /// Rows that were tested, and so the number of comparisons that verdicts are corrected for.
  public var tests: Int { rows.count { $0.adjustedPValue != nil } }

  /// Compares candidate `b` with baseline `a`.
  /// - Throws: `PitwallError`: data where a selection has no runs, where nothing pairs or where
  ///   there are too few seeds; usage for an unknown metric.
  public init(_ a: RunSelection, _ b: RunSelection, _ options: Options = Options()) throws {
    baseline = a.strategy
    candidate = b.strategy
    self.options = options
    let metrics = try options.metrics.map(MetricDefinition.required)
    var tested: [Tested] = []
    let subjects = try pairRuns(a, b)
    guard subjects.contains(where: { !$0.1.isEmpty }) else {
      throw PitwallError(
        .data, at: b.store.path,
        "\(a.strategy) and \(b.strategy) have no workload and seed in common")
    }
    repeated = subjects.filter { $0.1.repeatTheTrace }.map(\.0)
    exact = subjects.filter { $0.1.repeatTheRun }.map(\.0)
    for (subject, pairs) in subjects where !pairs.isEmpty {
      if !pairs.repeatTheRun { try Comparison.checkSeeds(pairs, subject, options) }
      let once = pairs.repeatTheRun ? Array(pairs.prefix(1)) : pairs
      let effects = try Comparison.requestEffects(once, a, b, metrics, options)
      let bootstrap = Bootstrap(n: pairs.count)
      tested += metrics.compactMap { metric in
        Tested(
          subject, metric, pairs, options, bootstrap,
          RequestLatency(metric: metric.name).flatMap { effects[$0] })
      }
    }
    rows = Comparison.concluded(tested, options)
  }

  /// Rows with too few seeds, such as the points of a sweep, get no verdict whatever their p-value;
  /// in the family of tests they would only cost the others power.
  private static func concluded(_ rows: [Tested], _ options: Options) -> [MetricComparison] {
    let family = rows.indices.filter {
      !rows[$0].isExact && rows[$0].seeds.count >= max(2, options.minimumSeeds)
    }
    let adjusted = Dictionary(
      uniqueKeysWithValues: zip(family, Holm.adjusted(family.map { rows[$0].pValue })))
    return rows.indices.map { rows[$0].concluded(adjusted[$0], options) }
  }

  private static func checkSeeds(_ pairs: [RunPair], _ subject: Subject, _ options: Options) throws
  {
    guard pairs.count < options.minimumSeeds, !options.allowsFewSeeds else { return }
    let seeds = pairs.map { "\($0.seed)" }.joined(separator: ", ")
    throw PitwallError(
      .data,
      "\(subject): \(pairs.count) seeds in common (\(seeds)), a comparison needs at least "
        + "\(options.minimumSeeds); run more, or compare anyway with --allow-few")
  }

  /// Reads the records of each pair once for all the latencies that are asked for.
  private static func requestEffects(
    _ pairs: [RunPair], _ a: RunSelection, _ b: RunSelection, _ metrics: [MetricDefinition],
    _ options: Options
  ) throws -> [RequestLatency: RequestEffect] {
    let asked = Set(metrics.compactMap { RequestLatency(metric: $0.name) })
    let latencies = RequestLatency.allCases.filter(asked.contains)
    guard options.pairsRequests, !latencies.isEmpty else { return [:] }
    var differences = [[Double]](repeating: [], count: latencies.count)
    for pair in pairs {
      let before = try a.store.requests(of: pair.a.id)
      let after = try b.store.requests(of: pair.b.id)
      for (index, latency) in latencies.enumerated() {
        latency.appendDifferences(before, after, to: &differences[index])
      }
    }
    return Dictionary(
      uniqueKeysWithValues: zip(latencies, differences).compactMap { latency, differences in
        RequestEffect(differences).map { (latency, $0) }
      })
  }
}

extension MetricDefinition {
  /// The definition of a name that a person gave.
  /// - Throws: `PitwallError` (usage) with the nearest known name.
  public static func required(_ name: String) throws -> MetricDefinition {
    guard let definition = named(name) else {
      let known = all.map(\.name)
      let near = Suggestion.nearest(to: name, in: known)
      throw PitwallError(
        .usage,
        "unknown metric \"\(name)\""
          + (near.map { " (did you mean \"\($0)\"?)" }
            ?? "; pitwall runs --definitions lists all \(known.count)"))
    }
    return definition
  }
}

extension [RunPair] {
  /// Whether several seeds replayed the very same requests.
  fileprivate var repeatTheTrace: Bool { count > 1 && Set(map(\.a.traceDigest)).count == 1 }

  /// Whether, besides, all came to the very same: neither trace nor servers drew by seed.
  fileprivate var repeatTheRun: Bool {
    repeatTheTrace
      && allSatisfy { $0.a.metrics == self[0].a.metrics && $0.b.metrics == self[0].b.metrics }
  }
}

/// A row before the correction for the number of rows.
private struct Tested {
  let subject: Subject
  let metric: MetricDefinition
  let seeds: [UInt64]
  let isExact: Bool
  let estimate: PairedDifference
  let requests: RequestEffect?
  let pValue: Double

  /// Nil where no pair of runs has the metric.
  init?(
    _ subject: Subject, _ metric: MetricDefinition, _ pairs: [RunPair],
    _ options: Comparison.Options, _ bootstrap: Bootstrap, _ requests: RequestEffect?
  ) {
    let measured = pairs.compactMap { pair in
      pair.a.metrics[metric.name].flatMap { a in
        pair.b.metrics[metric.name].map { (seed: pair.seed, a: a, b: $0) }
      }
    }
    guard !measured.isEmpty else { return nil }
    self.subject = subject
    self.metric = metric
    self.requests = requests
    seeds = measured.map(\.seed)
    isExact = pairs.repeatTheRun
    // Repetitions of one observation are one observation.
    let observed = isExact ? Array(measured.prefix(1)) : measured
    estimate = PairedDifference(
      observed.map(\.a), observed.map(\.b), level: 1 - options.alpha,
      bootstrap: observed.count == bootstrap.n ? bootstrap : Bootstrap(n: observed.count))
    pValue = estimate.difference.pValue(differsFrom: 0)
  }

  func concluded(_ adjusted: Double?, _ options: Comparison.Options) -> MetricComparison {
    let margin = metric.minimumEffect.amount(baseline: estimate.meanA)
    let equivalence = estimate.difference.equivalencePValue(margin: margin)
    return MetricComparison(
      subject: subject, metric: metric, seeds: seeds, estimate: estimate, pValue: pValue,
      adjustedPValue: adjusted, equivalencePValue: equivalence, requests: requests,
      verdict: verdict(adjusted, equivalence, options))
  }

  private func verdict(
    _ adjusted: Double?, _ equivalence: Double, _ options: Comparison.Options
  ) -> Verdict {
    if isExact { return .exact }
    guard let adjusted, let interval = estimate.interval else { return .notEnoughSeeds }
    if equivalence < options.alpha { return .equivalent }
    if interval.contains(0) { return .noDifference }
    guard adjusted < options.alpha else { return .notSignificant }
    let isLower = estimate.difference.mean < 0
    return switch metric.direction {
    case .none: .different
    case .lower: isLower ? .better : .worse
    case .higher: isLower ? .worse : .better
    }
  }
}
