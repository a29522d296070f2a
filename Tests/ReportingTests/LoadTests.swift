import Foundation
import Orchestration
import Primitives
import Replay
import Results
import Testing

@testable import Reporting

@Suite("Loading from a results database")
struct LoadTests {
  /// A database in a folder that the caller removes.
  static func store(_ fill: (RunStore) throws -> Void) throws -> (store: RunStore, folder: String) {
    let folder = FileManager.default.temporaryDirectory.path + "/load-\(UUID().uuidString)"
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    let store = try RunStore(folder + "/results.sqlite", for: .writing)
    try fill(store)
    return (store, folder)
  }

  static func outcome(_ run: StrategyRun) -> RunOutcome {
    RunOutcome(
      requests: run.requests, samples: run.samples, residency: run.residency, counters: Counters(),
      tokenGaps: [], memory: run.memory, end: run.end)
  }

  static func save(
    _ strategy: String, seed: UInt64, workload: String = "day", slowness: Double = 1,
    sweep: SweepPoint? = nil, experiment: String = "e", in store: RunStore,
    detail: RunStore.Detail = .full
  ) throws {
    let run = Synthetic.run(
      strategy, seed: seed, requests: 120, slowness: slowness, prefetch: strategy != "lru")
    let outcome = outcome(run)
    let suffix = sweep.map { "-\($0.value)" } ?? ""
    let description = RunDescription(
      runID: "\(workload)-\(strategy)-\(seed)\(suffix)", workload: workload, strategy: strategy,
      backend: "simulation", seed: seed, sweep: sweep, traceName: "trace", traceDigest: "d",
      configuration: "slots: 8\nslo.ttft: 500000000\nslo.tpot: none\n", codeRevision: "abc",
      modelVersion: "1", host: "box",
      startedAt: Date(timeIntervalSince1970: 0), finishedAt: Date(timeIntervalSince1970: 1),
      adapterNames: ["first", "second"])
    var metrics = Metrics.of(outcome, slo: SLO(ttft: 500_000_000))
    metrics.append(MetricValue(name: "hit_ratio", value: 0.5, unit: .ratio))
    try store.save(
      description, of: ExperimentDescription(name: experiment, config: "strategies: ..."), outcome,
      metrics: metrics, detail: detail)
  }

  @Test("gives each workload its strategies, seeds, comparisons, sweeps and one run in full")
  func whole() throws {
    let (store, folder) = try Self.store { store in
      for seed in 1...5 as ClosedRange<UInt64> {
        try Self.save("lru", seed: seed, in: store)
        try Self.save("a-predictive", seed: seed, slowness: 0.5, in: store)
        try Self.save("lru", seed: seed, workload: "night", in: store)
      }
      for slots in [8.0, 4] {
        try Self.save("lru", seed: 1, sweep: SweepPoint("slots", slots), in: store)
      }
      let bounds = [4, 8].map { HitRatioBounds(slots: $0, lru: 0.25, opt: Double($0) / 10) }
      try store.save(bounds, ofTrace: "d")
    }
    defer { try? FileManager.default.removeItem(atPath: folder) }
    let data = try ReportData.load(from: store)
    #expect(data.title == "e")
    #expect(data.workloads.map(\.name) == ["day", "night"])
    let day = data.workloads[0]
    // The baseline first, though it is not the first by name.
    #expect(day.strategies.map(\.name) == ["lru", "a-predictive"])
    #expect(day.strategies.allSatisfy { $0.runs.map(\.description.seed) == [1, 2, 3, 4, 5] })
    #expect(day.strategies[0].adapterNames == ["first", "second"])

    // The run shown is the one of the baseline's median tail, for both strategies.
    let tails = day.strategies[0].runs.compactMap { $0.metrics["ttft_p99"] }.sorted()
    let shown = day.strategies.compactMap(\.representative)
    #expect(shown.count == 2 && Set(shown.map(\.seed)).count == 1)
    #expect(
      day.strategies[0].runs.first { $0.description.seed == shown[0].seed }?.metrics["ttft_p99"]
        == tails[2])
    #expect(shown.allSatisfy { $0.requests.count == 120 && !$0.samples.isEmpty })
    #expect(shown[0].requests == Synthetic.run(seed: shown[0].seed, requests: 120).requests)

