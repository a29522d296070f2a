import Foundation
import Orchestration
import Primitives
import Results

@testable import Reporting

extension Synthetic {
  /// A report with everything in it, made up.
  static func report(
    workloads: [String] = ["day, low load", "day, high load"], strategy: String = "predictive"
  ) -> ReportData {
    ReportData(
      title: "GenTD26: lru against predictive",
      experiments: [
        ReportData.Experiment(
          description: ExperimentDescription(
            name: "gentd26", config: "trace: gentd26\nstrategies: [lru, \(strategy)]\n"),
          planned: 20, finished: 20)
      ],
      workloads: workloads.enumerated().map { index, name in
        workload(name, strategy: strategy, gain: index == 0 ? 0 : 0.18)
      })
  }

  static func workload(_ name: String, strategy: String, gain: Double) -> ReportData.Workload {
    let names = [("lru", 1.0), (strategy, 1 - gain)]
    let adapters = (0..<30).map { "adapter-\($0)" }
    return ReportData.Workload(
      name: name,
      strategies: names.map { name, slowness in
        ReportData.Strategy(
          name: name,
          runs: (1...5).map { run(of: name, seed: $0, slowness) },
          representative: Synthetic.run(
            name, seed: 3, slowness: slowness, prefetch: name == strategy),
          adapterNames: adapters)
      },
      comparisons: [comparison(strategy, gain: gain)],
      sweeps: [
        ReportData.Sweep(
          parameter: "slots",
          strategies: names.map { name, slowness in
            (
              name,
              [4, 8, 16, 32].map { slots in
                (slots, [run(of: name, seed: 1, slowness, slots: slots)])
              }
            )
          })
      ],
      bounds: [
        HitRatioBySlots.Curve(
          HitRatioBySlots.Curve.optName, [4, 8, 16, 32].map { Point($0, 1 - 1 / $0) })
      ],
      objective: SLO(ttft: 500_000_000))
  }

  private static func run(of strategy: String, seed: UInt64, _ slowness: Double, slots: Double = 16)
    -> ReportData.Run
  {
    let noise = 1 + Double(seed % 3) * 0.01
    return ReportData.Run(
      description: RunDescription(
        runID: "\(strategy)-\(seed)-\(Int(slots))", workload: "day", strategy: strategy,
        backend: "simulation", seed: seed, traceName: "gentd26-timed-dev",
        traceDigest: String(repeating: "5e", count: 32),
        traceColumns: [
          TraceColumn(column: "arrival", provenance: "recorded", note: "GenTD26, folded 24 to 1"),
          TraceColumn(column: "prompt_tokens", provenance: "assigned", note: "Azure conv, by seed"),
        ],
        configuration: "server: {device: A10G}\n", codeRevision: "0123abc", modelVersion: "1",
        host: "x86_64, 2 cores", startedAt: Date(timeIntervalSince1970: 1_700_000_000),
        finishedAt: Date(timeIntervalSince1970: 1_700_000_600)),
      metrics: [
        "ttft_mean": 140 * slowness * noise, "ttft_p50": 80 * slowness * noise,
        "ttft_p99": 812 * slowness * noise, "e2e_p99": 9100 * noise, "tpot_mean": 31.2,
        "goodput": 14.1 / slowness * noise, "slo_attainment": 0.92, "hit_ratio": 1 - 2.4 / slots,
        "bytes_moved_device": 4.1e11 / slowness,
      ])
  }

  private static func comparison(_ strategy: String, gain: Double) -> ReportData.StrategyComparison
  {
    func difference(
      _ metric: String, _ isLowerBetter: Bool, _ relative: Double, _ width: Double, _ from: String,
      _ to: String
    ) -> Difference {
      Difference(
        metric: metric, title: MetricText.title(metric),
        direction: isLowerBetter ? .lower : .higher,
        baselineText: from, candidateText: to, relative: relative, low: relative - width,
        high: relative + width, effectSize: relative / width, adjustedP: 0.004,
        verdict: relative.magnitude < width
          ? .noDifference : (relative < 0) == isLowerBetter ? .better : .worse,
        exceedsMinimumEffect: relative.magnitude - width > 0.01)
    }
    return ReportData.StrategyComparison(
      baseline: "lru", candidate: strategy, seeds: 5, tests: 12,
      differences: [
        difference("ttft_p50", true, -0.01, 0.03, "80 ms", "79 ms"),
        difference("ttft_p99", true, -gain - 0.003, 0.04, "812 ms", "664 ms"),
        difference("e2e_p99", true, -gain / 4, 0.02, "9.1 s", "8.7 s"),
        difference("goodput", false, gain / 5, 0.01, "14.1 req/s", "14.6 req/s"),
        difference("hit_ratio", false, gain / 2, 0.02, "81 %", "88 %"),
        difference("bytes_moved_device", true, 0.34, 0.05, "382 GiB", "512 GiB"),
      ])
  }
}
