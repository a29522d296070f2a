import Orchestration
import Primitives
import Workload

/// One run of an experiment: a workload, a seed, a strategy, a world, and a point of the sweep.
public struct PlannedRun: Sendable, Identifiable {
  /// 16 hexadecimal digits; equal ids mean equal results.
  public var id: String
  /// The workload's name.
  public var workload: String
  /// How it decides.
  public var strategy: Strategy
  /// The world.
  public var backend: Experiment.Backend
  /// The seed of the trace's making and of policies that draw lots.
  public var seed: UInt64
  /// The point of the experiment's sweep; nil for a run of the experiment proper.
  public var sweepValue: Double?
  /// The server, at this point.
  public var server: ServerSpec
  /// All that determines the result.
  public var configuration: String
  /// Time between points of the time series.
  public var seriesInterval: Nanoseconds
  /// Requests in the trace.
  public var requests: Int
  /// The engine, where the world is the kernel's.
  public var kernel: KernelDeployment?
}

/// The runs that replay one trace.
public struct RunGroup: Sendable {
  /// How the trace comes about.
  public var workload: TraceRecipe
  /// Its seed.
  public var seed: UInt64
  /// Its digest.
  public var traceDigest: String
  /// The runs, strategy by strategy.
  public var runs: [PlannedRun]
  /// The trace, where all traces together are small enough to be kept.
  fileprivate var trace: Trace?
}

/// All runs of an experiment, checked: making one finds every error that can be found without
/// running anything.
public struct ExperimentPlan: Sendable {
  /// What is planned.
  public let experiment: Experiment
  /// The runs, by trace.
  public private(set) var groups: [RunGroup] = []
  private let traces: TraceShelf

  /// Rows of traces that are kept from planning until they are replayed (about 36 bytes each);
  /// beyond this they are made a second time.
  private static let keptRows = 4_000_000

  /// All runs.
  public var runs: [PlannedRun] { groups.flatMap(\.runs) }

  /// Plans an experiment: makes each trace, derives the ids, checks each run.
  /// - Throws: `PitwallError` for traces that cannot be made and runs that make no sense.
  public init(_ experiment: Experiment) throws {
    self.experiment = experiment
    traces = try TraceShelf(experiment)
    var rows = 0
    for workload in experiment.workloads {
      for seed in experiment.seedsOfRuns(on: workload.name) {
        let trace = try traces.trace(of: workload, seed: seed)
        rows += trace.count
        var group = try plan(workload, seed, trace)
        if rows <= ExperimentPlan.keptRows { group.trace = trace }
        groups.append(group)
      }
    }
  }

  /// The trace of a group.
  public func trace(of group: RunGroup) throws -> Trace {
    try group.trace ?? traces.trace(of: group.workload, seed: group.seed)
  }

  /// What a run is, for a world to run it.
  public func scenario(of run: PlannedRun, trace: Trace) -> Scenario {
    var scenario = Scenario(
      trace: trace, server: run.server, strategy: run.strategy, seed: run.seed,
      registry: experiment.registry)
    scenario.kernel = run.kernel
    return scenario
  }

  private func plan(_ workload: TraceRecipe, _ seed: UInt64, _ trace: Trace) throws -> RunGroup {
    var group = RunGroup(workload: workload, seed: seed, traceDigest: trace.digest(), runs: [])
    let interval =
      experiment.recording.seriesInterval ?? ExperimentPlan.interval(spanning: trace.span)
    for point in experiment.points(on: workload.name, seed: seed) {
      var common = experiment.server
      if let point { experiment.sweep?.parameter.set(point, in: &common) }
      let deployment = try deploy(trace, on: common)
      if let deployment { common = deployment.applied(to: common) }
      for strategy in experiment.strategies {
        let server = strategy.applied(to: common)
        for backend in experiment.backends {
          let configuration = experiment.configuration(
            of: workload, traceDigest: group.traceDigest, strategy: strategy, server: server,
            backend: backend, seed: seed, sweepValue: point, seriesInterval: interval)
          let run = PlannedRun(
            id: String(SHA256.hex(configuration).prefix(16)), workload: workload.name,
            strategy: strategy, backend: backend, seed: seed, sweepValue: point, server: server,
            configuration: configuration, seriesInterval: interval, requests: trace.count,
            kernel: backend == .kernel ? deployment : nil)
          try check(run, of: workload, trace)
          group.runs.append(run)
        }
      }
    }
    return group
  }

  /// Makes the adapters that an engine is to have.
  private func deploy(_ trace: Trace, on server: ServerSpec) throws -> KernelDeployment? {
    do {
      return try experiment.kernel.map { try KernelDeployment($0, for: trace, on: server) }
    } catch let error as PitwallError where error.place == "server" {
      throw PitwallError(error.code, at: experiment.serverPlace, error.description)
    }
  }

  /// Refuses runs that make no sense, with the line of the file that is to blame.
  private func check(_ run: PlannedRun, of workload: TraceRecipe, _ trace: Trace) throws {
    do {
      try scenario(of: run, trace: trace).validate()
    } catch let error as PitwallError {
      switch error.place {
      case "server":
        throw PitwallError(
          error.code, at: experiment.serverPlace, error.description + describePoint(of: run))
      case trace.name:
        throw PitwallError(
          error.code, at: workload.place, "workloads.\(workload.name): \(error.description)")
      default: throw error
      }
    }
  }

  /// ` (at slots = 512 of the sweep)`; nothing for a run of the experiment proper.
  private func describePoint(of run: PlannedRun) -> String {
    guard let value = run.sweepValue, let sweep = experiment.sweep else { return "" }
    let number = Int(exactly: value).map { "\($0)" } ?? "\(value)"
    return " (at \(sweep.parameter.rawValue) = \(number) of the sweep)"
  }

  /// The round interval (1, 2 or 5 times a power of ten) that gives 300 to 750 points.
  private static func interval(spanning span: Nanoseconds) -> Nanoseconds {
    var unit: Nanoseconds = 10_000_000
    while true {
      for step in [1, 2, 5] as [Nanoseconds] where span / (unit * step) <= 750 {
        return unit * step
      }
      unit *= 10
    }
  }
}

extension Experiment {
  /// The seeds of any run on a workload, the experiment's own first.
  fileprivate func seedsOfRuns(on workload: String) -> [UInt64] {
    guard let sweep, sweep.workloads.contains(workload) else { return seeds }
    return seeds + sweep.seeds.filter { !seeds.contains($0) }
  }

  /// The points at which a workload is run with a seed; nil stands for the experiment proper.
  fileprivate func points(on workload: String, seed: UInt64) -> [Double?] {
    let proper: [Double?] = seeds.contains(seed) ? [nil] : []
    guard let sweep, sweep.workloads.contains(workload), sweep.seeds.contains(seed) else {
      return proper
    }
    return proper + sweep.values
  }
}

/// The named traces of an experiment; those that no seed changes are made once.
private struct TraceShelf: Sendable {
  private let recipes: [TraceRecipe]
  private var fixed: [String: Trace] = [:]

  init(_ experiment: Experiment) throws {
    recipes = experiment.traces
    for recipe in recipes where !recipe.dependsOnSeed {
      fixed[recipe.name] = try recipe.make(seed: 0, named: [:])
    }
  }

  /// A workload's trace.
  func trace(of workload: TraceRecipe, seed: UInt64) throws -> Trace {
    var named: [String: Trace] = [:]
    for recipe in recipes {
      named[recipe.name] = try fixed[recipe.name] ?? recipe.make(seed: seed, named: named)
    }
    return try workload.make(seed: seed, named: named)
  }
}
