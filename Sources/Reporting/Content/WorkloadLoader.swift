import Orchestration
import Primitives
import Replay
import Results

/// Reads an experiment's workloads, one after another.
struct WorkloadLoader {
  let store: RunStore
  /// By run id, then by metric's name.
  let metrics: [String: [String: Double]]
  /// The strategy that others are compared with.
  let baseline: String
  /// What the reader gave; the rest is as the runs' configuration says.
  let objective: SLO
  /// Each other strategy with the baseline, over all workloads.
  let compared: [Comparison]

  /// Reads one workload, of whose runs `stored` is the list.
  func workload(_ name: String, _ stored: [StoredRun]) throws -> ReportData.Workload {
    let names = strategyNames(stored)
    var strategies = names.compactMap { strategy -> ReportData.Strategy? in
      let runs = runs(
        stored.filter { label($0, stored) == strategy && $0.description.sweep == nil })
      return runs.isEmpty ? nil : ReportData.Strategy(name: strategy, runs: runs)
    }
    try addRepresentatives(to: &strategies, stored)
    return ReportData.Workload(
      name: name, strategies: strategies, comparisons: comparisons(name, strategies),
      sweeps: sweeps(stored, names), bounds: try bounds(stored), objective: objective(stored))
  }

  private func objective(_ stored: [StoredRun]) -> SLO {
    let own = stored.first.map { SLO(configuration: $0.description.configuration) } ?? SLO()
    return SLO(
      ttft: objective.ttft ?? own.ttft, tpot: objective.tpot ?? own.tpot,
      e2e: objective.e2e ?? own.e2e)
  }

  /// Hit ratios of the references of a sweep over slots by themselves: means over seeds.
  private func bounds(_ stored: [StoredRun]) throws -> [HitRatioBySlots.Curve] {
    let digests = Set(stored.filter { $0.description.sweep != nil }.map(\.description.traceDigest))
    let all = try digests.sorted().flatMap { try store.bounds(ofTrace: $0) }
    let bySlots = Dictionary(grouping: all, by: \.slots)
    func curve(_ name: String, _ ratio: (HitRatioBounds) -> Double) -> HitRatioBySlots.Curve {
      HitRatioBySlots.Curve(
        name,
        bySlots.map { slots, bounds in
          Point(Double(slots), bounds.reduce(0) { $0 + ratio($1) } / Double(bounds.count))
        })
    }
    guard !all.isEmpty else { return [] }
    return [
      curve(HitRatioBySlots.Curve.lruName, \.lru), curve(HitRatioBySlots.Curve.optName, \.opt),
    ]
  }

  /// The rows about this workload of all strategies' comparisons with the baseline, by world.
  private func comparisons(_ workload: String, _ strategies: [ReportData.Strategy])
    -> [ReportData.StrategyComparison]
  {
    let labels = Set(strategies.map(\.name))
    return compared.flatMap { comparison -> [ReportData.StrategyComparison] in
      let rows = comparison.rows.filter {
        $0.subject.workload == workload && $0.subject.sweep == nil
      }
      let worlds = Set(rows.map(\.subject.backend)).sorted()
      return worlds.map { world in
        let own = rows.filter { $0.subject.backend == world }
        let suffix = labels.contains(comparison.candidate) ? "" : " (\(world))"
        return ReportData.StrategyComparison(
          baseline: comparison.baseline + suffix, candidate: comparison.candidate + suffix,
          seeds: own.map(\.seeds.count).max() ?? 0, tests: comparison.tests,
          differences: own.map(Difference.init))
      }
    }
  }

  /// A strategy's name, with its world where a workload was run in several.
  private func label(_ run: StoredRun, _ all: [StoredRun]) -> String {
    let description = run.description
    let isAlone = Set(all.map(\.description.backend)).count == 1
    return isAlone ? description.strategy : "\(description.strategy) (\(description.backend))"
  }

  /// The baseline, then the others by name.
  private func strategyNames(_ stored: [StoredRun]) -> [String] {
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
