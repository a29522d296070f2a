import Primitives

/// One limit on one subject, checked.
public struct GateCheck: Sendable {
  /// The limit.
  public let limit: GateFile.Limit
  /// On what; nil where nothing matched.
  public let subject: Subject?
  /// The seeds that count.
  public let seeds: [UInt64]
  /// The candidate's mean.
  public let value: Double?
  /// The baseline's mean, for limits that have one.
  public let baseline: Double?
  /// The difference from the baseline.
  public let change: PairedDifference?
  /// The decision.
  public let judgement: Judgement

  /// `predictive ttft_p99 max_increase 5 %`.
  public var title: String {
    "\(limit.strategy) \(limit.metric.name) \(limit.bound.text(limit.metric.unit))"
  }
}

/// A gate's result.
public struct GateReport: Sendable {
  /// The gate.
  public let file: GateFile
  /// The database under test.
  public let database: String
  /// Every check, in the order of the file.
  public let checks: [GateCheck]

  /// How the whole gate ended.
  public enum Outcome: Int32, Sendable {
    /// Every limit is kept.
    case pass = 0
    /// At least one limit is broken.
    case regression = 2
    /// None is broken, but of at least one the runs cannot tell.
    case inconclusive = 3
  }

  /// How the whole gate ended; its raw value is the exit code.
  public var outcome: Outcome {
    if checks.contains(where: { $0.judgement.state == .fail }) { return .regression }
    return checks.allSatisfy { $0.judgement.state == .pass } ? .pass : .inconclusive
  }
}

/// Checks a database against a gate file.
public enum Gate {
  /// Checks every limit.
  /// - Throws: `PitwallError` where a database cannot be read, or where a limit names what no run
  ///   of a finished experiment has. Runs that are missing are no error: they make the gate
  ///   inconclusive.
  public static func check(_ file: GateFile, database path: String) throws -> GateReport {
    let store = try RunStore(path)
    var baselines: [String: RunStore] = [:]
    for case let name? in file.limits.map(\.baseline.database) where baselines[name] == nil {
      baselines[name] = try RunStore(name)
    }
    try checkNames(file, store, baselines)
    let samples = try file.limits.flatMap { limit in
      let baseline = limit.baseline.database.flatMap { baselines[$0] } ?? store
      return try Gate.samples(limit, file, store, baseline)
    }
    let rule = GateRule(
      alpha: file.alpha, minimumSeeds: file.minimumSeeds,
      sampleSizes: Set(samples.map(\.values.count)))
    // Exact limits know no luck: they take no part in the correction.
    let statistical = samples.indices.filter { samples[$0].isStatistical }
    let judged = Dictionary(
      uniqueKeysWithValues: zip(statistical, rule.judge(statistical.map { samples[$0].excesses })))
    let checks = samples.indices.map { index in
      samples[index].check(judged[index] ?? samples[index].exactJudgement, rule.alpha)
    }
    return GateReport(file: file, database: path, checks: checks)
  }

  /// Refuses limits that could never be checked, as they name what is not there.
  private static func checkNames(
    _ file: GateFile, _ store: RunStore, _ baselines: [String: RunStore]
  ) throws {
    let names = try RunNames(store, experiment: file.experiment ?? store.onlyExperiment())
    let baselineNames = try baselines.mapValues {
      try RunNames($0, experiment: $0.onlyExperiment())
    }
    for limit in file.limits {
      try names.check(limit)
      guard limit.bound.needsBaseline else { continue }
      try (limit.baseline.database.flatMap { baselineNames[$0] } ?? names).checkBaseline(limit)
    }
  }