    // The same conclusions as those of the comparison itself.
    let comparison = try Comparison(
      RunSelection(store, strategy: "lru"), RunSelection(store, strategy: "a-predictive"))
    #expect(day.comparisons.count == 1 && day.comparisons[0].seeds == 5)
    #expect(day.comparisons[0].differences.map(\.metric) == comparison.rows.map(\.metric.name))
    #expect(day.comparisons[0].differences.map(\.verdict) == comparison.rows.map(\.verdict))
    #expect(day.comparisons[0].differences.contains { $0.verdict == .better })
    #expect(Findings.judgement(day.comparisons[0]) == .pays)
    #expect(data.workloads[1].comparisons.isEmpty)

    #expect(day.sweeps.count == 1)
    #expect(day.sweeps[0].strategies.map(\.name) == ["lru"])
    #expect(day.sweeps[0].strategies[0].points.map(\.value) == [4, 8])
    #expect(
      day.bounds.map(\.name)
        == ["LRU, arrival order, on demand", "OPT (Belady), arrival order, on demand"])
    #expect(
      day.bounds.map(\.points) == [
        [Point(4, 0.25), Point(8, 0.25)], [Point(4, 0.4), Point(8, 0.8)],
      ])
    #expect(data.workloads[1].bounds.isEmpty, "of a workload that was not swept")
    #expect(day.comparisons[0].tests == comparison.tests)

    // What the runs promised, unless the reader says otherwise.
    #expect(day.objective == SLO(ttft: 500_000_000))
    let other = try ReportData.load(from: store, .init(objective: SLO(ttft: 1, e2e: 2)))
    #expect(other.workloads[0].objective == SLO(ttft: 1, e2e: 2))
  }

  @Test("gives no verdict on few seeds, and draws what was kept of a run")
  func fewSeeds() throws {
    let (store, folder) = try Self.store { store in
      for strategy in ["lru", "other"] {
        try Self.save(strategy, seed: 1, in: store, detail: .summary)
      }
    }
    defer { try? FileManager.default.removeItem(atPath: folder) }
    let data = try ReportData.load(from: store)
    let comparison = try #require(data.workloads[0].comparisons.first)
    #expect(comparison.differences.allSatisfy { $0.verdict == .notEnoughSeeds })
    #expect(Findings.judgement(comparison) == .unknown)
    let names = ReportDocument.of(data).charts.map(\.name)
    #expect(names.contains { $0.hasSuffix("-memory-1") })
    #expect(!names.contains { $0.hasSuffix("-ttft") })
  }

  @Test("compares with the strategy that is named")
  func baseline() throws {
    let (store, folder) = try Self.store { store in
      for strategy in ["gdsf", "lru"] { try Self.save(strategy, seed: 1, in: store) }
    }
    defer { try? FileManager.default.removeItem(atPath: folder) }
    let data = try ReportData.load(from: store, .init(baseline: "gdsf"))
    #expect(data.workloads[0].strategies.map(\.name) == ["gdsf", "lru"])
    #expect(data.workloads[0].comparisons.map(\.candidate) == ["lru"])
    #expect { try ReportData.load(from: store, .init(baseline: "gds")) } throws: { error in
      "\(error)".contains("did you mean \"gdsf\"?")
    }
  }

  @Test("wants an experiment named where there are several, and one that is there")
  func experiments() throws {
    let (store, folder) = try Self.store { store in
      try Self.save("lru", seed: 1, workload: "a", experiment: "one", in: store)
      try Self.save("lru", seed: 1, workload: "b", experiment: "two", in: store)
    }
    defer { try? FileManager.default.removeItem(atPath: folder) }
    #expect { try ReportData.load(from: store) } throws: { error in
      (error as? PitwallError)?.code == .usage && "\(error)".contains("one, two")
    }
    #expect { try ReportData.load(from: store, .init(experiment: "twoo")) } throws: { error in
      (error as? PitwallError)?.code == .data && "\(error)".contains("did you mean \"two\"?")
    }
    let data = try ReportData.load(from: store, .init(experiment: "two"), title: "T")
    #expect(data.title == "T" && data.workloads.map(\.name) == ["b"])
  }

  @Test("has nothing to say of a database without runs")
  func empty() throws {
    let (store, folder) = try Self.store { _ in }
    defer { try? FileManager.default.removeItem(atPath: folder) }
    #expect { try ReportData.load(from: store) } throws: { error in
      (error as? PitwallError)?.code == .data
    }
  }
}
