import Primitives

/// Where runs of one strategy come from.
public struct RunSelection: Sendable {
  /// The database.
  public var store: RunStore
  /// The strategy's name.
  public var strategy: String
  /// Runs in this experiment's plan; nil means the only experiment of the database, or else all
  /// runs.
  public var experiment: String?
  /// Runs of this workload; nil means all.
  public var workload: String?
  /// Whether runs at the points of a sweep are taken too; these often have one seed only.
  public var includesSweeps = false

  /// Makes a selection.
  public init(
    _ store: RunStore, strategy: String, experiment: String? = nil, workload: String? = nil,
    includesSweeps: Bool = false
  ) {
    self.includesSweeps = includesSweeps
    self.store = store
    self.strategy = strategy
    self.experiment = experiment
    self.workload = workload
  }
}

/// What two strategies were both run on: a workload at a point of a sweep, in one world.
public struct Subject: Sendable, Hashable, Comparable, CustomStringConvertible {
  /// The workload.
  public var workload: String
  /// The point of a sweep, if there is one.
  public var sweep: SweepPoint?
  /// The world.
  public var backend: String

  /// Makes a subject.
  public init(workload: String, sweep: SweepPoint? = nil, backend: String) {
    self.workload = workload
    self.sweep = sweep
    self.backend = backend
  }

  /// `day`, `day slots=8`; outside the simulated world `day (kernel)`.
  public var description: String {
    let world = backend == "simulation" ? "" : " (\(backend))"
    guard let sweep else { return workload + world }
    let whole = Int(exactly: sweep.value).map { "\($0)" }
    return "\(workload) \(sweep.parameter)=\(whole ?? "\(sweep.value)")\(world)"
  }

  public static func < (a: Subject, b: Subject) -> Bool {
    if a.workload != b.workload { return a.workload < b.workload }
    switch (a.sweep, b.sweep) {
    case (nil, nil): return a.backend < b.backend
    case (nil, _): return true
    case (_, nil): return false
    case (let x?, let y?): return x == y ? a.backend < b.backend : x < y
    }
  }
}

/// The metrics of one run, by name.
struct MeasuredRun: Sendable {
  let id: String
  let traceDigest: String
  let metrics: [String: Double]
}

extension RunSelection {
  /// The runs by subject and seed. Where a subject and seed were run more than once (under another
  /// code revision, say), the run that finished last counts.
  func runs() throws -> [Subject: [UInt64: MeasuredRun]] {
    let filter = RunFilter(
      experiment: try experiment ?? store.onlyExperiment(), workload: workload,
      strategy: strategy)
    let metrics = try store.metricTable(filter)
    var result: [Subject: [UInt64: MeasuredRun]] = [:]
    for run in try store.runs(filter) where includesSweeps || run.description.sweep == nil {
      let description = run.description
      let subject = Subject(
        workload: description.workload, sweep: description.sweep, backend: description.backend)
      result[subject, default: [:]][description.seed] = MeasuredRun(
        id: run.id, traceDigest: description.traceDigest, metrics: metrics[run.id] ?? [:])
    }
    return result
  }

  /// Why there are no runs: an unknown experiment, workload or strategy, with what there is.
  func explainNoRuns() throws -> PitwallError {
    let experiments = try store.experiments().map(\.description.name)
    if let experiment, !experiments.contains(experiment) {
      return unknown("experiment", experiment, experiments)
    }
    let runs = try store.runs(RunFilter(experiment: experiment ?? store.onlyExperiment()))
    let workloads = Set(runs.map(\.description.workload)).sorted()
    if let workload, !workloads.contains(workload) {
      return unknown("workload", workload, workloads)
    }
    let strategies = Set(runs.map(\.description.strategy)).sorted()
    return unknown("strategy", strategy, strategies)
  }

  private func unknown(_ kind: String, _ name: String, _ known: [String]) -> PitwallError {
    PitwallError(
      .data, at: store.path,
      "no runs of \(kind) \"\(name)\"" + Suggestion.hint(for: name, in: known))
  }
}

extension RunStore {
  /// The name of the database's experiment, where it holds exactly one.
  func onlyExperiment() throws -> String? {
    let experiments = try experiments()
    return experiments.count == 1 ? experiments[0].description.name : nil
  }
}

/// Two runs of one subject and seed.
struct RunPair: Sendable {
  let seed: UInt64
  let a: MeasuredRun
  let b: MeasuredRun
}

/// Pairs runs of two selections by subject and seed.
/// - Throws: `PitwallError` (data) if a selection has no runs, or if two runs that should be paired
///   replayed different traces and so do not share their luck.
func pairRuns(_ a: RunSelection, _ b: RunSelection) throws -> [(Subject, [RunPair])] {
  let runsA = try a.runs()
  let runsB = try b.runs()
  if runsA.isEmpty { throw try a.explainNoRuns() }
  if runsB.isEmpty { throw try b.explainNoRuns() }
  return try runsA.keys.filter { runsB[$0] != nil }.sorted().map { subject in
    let ofA = runsA[subject] ?? [:]
    let ofB = runsB[subject] ?? [:]
    let pairs = ofA.keys.sorted().compactMap { seed in
      ofA[seed].flatMap { a in ofB[seed].map { RunPair(seed: seed, a: a, b: $0) } }
    }
    if let stranger = pairs.first(where: { $0.a.traceDigest != $0.b.traceDigest }) {
      throw PitwallError(
        .data, at: b.store.path,
        "\(subject), seed \(stranger.seed): runs \(stranger.a.id) and \(stranger.b.id) replayed "
          + "different traces, and cannot be paired")
    }
    return (subject, pairs)
  }
}
