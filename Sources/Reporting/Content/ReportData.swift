import Orchestration
import Primitives
import Results

/// Everything that a report says, as plain values: what has been read from a store, or made up in
/// a test.
public struct ReportData: Sendable {
  /// The page's heading.
  public var title: String
  /// The experiments that the runs belong to.
  public var experiments: [Experiment]
  /// One section each.
  public var workloads: [Workload]

  /// Makes a report's content.
  public init(title: String, experiments: [Experiment] = [], workloads: [Workload]) {
    self.title = title
    self.experiments = experiments
    self.workloads = workloads
  }

  /// An experiment, and how far it has come.
  public struct Experiment: Sendable {
    /// Name and configuration.
    public var description: ExperimentDescription
    /// Runs in its plan.
    public var planned: Int
    /// Of these, runs that are finished.
    public var finished: Int

    /// Makes an experiment.
    public init(description: ExperimentDescription, planned: Int, finished: Int) {
      self.description = description
      self.planned = planned
      self.finished = finished
    }
  }

  /// A trace with its transforms, and what each strategy made of it.
  public struct Workload: Sendable {
    /// Its name.
    public var name: String
    /// The baseline first.
    public var strategies: [Strategy]
    /// What comes of changing from the baseline to another strategy.
    public var comparisons: [StrategyComparison]
    /// Runs in which one parameter was varied.
    public var sweeps: [Sweep]
    /// Hit ratios of the references in arrival order, loading on demand only, by slots.
    public var bounds: [HitRatioBySlots.Curve]
    /// What the service promises.
    public var objective: SLO

    /// Makes a workload.
    public init(
      name: String, strategies: [Strategy], comparisons: [StrategyComparison] = [],
      sweeps: [Sweep] = [],
      bounds: [HitRatioBySlots.Curve] = [], objective: SLO = SLO()
    ) {
      self.name = name
      self.strategies = strategies
      self.comparisons = comparisons
      self.sweeps = sweeps
      self.bounds = bounds
      self.objective = objective
    }
  }

  /// A strategy's runs on a workload.
  public struct Strategy: Sendable {
    /// Its name.
    public var name: String
    /// One a seed, by seed.
    public var runs: [Run]
    /// The run from which the charts over requests and over time are drawn.
    public var representative: StrategyRun?
    /// Names of the adapters by index; may be empty.
    public var adapterNames: [String]

    /// Makes a strategy.
    public init(
      name: String, runs: [Run], representative: StrategyRun? = nil, adapterNames: [String] = []
    ) {
      self.name = name
      self.runs = runs
      self.representative = representative
      self.adapterNames = adapterNames
    }
  }

  /// One run and its metrics.
  public struct Run: Sendable {
    /// What it is a result of.
    public var description: RunDescription
    /// By metric's name.
    public var metrics: [String: Double]

    /// Makes a run.
    public init(description: RunDescription, metrics: [String: Double]) {
      self.description = description
      self.metrics = metrics
    }
  }

  /// All differences between two strategies.
  public struct StrategyComparison: Sendable {
    /// What is compared against.
    public var baseline: String
    /// What is compared.
    public var candidate: String
    /// Seeds that both ran with.
    public var seeds: Int
    /// How many comparisons the verdicts are corrected for, those on other workloads included.
    public var tests: Int
    /// By metric.
    public var differences: [Difference]

    /// Makes a comparison.
    public init(
      baseline: String, candidate: String, seeds: Int, tests: Int, differences: [Difference]
    ) {
      self.baseline = baseline
      self.candidate = candidate
      self.seeds = seeds
      self.tests = tests
      self.differences = differences
    }
  }

  /// A parameter, and what each strategy made of its values.
  public struct Sweep: Sendable {
    /// The parameter's name.
    public var parameter: String
    /// Whether it is the number of adapter slots, for which a trace has bounds.
    var isOverSlots: Bool { parameter.lowercased().contains("slots") }
    /// Strategies with the runs at each value, by rising value.
    public var strategies: [(name: String, points: [(value: Double, runs: [Run])])]

    /// Makes a sweep.
    public init(
      parameter: String, strategies: [(name: String, points: [(value: Double, runs: [Run])])]
    ) {
      self.parameter = parameter
      self.strategies = strategies
    }
  }
}
