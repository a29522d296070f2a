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
    /// What the service promises, drawn as lines.
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
  /// - Throws: ``PitwallError``: `usage` where the experiment or baseline is not there or must be
  ///   named, `data` where there are no finished runs.
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
    try check(selection.baseline, stored, store)
    let loader = Loader(store: store, metrics: metrics, selection: selection)
    let names = Set(stored.map(\.description.workload)).sorted()
    return ReportData(
      title: title ?? experiment?.description.name ?? "Results of \(store.path)",
      experiments: experiment.map {
        [Experiment(description: $0.description, planned: $0.planned, finished: $0.finished)]
      } ?? [],
      workloads: try names.map { name in
        try loader.workload(name, stored.filter { $0.description.workload == name })
      })
  }

  /// The experiment of this name; without a name the only one; nil where a store has none.
  private static func experiment(_ name: String?, in store: RunStore) throws -> StoredExperiment? {
    let all = try store.experiments()
    let names = all.map(\.description.name)
    if let name {
      guard let found = all.first(where: { $0.description.name == name }) else {
        throw PitwallError(
          .usage, at: store.path,
          "there is no experiment \(name)" + Suggestion.hint(for: name, in: names))
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

  private static func check(_ baseline: String?, _ runs: [StoredRun], _ store: RunStore) throws {
    let strategies = Set(runs.map(\.description.strategy)).sorted()
    guard let baseline, !strategies.contains(baseline) else { return }
    throw PitwallError(
      .usage, at: store.path,
      "no run has the strategy \(baseline)" + Suggestion.hint(for: baseline, in: strategies))
  }
}

/// Reads one workload after another.
private struct Loader {
  let store: RunStore
  let metrics: [String: [String: Double]]
  let selection: ReportData.Selection

  func workload(_ name: String, _ stored: [StoredRun]) throws -> ReportData.Workload {
    let names = strategyNames(stored)
    var strategies = names.compactMap { strategy -> ReportData.Strategy? in
      let runs = runs(stored.filter { label($0, stored) == strategy && $0.description.sweep == nil })
      return runs.isEmpty ? nil : ReportData.Strategy(name: strategy, runs: runs)
    }
    try addRepresentatives(to: &strategies, stored)
    return ReportData.Workload(
      name: name, strategies: strategies, comparisons: [], sweeps: sweeps(stored, names),
      objective: selection.objective)
  }

  /// A strategy's name, with its world where a workload was run in several.
  private func label(_ run: StoredRun, _ all: [StoredRun]) -> String {
    let description = run.description
    let isAlone = Set(all.map(\.description.backend)).count == 1
    return isAlone ? description.strategy : "\(description.strategy) (\(description.backend))"
  }

  /// The baseline, then the others by name.
  private func strategyNames(_ stored: [StoredRun]) -> [String] {
    let baseline = selection.baseline ?? "lru"
    let baselines = Set(
      stored.filter { $0.description.strategy == baseline }.map { label($0, stored) })
    let others = Set(stored.map { label($0, stored) }).subtracting(baselines)
    return baselines.sorted() + others.sorted()
  }

  /// One run a seed, by seed: the last, where a seed was run again with other code.
  private func runs(_ stored: [StoredRun]) -> [ReportData.Run] {
    var bySeed: [UInt64: ReportData.Run] = [:]
    for run in stored {
      bySeed[run.description.seed] = ReportData.Run(
        description: run.description, metrics: metrics[run.id] ?? [:])
    }
    return bySeed.sorted { $0.key < $1.key }.map(\.value)
  }

  /// Loads one run a strategy in full: that of the seed with the baseline's median p99 TTFT among
  /// the seeds that all strategies have; of its own first seed where there is none.
  private func addRepresentatives(to strategies: inout [ReportData.Strategy], _ stored: [StoredRun])
    throws
  {
    guard let baseline = strategies.first else { return }
    let common = strategies.reduce(Set(baseline.runs.map(\.description.seed))) { seeds, strategy in
      seeds.intersection(strategy.runs.map(\.description.seed))
    }
    let ranked = baseline.runs.filter { common.contains($0.description.seed) }.sorted { a, b in
      (a.metrics["ttft_p99"] ?? 0, a.description.seed)
        < (b.metrics["ttft_p99"] ?? 0, b.description.seed)
    }
    let seed = ranked.isEmpty ? nil : ranked[(ranked.count - 1) / 2].description.seed
    for index in strategies.indices {
      let runs = strategies[index].runs
      guard let run = runs.first(where: { $0.description.seed == seed }) ?? runs.first,
        let details = stored.first(where: { $0.id == run.description.runID })
      else { continue }
      strategies[index].representative = try detail(details, strategies[index].name)
      strategies[index].adapterNames = try store.adapterNames(of: details.id)
    }
  }

  private func detail(_ run: StoredRun, _ strategy: String) throws -> StrategyRun {
    StrategyRun(
      strategy: strategy, runID: run.id, seed: run.description.seed,
      requests: try store.requests(of: run.id), samples: try store.samples(of: run.id),
      residency: try store.residency(of: run.id), memory: run.memory, end: run.end)
  }

  private func sweeps(_ stored: [StoredRun], _ names: [String]) -> [ReportData.Sweep] {
    let parameters = Set(stored.compactMap { $0.description.sweep?.parameter }).sorted()
    return parameters.map { parameter in
      ReportData.Sweep(
        parameter: parameter,
        strategies: names.compactMap { name in
          let own = stored.filter {
            $0.description.sweep?.parameter == parameter && label($0, stored) == name
          }
          let values = Set(own.compactMap { $0.description.sweep?.value }).sorted()
          let points = values.map { value in
            (value: value, runs: runs(own.filter { $0.description.sweep?.value == value }))
          }
          return points.isEmpty ? nil : (name, points)
        })
    }
  }
}
