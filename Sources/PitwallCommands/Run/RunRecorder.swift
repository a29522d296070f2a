import Foundation
import Orchestration
import Primitives
import Replay
import Results
import Synchronization
import Workload

/// Puts finished runs into a database, and shows how far an experiment is.
final class RunRecorder: RunObserver {
  private let store: RunStore
  private let experiment: Experiment
  private let code = CodeRevision.current
  private let host = Host.description
  private let state: Mutex<State>

  private struct State {
    var progress: RunProgress
    var finished: Set<String>
    var isStopped = false
  }

  init(_ plan: ExperimentPlan, _ store: RunStore, showsProgress: Bool) throws {
    self.store = store
    experiment = plan.experiment
    let finished = try plan.runs.filter { try store.contains($0.id) }.map(\.id)
    let open = plan.runs.filter { !finished.contains($0.id) }
    state = Mutex(
      State(
        progress: RunProgress(
          runs: plan.runs.count, finished: finished.count,
          requests: open.reduce(0) { $0 + $1.requests }, isShown: showsProgress),
        finished: Set(finished)))
  }

  /// Runs that are in the database.
  var stored: Int { state.withLock { $0.finished.count } }

  /// Ends the experiment at the next opportunity.
  func stop() { state.withLock { $0.isStopped = true } }

  /// Removes what stands on the line of progress.
  func clearLine() { state.withLock { $0.progress.clear() } }

  func hasResult(of run: PlannedRun) -> Bool { state.withLock { $0.finished.contains(run.id) } }

  func advanced(_ run: PlannedRun, to requests: Int) -> Bool {
    state.withLock { state in
      state.progress.advance(run.id, to: requests)
      return !state.isStopped
    }
  }

  func finished(_ run: FinishedRun) throws {
    var outcome = run.outcome
    if !experiment.recording.residency { outcome.residency = [] }
    let isDetailed = experiment.recording.requests && run.plan.sweepValue == nil
    try store.save(
      description(of: run), of: experiment.description, outcome,
      metrics: Metrics.of(run.outcome, slo: experiment.slo),
      detail: isDetailed ? .full : .summary)
    state.withLock { state in
      state.finished.insert(run.plan.id)
      state.progress.finish(run.plan.id, requests: run.plan.requests)
    }
  }

  private func description(of run: FinishedRun) -> RunDescription {
    let plan = run.plan
    let sweep = experiment.sweep.flatMap { sweep in
      plan.sweepValue.map { SweepPoint(sweep.parameter.rawValue, $0) }
    }
    let columns = run.origins.sorted { $0.key.rawValue < $1.key.rawValue }.map { name, origin in
      TraceColumn(
        column: name.rawValue, provenance: origin.provenance.rawValue, note: origin.note)
    }
    return RunDescription(
      runID: plan.id, workload: plan.workload, strategy: plan.strategy.name,
      backend: plan.backend.rawValue, seed: plan.seed, sweep: sweep, traceName: run.traceName,
      traceDigest: run.traceDigest, traceColumns: columns, configuration: plan.configuration,
      codeRevision: code, modelVersion: plan.backend.modelVersion, host: host,
      startedAt: run.startedAt, finishedAt: run.finishedAt, adapterNames: run.adapterNames)
  }
}
