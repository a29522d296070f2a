import Results

/// Metrics and differences as tables.
enum MetricTables {
  /// The metrics that a workload's section shows; the appendix has the rest.
  static let headline =
    MetricDefinition.headline + [
      "load_wait_mean", "prefetch_precision", "prefetch_recall", "prefetch_wasted_bytes",
      "queue_depth_mean", "rejected", "aborted", "unsent",
      "fairness_jain",
    ]

  /// One row a metric that some run has, one column a strategy; nil where there is no row.
  static func metrics(_ workload: ReportData.Workload, _ names: [String]) -> Document.Table? {
    let rows = ReportDocument.unique(names).compactMap { metric -> [Inline]? in
      let cells = workload.strategies.map { strategy in
        summary(SeedSummary(strategy.runs.compactMap { $0.metrics[metric] }), metric)
      }
      return cells.contains { !$0.isEmpty }
        ? [Inline(MetricText.title(metric))] + cells.map { Inline($0) } : nil
    }
    guard !rows.isEmpty else { return nil }
    return Document.Table(
      caption:
        "Metrics on \(workload.name): mean over seeds ± half of its 95 % confidence interval",
      header: ["Metric"] + workload.strategies.map(\.name), rows: rows)
  }

  /// What a person looks at first to see whether two worlds agree.
  private static let shared = [
    "hit_ratio", "loads_device", "load_wait_mean", "ttft_mean", "ttft_p99", "itl_mean", "itl_p99",
    "output_token_throughput",
  ]

  /// One row a strategy and metric, one column a world, and how far the others are from the first;
  /// nil where all runs were in one world.
  static func worlds(_ workload: ReportData.Workload) -> Document.Table? {
    let runs = workload.strategies.flatMap(\.runs)
    // What was predicted first, and what was measured against it.
    let measured = Set(runs.map(\.description.backend)).subtracting(["simulation"]).sorted()
    let worlds = ["simulation"] + measured
    guard Set(runs.map(\.description.backend)).count > 1 else { return nil }
    let strategies = ReportDocument.unique(runs.map(\.description.strategy))
    var rows: [[Inline]] = []
    for strategy in strategies {
      for metric in shared {
        let values = worlds.map { world -> SeedSummary? in
          let own = runs.filter {
            $0.description.strategy == strategy && $0.description.backend == world
          }
          return SeedSummary(own.compactMap { $0.metrics[metric] })
        }
        guard values.contains(where: { $0 != nil }) else { continue }
        let changes = values.dropFirst().map { change(from: values[0], to: $0) }
        rows.append(
          [Inline(strategy), Inline(MetricText.title(metric))]
            + values.map { Inline(summary($0, metric)) } + changes.map { Inline($0) })
      }
    }
    return Document.Table(
      caption: "The same strategies in each world on \(workload.name), and how far from "
        + "\(worlds[0]); strategies are compared within a world only",
      header: ["Strategy", "Metric"] + worlds
        + worlds.dropFirst().map { "\($0) against \(worlds[0])" },
      rows: rows)
  }

  /// The relative change of a mean.
  private static func change(from first: SeedSummary?, to other: SeedSummary?) -> String {
    guard let first, let other, first.mean != 0 else { return "" }
    return Typeset.change((other.mean - first.mean) / first.mean)
  }

  private static func summary(_ summary: SeedSummary?, _ metric: String) -> String {
    summary.map { MetricText.value($0, metric) } ?? ""
  }

