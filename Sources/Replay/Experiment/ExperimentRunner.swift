import Foundation
import Orchestration
import Primitives
import Simulation
import Workload

/// A run that has ended, and what it was.
public struct FinishedRun: Sendable {
  /// What was planned.
  public var plan: PlannedRun
  /// Its trace's name.
  public var traceName: String
  /// Its trace's digest.
  public var traceDigest: String
  /// Where the trace's columns came from.
  public var origins: [ColumnName: Origin]
  /// Names of the adapters by index.
  public var adapterNames: [String]
  /// What came of it.
  public var outcome: RunOutcome
  /// When it began, in wall-clock time.
  public var startedAt: Date
  /// When it ended, in wall-clock time.
  public var finishedAt: Date
}

/// Who keeps the results of an experiment, and follows it. Called from several threads at once.
public protocol RunObserver: Sendable {
  /// Whether a run's result is there already, so that it need not be run.
  func hasResult(of run: PlannedRun) throws -> Bool
  /// So many requests of a run have ended. Returns false to stop the experiment.
  func advanced(_ run: PlannedRun, to requests: Int) -> Bool
  /// A run has ended.
  func finished(_ run: FinishedRun) throws
}

/// Carries out a plan: several runs at a time, each on one thread.
///
/// A run's result depends on its plan alone, so the number of threads changes nothing but the order
/// in which runs end; except in the kernel world, whose runs are made one at a time. At most one trace more than there are runs in flight is in memory, beside
/// those that the plan keeps.
public struct ExperimentRunner: Sendable {
  private let plan: ExperimentPlan
  private let threads: Int
  private let checks: Bool

  /// - Parameters:
  ///   - threads: runs at a time, at least 1.
  ///   - checks: whether each run checks its invariants after every event.
  public init(_ plan: ExperimentPlan, threads: Int, checks: Bool = false) {
    self.plan = plan
    self.threads = max(1, threads)
    self.checks = checks
  }

  /// Runs what has no result yet.
  /// - Returns: how many runs were made.
  /// - Throws: the first error of a run or of the observer; `CancellationError` if the observer
  ///   stops the experiment. Runs in flight are then given up.
  public func run(_ observer: some RunObserver) async throws -> Int {
    try await withThrowingTaskGroup(of: Void.self) { tasks in
      var begun = 0
      // What is measured by wall-clock time has the machine to itself, after everything else.
      for alone in [false, true] {
        for group in plan.groups {
          let open = try group.runs.filter {
            try $0.backend.runsAlone == alone && !observer.hasResult(of: $0)
          }
          guard !open.isEmpty else { continue }
          let trace = try plan.trace(of: group)
          for run in open {
            if alone { try await tasks.waitForAll() }
            if begun >= threads { try await tasks.next() }
            begun += 1
            tasks.addTask { try observer.finished(execute(run, of: group, trace, observer)) }
          }
        }
      }
      try await tasks.waitForAll()
      return begun
    }
  }

  private func execute(
    _ run: PlannedRun, of group: RunGroup, _ trace: Trace, _ observer: some RunObserver
  ) throws -> FinishedRun {
    // Short runs end without ever reporting progress.
    guard observer.advanced(run, to: 0) else { throw CancellationError() }
    var options = Simulation.Options()
    options.checks = checks
    options.sampleInterval = run.seriesInterval
    options.client = plan.experiment.client
    options.horizon = plan.experiment.duration
    let start = Date()
    let scenario = plan.scenario(of: run, trace: trace)
    func goesOn(_ ended: Int) -> Bool { !Task.isCancelled && observer.advanced(run, to: ended) }
    let outcome: RunOutcome
    if let kernel = scenario.kernel {
      outcome = try scenario.replay(on: kernel, options: options, progress: goesOn)
    } else {
      outcome = try scenario.simulate(options: options, progress: goesOn)
    }
    return FinishedRun(
      plan: run, traceName: trace.name, traceDigest: group.traceDigest, origins: trace.origins,
      adapterNames: trace.adapters.map(\.name), outcome: outcome, startedAt: start,
      finishedAt: Date())
  }
}

extension Experiment.Backend {
  /// Whether other runs at the same time would change a run's result.
  fileprivate var runsAlone: Bool { self == .kernel }
}
