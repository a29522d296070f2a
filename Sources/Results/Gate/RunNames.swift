import Primitives

/// The names that an experiment's runs carry. They tell a slip of the hand in a gate file, which is
/// an error, from runs that are missing, which leave the gate inconclusive.
struct RunNames {
  private let store: RunStore
  private let experiment: String?
  private var strategies: Set<String> = []
  private var workloads: Set<String> = []
  private var metrics: Set<String> = []
  /// Whether no run is planned that is yet to come, and could bring a new name.
  private let isComplete: Bool

  /// - Parameter experiment: nil means all runs of the database.
  init(_ store: RunStore, experiment: String?) throws {
    self.store = store
    self.experiment = experiment
    let filter = RunFilter(experiment: experiment)
    let runs = try store.runs(filter)
    for run in runs {
      strategies.insert(run.description.strategy)
      workloads.insert(run.description.workload)
    }
    for values in try store.metricTable(filter).values { metrics.formUnion(values.keys) }
    let unfinished = try store.experiments().filter {
      (experiment == nil || experiment == $0.description.name) && $0.finished < $0.planned
    }
    isComplete = !runs.isEmpty && unfinished.isEmpty
  }

  /// Refuses a limit whose strategy, workload or metric no run has.
  func check(_ limit: GateFile.Limit) throws {
    try check(limit.strategy, "strategy", among: strategies, limit)
    if let workload = limit.workload {
      try check(workload, "workload", among: workloads, limit)
    }
    try check(limit.metric.name, "metric", among: metrics, limit)
  }

  /// Refuses a limit whose baseline names a strategy that no run has.
  func checkBaseline(_ limit: GateFile.Limit) throws {
    guard let strategy = limit.baseline.strategy else { return }
    try check(strategy, "baseline strategy", among: strategies, limit)
  }

  private func check(
    _ name: String, _ kind: String, among known: Set<String>, _ limit: GateFile.Limit
  ) throws {
    guard isComplete, !known.contains(name) else { return }
    let place = experiment.map { "experiment \"\($0)\" in \(store.path)" } ?? store.path
    throw PitwallError(
      .data, at: limit.place,
      "\(kind): no run of \(place) has \"\(name)\"" + Suggestion.hint(for: name, in: known.sorted())
    )
  }
}
