import ArgumentParser
import Foundation
import Orchestration
import Policies
import Primitives
import Replay
import Reporting
import Results
import Workload

/// `pitwall run`
struct RunCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "run",
    abstract: "Run an experiment: replay, compare, report.",
    discussion: """
      Replays every workload under every strategy and seed, keeps each finished run in the \
      database, prints the comparisons and writes the report. Runs whose result is in the database \
      already are not run again, so an interrupted experiment goes on where it was.

      PITWALL_TRACES names the folder of recorded traces. Experiments/README.md describes the file.

      EXAMPLES
        pitwall run Experiments/quickstart.yaml
        pitwall run my.yaml --db my.sqlite --threads 8 --out report
      """)

  @Argument(help: "The experiment.", completion: .file(extensions: ["yaml"]))
  var file: String

  @OptionGroup var database: DatabaseOption

  @Option(help: "Runs at a time (default: one for each core).")
  var threads: Int?

  @Option(
    help: ArgumentHelp("Folder of the report (default: Reports/out/NAME).", valueName: "folder"),
    completion: .directory)
  var out: String?

  @Option(help: "Seeds in place of the file's: how many, or a list with commas between.")
  var seeds: SeedList?

  @Flag(help: "Check every invariant after every event; several times slower.")
  var check = false

  @Flag(name: .customLong("no-report"), help: "Write no report.")
  var noReport = false

  @Flag(name: .customLong("dry-run"), help: "Print the runs, and run nothing.")
  var dryRun = false

  @Flag(name: .shortAndLong, help: "Show no progress.")
  var quiet = false

  func validate() throws {
    if let threads, threads < 1 { throw ValidationError("--threads must be at least 1") }
  }

  func run() async throws {
    let experiment = try Experiment.read(
      file, recordings: ProcessInfo.processInfo.environment["PITWALL_TRACES"],
      seeds: seeds?.values, registry: Pitwall.registry)
    let metrics = try experiment.checkedMetrics()
    let plan = try ExperimentPlan(experiment)
    if dryRun { return print(plan.table().rendered(as: .table), terminator: "") }

    let store = try RunStore(database.path, for: .writing)
    try store.plan(experiment.description, runIDs: plan.runs.map(\.id))
    for line in experiment.sources { Terminal.note(line) }
    let recorder = try RunRecorder(plan, store, showsProgress: !quiet)
    try await carryOut(plan, recorder)
    try saveBounds(plan, store)
    try warnOfSaturation(experiment, store)
    try printComparisons(experiment, store, metrics)
    if !noReport { try await writeReport(experiment, store) }
  }

  private func carryOut(_ plan: ExperimentPlan, _ recorder: RunRecorder) async throws {
    let interruption = Interruption { recorder.stop() }
    defer { interruption.end() }
    let threads = threads ?? ProcessInfo.processInfo.activeProcessorCount
    let start = Date()
    do {
      let made = try await ExperimentRunner(plan, threads: threads, checks: check).run(recorder)
      recorder.clearLine()
      let runs = plan.runs.count
      let seconds = NumberText.fixed(Date().timeIntervalSince(start), decimals: 1)
      Terminal.note(
        made == runs
          ? "\(runs) runs in \(seconds) s"
          : "\(made) runs in \(seconds) s, \(runs - made) were in the database already")
    } catch is CancellationError {
      recorder.clearLine()
      Terminal.note(
        "pitwall: interrupted; \(recorder.stored) of \(plan.runs.count) runs are in the database, "
          + "the same command goes on from there")
      throw ExitCode(130)
    } catch {
      recorder.clearLine()
      throw error
    }
  }

  /// Keeps what the traces of a sweep over slots allow by themselves, for the report to draw.
  private func saveBounds(_ plan: ExperimentPlan, _ store: RunStore) throws {
    guard let sweep = plan.experiment.sweep, sweep.parameter == .slots else { return }
    let slots = sweep.values.map { Int($0) }
    for group in plan.groups where group.runs.contains(where: { $0.sweepValue != nil }) {
      let known = Set(try store.bounds(ofTrace: group.traceDigest).map(\.slots))
      guard !known.isSuperset(of: slots) else { continue }
      let trace = try plan.trace(of: group)
      let reuse = ReuseStatistics(
        of: trace.adapterReferences(), adapters: trace.adapters.count, slots: slots)
      let bounds = reuse.hitRatios.map {
        HitRatioBounds(slots: $0.slots, lru: $0.lru, opt: $0.opt)
      }
      try store.save(bounds, ofTrace: group.traceDigest)
    }
  }

  /// Says of which workloads the latencies tell no more than how long the trace is.
  private func warnOfSaturation(_ experiment: Experiment, _ store: RunStore) throws {
    let filter = RunFilter(experiment: experiment.name)
    let metrics = try store.metricTable(filter)
    let runs = try store.runs(filter).filter { $0.description.sweep == nil }
    for workload in experiment.workloads {
      let own = runs.filter { $0.description.workload == workload.name }
      let found = Saturation(own.map { ($0.description.strategy, metrics[$0.id] ?? [:]) })
      if let found { Terminal.note("warning: \(workload.name): \(found)") }
    }
  }

  /// Prints each compared strategy against the baseline, where there is enough to say something.
  private func printComparisons(
    _ experiment: Experiment, _ store: RunStore, _ metrics: [String]
  ) throws {
    guard let baseline = experiment.compared.first else { return }
    var options = Comparison.Options()
    options.metrics = metrics
    options.allowsFewSeeds = true
    for candidate in experiment.compared.dropFirst() {
      let comparison = try Comparison(
        RunSelection(store, strategy: baseline, experiment: experiment.name),
        RunSelection(store, strategy: candidate, experiment: experiment.name), options)
      print(comparison.forPeople().rendered(as: .table), terminator: "")
      print(comparison.legend(isAcrossDatabases: false) + "\n")
    }
  }

  private func writeReport(_ experiment: Experiment, _ store: RunStore) async throws {
    let selection = ReportData.Selection(
      experiment: experiment.name, baseline: experiment.compared.first, objective: experiment.slo)
    let data = try ReportData.load(from: store, selection, title: experiment.title)
    let folder = out ?? "Reports/out/\(experiment.name)"
    print("report: \(try await Report(data).write(to: folder))")
  }
}

