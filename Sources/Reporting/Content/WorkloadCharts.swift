import Orchestration
import Results

/// The charts of one workload, in the order in which its section shows them.
struct WorkloadCharts {
  /// Latency distributions, and the tail and the queue over time.
  private(set) var latency: [Chart] = []
  /// Memory and adapters over time, two a strategy.
  private(set) var memory: [Chart] = []
  /// Hit ratio by slots, or by what else was varied.
  private(set) var sweeps: [Chart] = []
  /// One forest plot a comparison.
  private(set) var comparisons: [Chart] = []

  private let workload: ReportData.Workload
  private let prefix: String

  /// Describes the charts.
  /// - Parameter index: the workload's position, which keeps names apart that make equal slugs.
  init(_ workload: ReportData.Workload, index: Int) {
    self.workload = workload
    prefix = "w\(index + 1)-\(Slug.of(workload.name))"
    addRunCharts()
    addSweeps()
    for (position, comparison) in workload.comparisons.enumerated() {
      comparisons.append(
        ForestPlot.chart(
          comparison.differences, tests: comparison.tests, baseline: comparison.baseline,
          candidate: comparison.candidate, name: "\(prefix)-difference-\(position + 1)",
          context: workload.name))
    }
  }

  private func context(_ run: StrategyRun) -> String { "\(workload.name), seed \(run.seed)" }

  private mutating func addRunCharts() {
    let runs = workload.strategies.compactMap(\.representative)
    guard let first = runs.first else { return }
    let context = context(first)
    if runs.contains(where: { !$0.requests.isEmpty }) {
      let objective = workload.objective
      latency += [
        LatencyDistribution.chart(
          .timeToFirstToken, of: runs, objective: objective.ttft, name: "\(prefix)-ttft",
          context: context),
        LatencyDistribution.chart(
          .endToEnd, of: runs, objective: objective.e2e, name: "\(prefix)-e2e", context: context),
        TailOverTime.chart(
          of: runs, objective: objective.ttft, name: "\(prefix)-p99-over-time", context: context),
      ]
    }
    if runs.contains(where: { !$0.samples.isEmpty }) {
      latency.append(
        QueueDepth.chart(of: runs, name: "\(prefix)-queue", context: context))
    }
    addMemory(runs)
  }

  /// Memory of all strategies, then adapters of all, so that the same chart of two strategies
  /// stands side by side.
  private mutating func addMemory(_ runs: [StrategyRun]) {
    for (index, run) in runs.enumerated() where !run.samples.isEmpty {
      memory.append(
        MemoryOverTime.chart(of: run, name: "\(prefix)-memory-\(index + 1)", context: context(run)))
    }
    let adapters = ResidencyTimeline.longest(runs)
    let names = workload.strategies.first { !$0.adapterNames.isEmpty }?.adapterNames ?? []
    guard !adapters.isEmpty else { return }
    for (index, run) in runs.enumerated() {
      memory.append(
        ResidencyTimeline.chart(
          of: run, adapters: adapters,
          label: { adapter in
            names.indices.contains(Int(adapter)) ? names[Int(adapter)] : "adapter \(adapter)"
          },
          name: "\(prefix)-adapters-\(index + 1)", context: context(run)))
    }
  }

  private mutating func addSweeps() {
    for (index, sweep) in workload.sweeps.enumerated() {
      let isSlots = sweep.isOverSlots
      let parameter = isSlots ? "adapter slots" : sweep.parameter
      let ratios = sweep.means(of: "hit_ratio").map { HitRatioBySlots.Curve($0.name, $0.points) }
      if ratios.contains(where: { !$0.points.isEmpty }) {
        sweeps.append(
          HitRatioBySlots.chart(
            ratios, bounds: isSlots ? workload.bounds : [], parameter: parameter,
            name: "\(prefix)-sweep-\(index + 1)", context: workload.name))
      }
      let tails = sweep.means(of: "ttft_p99").map { strategy in
        (name: strategy.name, points: strategy.points.map { Point($0.x, $0.y / 1e3) })
      }
      if tails.contains(where: { !$0.points.isEmpty }) {
        sweeps.append(
          TailBySweep.chart(
            tails, parameter: parameter, objective: workload.objective.ttft,
            name: "\(prefix)-sweep-\(index + 1)-ttft", context: workload.name))
      }
    }
  }
}

extension ReportData.Sweep {
  /// A metric's means over seeds at each value, for each strategy.
  fileprivate func means(of metric: String) -> [(name: String, points: [Point])] {
    strategies.map { strategy in
      let points = strategy.points.compactMap { point in
        SeedSummary(point.runs.compactMap { $0.metrics[metric] }).map {
          Point(point.value, $0.mean)
        }
      }
      return (strategy.name, points)
    }
  }
}