  /// The values that a limit is about, one sample a subject.
  private static func samples(
    _ limit: GateFile.Limit, _ file: GateFile, _ store: RunStore, _ baselineStore: RunStore
  ) throws -> [LimitSample] {
    let candidate = RunSelection(
      store, strategy: limit.strategy, experiment: file.experiment, workload: limit.workload,
      includesSweeps: true)
    let runs = try candidate.runs().filter { limit.sweep.includes($0.key.sweep) }
    guard !runs.isEmpty else {
      let reason =
        try candidate.runs().isEmpty
        ? candidate.explainNoRuns().message
        : limit.sweep == .none
          ? "no runs outside of a sweep (sweep: all, or a value, takes these)"
          : "no runs at that point of a sweep"
      return [LimitSample(limit, problem: reason)]
    }
    guard limit.bound.needsBaseline else {
      return runs.keys.sorted().map { LimitSample(limit, $0, runs[$0] ?? [:], baseline: nil) }
    }
    let baseline = RunSelection(
      baselineStore, strategy: limit.baseline.strategy ?? limit.strategy,
      experiment: limit.baseline.database == nil ? file.experiment : nil,
      workload: limit.workload, includesSweeps: true)
    let before = try baseline.runs()
    if before.isEmpty {
      return [LimitSample(limit, problem: "baseline: " + (try baseline.explainNoRuns().message))]
    }
    return runs.keys.sorted().map {
      LimitSample(limit, $0, runs[$0] ?? [:], baseline: before[$0] ?? [:])
    }
  }
}

/// The values of one limit on one subject, before the decision.
private struct LimitSample {
  let limit: GateFile.Limit
  let subject: Subject?
  private(set) var seeds: [UInt64] = []
  /// The candidate's values, by seed.
  private(set) var values: [Double] = []
  /// The baseline's, of the same seeds.
  private(set) var baseline: [Double] = []
  /// Why there is nothing to judge.
  let problem: String?

  init(_ limit: GateFile.Limit, problem: String) {
    self.limit = limit
    subject = nil
    self.problem = problem
  }

  /// - Parameter baseline: the baseline's runs; nil for limits that have none.
  init(
    _ limit: GateFile.Limit, _ subject: Subject, _ runs: [UInt64: MeasuredRun],
    baseline: [UInt64: MeasuredRun]?
  ) {
    self.limit = limit
    self.subject = subject
    let name = limit.metric.name
    var differentTrace = false
    for seed in runs.keys.sorted() {
      guard let run = runs[seed], let value = run.metrics[name] else { continue }
      if let baseline {
        guard let before = baseline[seed], let value = before.metrics[name] else { continue }
        guard before.traceDigest == run.traceDigest else {
          differentTrace = true
          continue
        }
        self.baseline.append(value)
      }
      seeds.append(seed)
      values.append(value)
    }
    problem =
      if !values.isEmpty {
        nil
      } else if differentTrace {
        "the baseline replayed another trace"
      } else if runs.values.allSatisfy({ $0.metrics[name] == nil }) {
        "no run has \(name)"
      } else {
        "the baseline has no run with \(name) on a common seed"
      }
  }

  var isStatistical: Bool { problem == nil && limit.bound != .unchanged }

  var excesses: [Double] {
    values.indices.map { index in
      limit.bound.excess(
        values[index], baseline: baseline.isEmpty ? 0 : baseline[index])
    }
  }

  /// The decision on a limit that is not statistical.
  var exactJudgement: Judgement {
    let state: GateState =
      if let problem {
        .inconclusive(problem)
      } else {
        excesses.allSatisfy { $0 < 0 } ? .pass : .fail
      }
    return Judgement(state: state, adjustedPValue: nil, interval: nil)
  }

  func check(_ judgement: Judgement, _ alpha: Double) -> GateCheck {
    GateCheck(
      limit: limit, subject: subject, seeds: seeds,
      value: values.isEmpty ? nil : SampleMean(values).mean,
      baseline: baseline.isEmpty ? nil : SampleMean(baseline).mean,
      change: baseline.isEmpty
        ? nil
        : PairedDifference(
          baseline, values, level: 1 - alpha, bootstrap: Bootstrap(n: values.count)),
      judgement: judgement)
  }
}