/// `5` for the seeds 1 to 5, or `3,7,11`.
struct SeedList: ExpressibleByArgument {
  let values: [UInt64]

  /// The seed 1 alone.
  static let one = SeedList(values: [1])

  private init(values: [UInt64]) { self.values = values }

  init?(argument: String) {
    if let count = Int(argument) {
      guard (1...10_000).contains(count) else { return nil }
      values = (1...UInt64(count)).map { $0 }
      return
    }
    let parts = argument.split(separator: ",", omittingEmptySubsequences: false)
    let numbers = parts.compactMap { UInt64($0) }.filter { $0 <= UInt64(Int.max) }
    guard numbers.count == parts.count, Set(numbers).count == numbers.count else { return nil }
    values = numbers
  }
}

extension Experiment {
  /// What the database says of the experiment.
  var description: ExperimentDescription { ExperimentDescription(name: name, config: text) }

  /// The metrics to compare.
  /// - Throws: `PitwallError` (data) for a name that is unknown.
  func checkedMetrics() throws -> [String] {
    let known = MetricDefinition.all.map(\.name)
    for metric in metrics where !known.contains(metric.name) {
      throw PitwallError(
        .data, at: metric.place,
        "report.metrics: unknown metric \"\(metric.name)\""
          + Suggestion.hint(for: metric.name, in: known))
    }
    return metrics.isEmpty ? MetricDefinition.headline : metrics.map(\.name)
  }

  /// In a line each, what the workloads are made from, and where a fitted trace stands in for a
  /// recording.
  var sources: [String] {
    workloads.map { "\($0.name): \($0.description)" }
      + (traces + workloads).compactMap(\.substitution)
  }
}

extension ExperimentPlan {
  /// The runs, a line each.
  func table() -> TextTable {
    var table = TextTable(["run", "workload", "strategy", "seed", "sweep", "requests"])
    for run in runs {
      let point = run.sweepValue.flatMap { value in
        experiment.sweep.map { "\($0.parameter.rawValue)=\(NumberText.significant(value))" }
      }
      table.append([
        .text(run.id), .text(run.workload), .text(run.strategy.name), .integer(Int64(run.seed)),
        point.map { .text($0) } ?? .missing, .integer(Int64(run.requests)),
      ])
    }
    return table
  }
}