  /// One row a metric, with the difference, its interval and the verdict.
  static func comparison(_ comparison: ReportData.StrategyComparison) -> Document.Table {
    let rows = comparison.differences.map { difference -> [Inline] in
      [
        Inline(difference.title), Inline(difference.baselineText),
        Inline(difference.candidateText), Inline(difference.relativeText),
        Inline([.toned(difference.verdict.rawValue, difference.verdict)]),
        Inline(difference.adjustedP.map(probability) ?? ""),
        Inline(difference.effectSize.map { Typeset.fixed($0, 1) } ?? ""),
        Inline(difference.shareFaster.map { Typeset.percent($0) } ?? ""),
      ]
    }
    return Document.Table(
      caption: "Differences of \(comparison.candidate) from \(comparison.baseline), "
        + "\(comparison.seeds) \(comparison.seeds == 1 ? "seed" : "seeds")"
        + (comparison.isExact
          ? ", the same run each: exact for this trace, nothing is known about others"
          : "; intervals are for each row alone, verdicts are corrected for \(comparison.tests) "
            + "comparisons"),
      header: [
        "Metric", comparison.baseline, comparison.candidate,
        comparison.isExact ? "Difference" : "Difference [95 % CI]", "Verdict",
        "p, corrected", "d_z", "Faster",
      ], rows: rows)
  }

  private static func probability(_ p: Double) -> String {
    p < 0.001 ? "<0.001" : Typeset.fixed(p, 3)
  }

  /// One row a value of the parameter; for each strategy its hit ratio and p99 TTFT, and where the
  /// parameter is the number of slots how far the hit ratio is from LRU's towards OPT's.
  /// - Parameter bounds: LRU and OPT by slots, or nothing.
  static func sweep(
    _ sweep: ReportData.Sweep, bounds: [HitRatioBySlots.Curve] = []
  ) -> Document.Table {
    let metrics = ["hit_ratio", "ttft_p99"]
    let values = Set(sweep.strategies.flatMap { $0.points.map(\.value) }).sorted()
    let rows = values.map { value -> [Inline] in
      let cells = sweep.strategies.flatMap { strategy -> [Inline] in
        let runs = strategy.points.first { $0.value == value }?.runs ?? []
        let cells = metrics.map { metric in
          Inline(summary(SeedSummary(runs.compactMap { $0.metrics[metric] }), metric))
        }
        return bounds.isEmpty ? cells : cells + [wayToOptimum(runs, value, bounds)]
      }
      return [Inline(Typeset.count(value))] + cells
    }
    let seeds = Set(
      sweep.strategies.flatMap { $0.points.flatMap { $0.runs.map(\.description.seed) } })
    let how =
      seeds.count == 1
      ? "one seed, which allows no interval and no verdict"
      : "mean over seeds ± half of its 95 % confidence interval"
    return Document.Table(
      caption: "By \(sweep.parameter): \(how)",
      header: [sweep.parameter]
        + sweep.strategies.flatMap { strategy in
          metrics.map { "\(strategy.name), \(MetricText.title($0))" }
            + (bounds.isEmpty ? [] : ["\(strategy.name), way from LRU to OPT"])
        },
      rows: rows)
  }

  /// The mean hit ratio's share of the way from LRU's (0 %) to OPT's (100 %).
  private static func wayToOptimum(
    _ runs: [ReportData.Run], _ slots: Double, _ bounds: [HitRatioBySlots.Curve]
  ) -> Inline {
    func ratio(_ name: String) -> Double? {
      bounds.first { $0.name == name }?.points.first { $0.x == slots }?.y
    }
    let ratios = runs.compactMap { $0.metrics["hit_ratio"] }
    guard let lru = ratio(HitRatioBySlots.Curve.lruName), !ratios.isEmpty,
      let opt = ratio(HitRatioBySlots.Curve.optName), opt > lru
    else { return "" }
    let mean = ratios.reduce(0, +) / Double(ratios.count)
    return Inline(Typeset.percent((mean - lru) / (opt - lru), decimals: 0))
  }

  /// What each metric that some run has means.
  static func definitions(_ data: ReportData) -> Document.Table {
    let known = Set(Provenance.allRuns(data).flatMap(\.metrics.keys))
    let rows = MetricDefinition.all.filter { known.contains($0.name) }.map {
      definition -> [Inline] in
      [
        Inline(MetricText.title(definition.name)), "\(code: definition.name)",
        Inline(definition.unit.rawValue), Inline(definition.summary),
      ]
    }
    return Document.Table(
      caption: "Metrics", header: ["Metric", "Name in the database", "Unit", "Definition"],
      rows: rows, isNumeric: false)
  }
}
