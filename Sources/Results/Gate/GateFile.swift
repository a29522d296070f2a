import Primitives
import Replay

/// A gate: limits on metrics, read from a YAML file.
///
///     database: results.sqlite      # --db overrides
///     experiment: day
///     alpha: 0.05
///     min_seeds: 5
///     baseline: {strategy: lru}     # and/or {database: main.sqlite}
///     limits:
///       - {metric: ttft_p99, strategy: predictive, workload: day, max: 500 ms}
///       - {metric: ttft_p99, strategy: predictive, max_increase: 5 %}
///       - {metric: loads_device, strategy: lru, baseline: {database: main.sqlite}, unchanged: true}
public struct GateFile: Sendable {
  /// What a change is measured against.
  public struct Baseline: Sendable, Equatable {
    /// Another database; nil means the one under test.
    public var database: String?
    /// Another strategy; nil means the one under test.
    public var strategy: String?
  }

  /// Which runs a limit is about, where an experiment sweeps a parameter.
  public enum SweepChoice: Sendable, Equatable {
    /// Runs outside of any sweep: no `sweep` in the file.
    case none
    /// Each point: `sweep: all`.
    case all
    /// One point: `sweep: 16`.
    case point(Double)

    /// Whether a run at this point, or outside of any sweep, is meant.
    func includes(_ point: SweepPoint?) -> Bool {
      switch self {
      case .none: point == nil
      case .all: point != nil
      case .point(let value): point?.value == value
      }
    }
  }

  /// One limit on one metric of one strategy.
  public struct Limit: Sendable {
    /// The metric.
    public var metric: MetricDefinition
    /// The strategy under test.
    public var strategy: String
    /// On this workload only; nil means on each.
    public var workload: String?
    /// At which points of a sweep.
    public var sweep: SweepChoice
    /// What is allowed.
    public var bound: Bound
    /// Against what.
    public var baseline: Baseline
    /// Where it stands in the file.
    public var place: String
  }

  /// The file.
  public var path: String
  /// The database under test, if the file names one.
  public var database: String?
  /// Only runs in this experiment's plan.
  public var experiment: String?
  /// The chance of even one false failure of the whole gate.
  public var alpha = 0.05
  /// Fewest seeds for a decision.
  public var minimumSeeds = 5
  /// All limits.
  public var limits: [Limit] = []

  /// Reads a gate.
  /// - Parameter baselineDatabase: a database that takes the place of every baseline's own.
  /// - Throws: `PitwallError`: noInput for a missing file, data for anything wrong in it, with
  ///   line and column.
  public static func read(_ path: String, baselineDatabase: String? = nil) throws -> GateFile {
    try GateFile(YAMLValue.read(path), baselineDatabase: baselineDatabase)
  }

  init(_ value: YAMLValue, baselineDatabase: String? = nil) throws {
    var root = try value.mapping()
    path = value.file
    database = try root.value("database")?.string()
    experiment = try root.value("experiment")?.string()
    if let value = root.value("alpha") { alpha = try value.double(in: 0.0001...0.5) }
    if let value = root.value("min_seeds") { minimumSeeds = try value.int(in: 2...10_000) }
    var baseline = try root.value("baseline").map(GateFile.baseline) ?? Baseline()
    if let baselineDatabase { baseline.database = baselineDatabase }
    let list = try root.required("limits")
    limits = try list.list().flatMap { value in
      try GateFile.limits(value, baseline, baselineDatabase)
    }
    guard !limits.isEmpty else { throw list.failure("there is no limit") }
    try root.finish()
  }

  /// `lru`, or `{database: main.sqlite, strategy: lru}`.
  private static func baseline(_ value: YAMLValue) throws -> Baseline {
    guard value.isMapping else { return Baseline(strategy: try value.string()) }
    var mapping = try value.mapping()
    let baseline = Baseline(
      database: try mapping.value("database")?.string(),
      strategy: try mapping.value("strategy")?.string())
    try mapping.finish()
    return baseline
  }

  /// One entry of `limits`: a limit for each bound in it.
  private static func limits(
    _ value: YAMLValue, _ common: Baseline, _ baselineDatabase: String?
  ) throws -> [Limit] {
    var mapping = try value.mapping()
    let metric = try metric(mapping.required("metric"))
    let strategy = try mapping.required("strategy").string()
    let workload = try mapping.value("workload")?.string()
    let sweep = try mapping.value("sweep").map(self.sweep) ?? .none
    var baseline = common
    if let own = mapping.value("baseline") {
      baseline = try self.baseline(own)
      if let baselineDatabase { baseline.database = baselineDatabase }
    }
    let bounds = try bounds(&mapping, metric)
    try mapping.finish()
    guard !bounds.isEmpty else {
      throw value.failure(
        "needs one of max, min, max_increase, max_decrease, unchanged")
    }
    let isItself =
      baseline.database == nil && (baseline.strategy == nil || baseline.strategy == strategy)
    if isItself, bounds.contains(where: \.needsBaseline) {
      throw value.failure("needs a baseline: another strategy, or another database")
    }
    return bounds.map { bound in
      Limit(
        metric: metric, strategy: strategy, workload: workload, sweep: sweep,
        bound: bound, baseline: baseline, place: value.place)
    }
  }

  private static func sweep(_ value: YAMLValue) throws -> SweepChoice {
    try value.parsed("a value of the swept parameter, or all") { text in
      text == "all" ? .all : Double(text).flatMap { $0.isFinite ? .point($0) : nil }
    }
  }

  private static func metric(_ value: YAMLValue) throws -> MetricDefinition {
    let name = try value.string()
    do {
      return try MetricDefinition.required(name)
    } catch let error as PitwallError {
      throw value.failure(error.message)
    }
  }

  private static func bounds(
    _ mapping: inout YAMLMapping, _ metric: MetricDefinition
  ) throws -> [Bound] {
    var bounds: [Bound] = []
    if let value = mapping.value("max") { bounds.append(.max(try amount(value, metric.unit))) }
    if let value = mapping.value("min") { bounds.append(.min(try amount(value, metric.unit))) }
    if let value = mapping.value("max_increase") {
      bounds.append(.maxIncrease(try change(value, metric.unit)))
    }
    if let value = mapping.value("max_decrease") {
      bounds.append(.maxDecrease(try change(value, metric.unit)))
    }
    if let value = mapping.value("unchanged"), try value.bool() { bounds.append(.unchanged) }
    return bounds
  }

  private static func amount(_ value: YAMLValue, _ unit: MetricUnit) throws -> Double {
    try value.parsed(unit.example) { unit.parse($0) }
  }

  /// A change that is worth failing for. Zero is refused: it would fail on differences that nobody
  /// could notice.
  private static func change(_ value: YAMLValue, _ unit: MetricUnit) throws -> Bound.Change {
    let change = try value.parsed("a percentage such as 5 %, or \(unit.example)") { text in
      // A percentage is always of the baseline; points of a ratio are written 0.05.
      MetricUnit.percentage(text).map { Bound.Change.relative($0) }
        ?? unit.parse(text).map { Bound.Change.absolute($0) }
    }
    guard change.amount(1) > 0 else {
      throw value.failure("must be above 0; for no change at all use unchanged: true")
    }
    return change
  }
}
