import Foundation
import Orchestration
import Primitives
import Results

extension ReportData {
  /// What of a store goes into a report.
  public struct Selection: Sendable {
    /// The experiment; nil means the only one there is.
    public var experiment: String?
    /// The strategy that others are compared with; nil means `lru`, or the first by name.
    public var baseline: String?
    /// What the service promises, drawn as lines; a bound that is nil is taken from the runs.
    public var objective: SLO

    /// Makes a selection.
    public init(experiment: String? = nil, baseline: String? = nil, objective: SLO = SLO()) {
      self.experiment = experiment
      self.baseline = baseline
      self.objective = objective
    }
  }

  /// Reads an experiment's runs from a results database.
  ///
  /// - Throws: ``PitwallError``: `data` where the experiment or the baseline is not there or there
  ///   are no finished runs, `usage` where an experiment must be named.
  public static func load(
    from store: RunStore, _ selection: Selection = Selection(), title: String? = nil
  ) throws -> ReportData {
    let experiment = try experiment(selection.experiment, in: store)
    let filter = RunFilter(experiment: experiment?.description.name)
    let metrics = try store.metricTable(filter)
    let stored = try store.runs(filter)
    guard !stored.isEmpty else {
      throw PitwallError(.data, at: store.path, "there are no finished runs to report on")
    }
    let baseline = try baseline(selection.baseline, stored, store)
    let loader = WorkloadLoader(
      store: store, metrics: metrics, baseline: baseline, objective: selection.objective,
      compared: try compare(stored, with: baseline, store, experiment?.description.name))
    let names = workloads(stored)
    return ReportData(
      title: title ?? experiment?.description.name ?? "Results of \(store.path)",
      experiments: experiment.map {
        [Experiment(description: $0.description, planned: $0.planned, finished: $0.finished)]
      } ?? [],
      workloads: try names.map { name in
        try loader.workload(name, stored.filter { $0.description.workload == name })
      })
  }

  /// Workloads in the order in which they were first run, which is that of the experiment.
  private static func workloads(_ runs: [StoredRun]) -> [String] {
    let starts = Dictionary(
      runs.map { ($0.description.workload, $0.description.startedAt) }, uniquingKeysWith: min)
    return starts.sorted { ($0.value, $0.key) < ($1.value, $1.key) }.map(\.key)
  }

  /// The experiment of this name; without a name the only one; nil where a store has none.
  private static func experiment(_ name: String?, in store: RunStore) throws -> StoredExperiment? {
    let all = try store.experiments()
    let names = all.map(\.description.name)
    if let name {
      guard let found = all.first(where: { $0.description.name == name }) else {
        throw PitwallError(
          .data, at: store.path,
          "no runs of experiment \"\(name)\"" + Suggestion.hint(for: name, in: names))
      }
      return found
    }
    guard all.count <= 1 else {
      throw PitwallError(
        .usage, at: store.path,
        "there are several experiments, name one of them: \(names.joined(separator: ", "))")
    }
    return all.first
  }

  /// The strategy that others are compared with.
  private static func baseline(_ name: String?, _ runs: [StoredRun], _ store: RunStore) throws
    -> String
  {
    let strategies = Set(runs.map(\.description.strategy)).sorted()
    if let name, !strategies.contains(name) {
      throw PitwallError(
        .data, at: store.path,
        "no runs of strategy \"\(name)\"" + Suggestion.hint(for: name, in: strategies))
    }
    return name ?? strategies.first { $0 == "lru" } ?? strategies[0]
  }

  /// Compares each strategy with the baseline where both have runs of the same workload and seed.
  private static func compare(
    _ runs: [StoredRun], with baseline: String, _ store: RunStore, _ experiment: String?
  ) throws -> [Comparison] {
    func subjects(_ strategy: String) -> Set<[String]> {
      let own = runs.filter { $0.description.strategy == strategy }.map(\.description)
      return Set(
        own.map { run in
          let sweep = run.sweep.map { "\($0.parameter)=\($0.value)" } ?? ""
          return [run.workload, run.backend, sweep, String(run.seed)]
        })
    }
    var options = Comparison.Options()
    options.allowsFewSeeds = true
    let others = Set(runs.map(\.description.strategy)).subtracting([baseline]).sorted()
    return try others.filter { !subjects($0).isDisjoint(with: subjects(baseline)) }.map { other in
      try Comparison(
        RunSelection(store, strategy: baseline, experiment: experiment),
        RunSelection(store, strategy: other, experiment: experiment), options)
    }
  }
}
