import Replay
import Results

/// The errors of predictions by metric, regime of load and model.
public struct ErrorTable: Sendable, Equatable {
  /// The errors of one metric over the runs of one regime and model.
  public struct Entry: Sendable, Equatable {
    /// What is compared.
    public var metric: ValidationQuantity
    /// The regime: one of the file's, or ``ErrorTable/all``,
    /// ``ErrorTable/notOverloaded`` or ``ErrorTable/oversubscribed``.
    public var regime: String
    /// The model, or ``ErrorTable/all``.
    public var model: String
    /// How far off the predictions are.
    public var errors: ErrorSummary
    /// How far off the published twin's are, over those of the same runs for which it has one.
    public var twin: ErrorSummary?
  }

  /// The metrics, from the first to the last in which a reader is interested.
  ///
  /// `starts` is 1 or 0 in each run, so that a run's error is 0 or 100 and their mean the percentage
  /// of runs whose start is predicted wrongly.
  public static let metrics: [ValidationQuantity] = [
    .totalThroughput, .itlMean, .ttftCompleted, .completed, .starts, .adapterLoads,
    .adaptersInStep,
  ]
  /// All regimes, or all models.
  public static let all = "all"
  /// The regimes in which the server keeps up, or nearly so.
  public static let notOverloaded = "not_overloaded"
  /// Runs that tell most about copies of adapters: more adapters than slots, of which there are 32 to
  /// 128. With fewer slots measurements disagree among themselves, with more they are hardly short.
  public static let oversubscribed = "oversubscribed_32_128"
  /// Copies in a run below which their number is mostly chance.
  public static let fewestLoads = 100.0

  /// By metric, then regime, then model; without those that no run belongs to.
  public let entries: [Entry]

  /// Computes the table.
  public init(_ runs: [ValidatedRun]) {
    let models = [ErrorTable.all] + Set(runs.map(\.model)).sorted()
    let regimes = ErrorTable.regimes(of: runs)
    entries = ErrorTable.metrics.flatMap { metric in
      regimes.flatMap { regime in
        models.compactMap { model in
          ErrorTable.entry(
            metric, regime, model,
            runs.filter { run in
              ErrorTable.includes(regime, run)
                && (model == ErrorTable.all || model == run.model)
            })
        }
      }
    }
  }

  /// What profiles say of their errors: those of a model that users ask about first.
  func fitErrors(model: String) -> [Profile.Model.FitError] {
    [ValidationQuantity.totalThroughput, .itlMean, .ttftCompleted].compactMap { metric in
      entry(metric, model: model).map {
        Profile.Model.FitError(
          metric: metric.rawValue, smape: $0.errors.mean.rounded(digits: 3), runs: $0.errors.count)
      }
    }
  }

  /// The entry of a metric; nil where no run has both values.
  public func entry(_ metric: ValidationQuantity, regime: String = all, model: String = all)
    -> Entry?
  {
    entries.first { $0.metric == metric && $0.regime == regime && $0.model == model }
  }

  /// Measured and predicted value of each run that has both and in which the metric means
  /// something.
  public static func pairs(
    _ metric: ValidationQuantity, _ runs: [ValidatedRun],
    predicted: (ValidatedRun) -> Observations = { $0.predicted }
  ) -> [(measured: Double, predicted: Double)] {
    runs.compactMap { run in
      guard isCompared(metric, run), let measured = run.measured[metric],
        let prediction = predicted(run)[metric]
      else { return nil }
      return (measured, prediction)
    }
  }

  /// The runs whose predictions are furthest off, the worst first; of equals the one that comes
  /// first in the file.
  public static func worst(_ metric: ValidationQuantity, _ runs: [ValidatedRun], count: Int)
    -> [ValidatedRun]
  {
    var scored: [(error: Double, place: Int)] = []
    for (place, run) in runs.enumerated() {
      guard let pair = pairs(metric, [run]).first else { continue }
      let error = ErrorSummary.smape(measured: pair.measured, predicted: pair.predicted)
      if error > 0 { scored.append((error, place)) }
    }
    scored.sort { ($1.error, $0.place) < ($0.error, $1.place) }
    return scored.prefix(count).map { runs[$0.place] }
  }

  /// Whether a metric means something in a regime: in overload the time to first token grows with
  /// the length of the run, and that of completed requests tells which were completed. Where every
  /// adapter has a slot each is copied once, and few copies are chance.
  static func isCompared(_ metric: ValidationQuantity, _ run: ValidatedRun) -> Bool {
    switch metric {
    case .ttftCompleted: ["unloaded", "slot_queueing"].contains(run.regime)
    case .adapterLoads:
      run.adapters > run.slots && (run.measured[.adapterLoads] ?? 0) >= fewestLoads
    default: true
    }
  }

  /// The regimes that runs have, the least loaded first, behind those that combine several.
  public static func regimes(of runs: [ValidatedRun]) -> [String] {
    let known = keepingUp + ["overloaded", "memory_error"]
    let found = Set(runs.map(\.regime))
    let isCounted = runs.contains { $0.measured[.adapterLoads] != nil }
    return [all, notOverloaded] + (isCounted ? [oversubscribed] : []) + known.filter(found.contains)
      + found.subtracting(known).sorted()
  }

  private static let keepingUp = ["unloaded", "slot_queueing", "transition"]

  private static func includes(_ group: String, _ run: ValidatedRun) -> Bool {
    switch group {
    case all: true
    case notOverloaded: keepingUp.contains(run.regime)
    case oversubscribed: (32...128).contains(run.slots) && run.adapters > run.slots
    default: group == run.regime
    }
  }

  private static func entry(
    _ metric: ValidationQuantity, _ regime: String, _ model: String, _ runs: [ValidatedRun]
  ) -> Entry? {
    ErrorSummary(pairs(metric, runs)).map { errors in
      Entry(
        metric: metric, regime: regime, model: model, errors: errors,
        twin: ErrorSummary(pairs(metric, runs) { $0.twin }))
    }
  }
}
