import Foundation
import Results
import Testing

@testable import Reporting

@Suite("What a report says")
struct FindingsTests {
  static func difference(
    _ metric: String, _ relative: Double, _ verdict: Verdict, matters: Bool = false
  ) -> Difference {
    Difference(
      metric: metric, title: MetricText.title(metric), direction: .lower, baselineText: "100 ms",
      candidateText: "\(100 + Int(relative * 100)) ms", relative: relative, low: relative - 0.01,
      high: relative + 0.01, adjustedP: 0.01, verdict: verdict, exceedsMinimumEffect: matters)
  }

  static func comparison(_ differences: Difference...) -> ReportData.StrategyComparison {
    ReportData.StrategyComparison(
      baseline: "lru", candidate: "new", seeds: 5, tests: 48, differences: differences)
  }

  static func text(_ comparison: ReportData.StrategyComparison) -> String {
    let workload = ReportData.Workload(
      name: "day", strategies: [], comparisons: [comparison])
    let document = Document(
      title: "t", blocks: Findings.blocks(ReportData(title: "t", workloads: [workload])))
    return plain(MarkdownPage(document, folder: "", drawn: []).text)
  }

  @Test("A strategy pays where users gain by as much as matters, and lose nothing")
  func judgement() {
    let gain = Self.difference("ttft_p99", -0.2, .better, matters: true)
    let slight = Self.difference("e2e_p99", -0.005, .better)
    let harm = Self.difference("tpot_mean", 0.02, .worse)
    let bytes = Self.difference("bytes_moved_device", 0.3, .worse, matters: true)
    let hits = Self.difference("hit_ratio", 0.4, .better, matters: true)
    let unclear = Self.difference("goodput", 0.1, .notSignificant, matters: true)
    let few = Self.difference("ttft_p99", -0.2, .notEnoughSeeds, matters: true)
    for (differences, expected) in [
      ([gain, bytes], .pays), ([gain, harm], .tradeOff), ([slight, harm], .costs),
      ([slight, bytes], .wasted), ([slight, hits], .same), ([unclear, hits], .same),
      ([few], .unknown), ([hits, bytes], .unknown),
    ] as [([Difference], Findings.Judgement)] {
      var comparison = Self.comparison()
      comparison.differences = differences
      #expect(Findings.judgement(comparison) == expected)
    }
  }

  @Test("A line says what decides, and the price")
  func line() {
    let text = Self.text(
      Self.comparison(
        Self.difference("ttft_p99", -0.2, .notSignificant),
        Self.difference("ttft_mean", -0.3, .better, matters: true),
        Self.difference("slo_attainment", 0, .equivalent),
        Self.difference("bytes_moved_device", 0.25, .worse)))
    #expect(
      text.contains(
        """
        - On **day**, new **pays**: p99 TTFT falls from 100 ms to 80 ms (−20.0 %, not significant \
        after correction); mean TTFT falls from 100 ms to 70 ms (−30.0 %); SLO attainment stays at \
        100 ms. The price is more bytes moved to the device (100 ms to 125 ms, +25.0 %).
        """))
    #expect(text.contains("corrected for 48 comparisons"))
  }

  @Test("A line names what made the judgement where the usual metrics did not")
  func otherReasons() {
    let text = Self.text(
      Self.comparison(
        Self.difference("ttft_p99", 0, .noDifference),
        Self.difference("tpot_mean", -0.04, .better, matters: true),
        Self.difference("e2e_p99", -0.1, .better, matters: true)))
    #expect(text.contains("pays**: p99 E2E falls"))
    #expect(text.contains("no difference detected in p99 TTFT."))
  }

  @Test("What cannot be judged is said once, and what holds everywhere in one word")
  func many() {
    func blocks(_ verdict: Verdict) -> String {
      let comparison = Self.comparison(Self.difference("ttft_p99", -0.2, verdict, matters: true))
      let workloads = ["day", "night"].map {
        ReportData.Workload(name: $0, strategies: [], comparisons: [comparison])
      }
      let blocks = Findings.blocks(ReportData(title: "t", workloads: workloads))
      return plain(MarkdownPage(Document(title: "t", blocks: blocks), folder: "", drawn: []).text)
    }
    #expect(blocks(.better).contains("**new** against **lru**: pays on every workload."))
    #expect(blocks(.better).contains("On **night**, new **pays**"))
    #expect(blocks(.notEnoughSeeds).ranges(of: "cannot be judged").count == 1)
  }

  @Test("Where no seeds vary, a line gives the numbers of one trace, and no judgement")
  func exact() {
    func exact(_ metric: String, _ relative: Double) -> Difference {
      var difference = Self.difference(metric, relative, .exact)
      (difference.low, difference.high, difference.adjustedP) = (.nan, .nan, nil)
      return difference
    }
    let comparison = Self.comparison(
      exact("ttft_p99", -0.2), exact("ttft_mean", 0), exact("bytes_moved_device", 0.25))
    #expect(Findings.judgement(comparison) == .exact)
    let text = Self.text(comparison)
    #expect(text.contains("On **day**, new against lru, exact for this trace: p99 TTFT falls"))
    #expect(
      text.contains(
        "**new** against **lru**: cannot be judged beyond the one trace that was replayed"))
    #expect(text.contains("p99 TTFT falls from 100 ms to 80 ms (−20.0 %); mean TTFT stays at 100"))
    #expect(text.contains("rises from 100 ms to 125 ms (+25.0 %)"))
    #expect(text.contains("; no seeds vary, so nothing is known about other traces."))
    for claim in ["pays", "etter", "corrected", "["] { #expect(!text.contains(claim)) }
    let table = MetricTables.comparison(comparison)
    #expect(table.caption.hasSuffix("exact for this trace, nothing is known about others"))
    #expect(table.header.contains("Difference"))
    #expect(table.rows[0][5] == Inline(""))
    let forest = ForestPlot.chart(
      comparison.differences, tests: 48, baseline: "lru", candidate: "new", name: "c")
    #expect(forest.subtitle.contains("exact for this trace, no seeds vary"))
    #expect(!forest.subtitle.contains("CI"))
  }

  @Test("A line warns where a workload's latencies are those of a saturated server")
  func saturation() {
    func text(_ makespan: Double) -> String {
      let run = ReportData.Run(
        description: Self.run("day", seed: 1, []),
        metrics: ["arrival_span": 600, "makespan": makespan])
      let workload = ReportData.Workload(
        name: "day", strategies: [ReportData.Strategy(name: "lru", runs: [run])])
      let blocks = Findings.blocks(ReportData(title: "t", workloads: [workload]))
      return plain(MarkdownPage(Document(title: "t", blocks: blocks), folder: "", drawn: []).text)
    }
    #expect(
      text(900).contains(
        "On **day**, the server is saturated under lru: a trace of 600.0 s takes up to 900.0 s"))
    #expect(!text(700).contains("saturated"))
  }

  @Test("OPT is not called a limit of what runs can reach")
  func optimum() {
    let data = Synthetic.report()
    let page = plain(
      MarkdownPage(ReportDocument.of(data), folder: "", drawn: []).text)
    #expect(!page.contains("no server can run it") && !page.contains("are bounds"))
    #expect(
      page.contains("OPT (Belady) of the references in arrival order, loading on demand only"))
    #expect(page.contains("A run may lie above it: prefetch for waiting requests"))
    let chart = ReportDocument.of(data).charts.first { $0.title.hasPrefix("Hit ratio by") }
    #expect(chart?.subtitle.contains("in arrival order, loading on demand only") == true)
    let names = chart?.series.map(\.name) ?? []
    #expect(names.contains("OPT (Belady), arrival order, on demand"))
    #expect(names.allSatisfy { $0.count <= 40 }, "the key would cut it off")
  }

  @Test("A difference that would read as nothing is written as none")
  func nothing() {
    var difference = Self.difference("ttft_p99", 0, .equivalent)
    (difference.low, difference.high) = (0, 0)
    #expect(difference.relativeText == "no change")
    (difference.relative, difference.low, difference.high) = (0.0001, -0.0003, 0.0004)
    #expect(plain(difference.relativeText) == "within ±0.05 %")
    difference.low = -0.002
    #expect(plain(difference.relativeText) == "0.0 % [−0.2, 0.0]")
    (difference.relative, difference.low, difference.high) = (0.0001, .nan, .nan)
    #expect(plain(difference.relativeText) == "within ±0.05 %")
  }

  // MARK: Where it comes from

  static func run(
    _ workload: String, seed: UInt64, _ columns: [(String, String, String)]
  ) -> RunDescription {
    RunDescription(
      runID: "\(workload)\(seed)", workload: workload, strategy: "lru", backend: "simulation",
      seed: seed, traceName: "trace", traceDigest: "d\(seed)",
      traceColumns: columns.map { TraceColumn(column: $0.0, provenance: $0.1, note: $0.2) },
      configuration: "", codeRevision: "0.1 (git \(String(repeating: "a1", count: 20)))",
      modelVersion: "1", host: "box", startedAt: Date(timeIntervalSince1970: 0),
      finishedAt: Date(timeIntervalSince1970: 1))
  }

  @Test("Traces that differ by their seed share a table")
  func seeds() {
    let runs = [1, 2, 3, 12].map { seed in
      Self.run(
        "day", seed: seed,
        [
          ("arrival", "recorded", "seed 7 of their paper"),
          ("prompt_tokens", "assigned", "drawn by seed \(seed); shuffled by seed \(seed)"),
        ])
    }
    func notes(_ runs: [RunDescription]) -> [String] {
      TraceOrigins.tables(runs).flatMap { $0.rows.map { "\($0[2].pieces)" } }
    }
    let tables = TraceOrigins.tables(runs + [Self.run("night", seed: 1, [])])
    #expect(tables.count == 2)
    #expect(notes(runs)[0].contains("seed 7 of their paper"))
    #expect(notes(runs)[1].contains("drawn by seeds 1, 2, 3, 12; shuffled by seeds 1, 2, 3, 12"))
    #expect(notes(Array(runs.prefix(3)))[1].contains("drawn by seeds 1 to 3;"))
    #expect(notes([runs[3]])[1].contains("drawn by seed 12; shuffled by seed 12"))
  }

  @Test("One sentence says which columns are real, and where workloads differ in it")
  func sentence() {
    let runs = [
      Self.run("day", seed: 1, [("arrival", "recorded", ""), ("tenant", "assigned", "")]),
      Self.run("night", seed: 1, [("arrival", "assigned", ""), ("tenant", "assigned", "")]),
    ]
    #expect(
      TraceOrigins.sentence(runs)
        == "assigned: tenant; arrival: recorded on day but assigned on night")
    #expect(TraceOrigins.sentence([]) == "no column's origin is known")
  }

  /// What a profile says of its errors stands beside what was predicted with it.
  @Test func namesTheErrorOfAFittedModel() {
    func said(_ configurations: String...) -> String {
      var data = Synthetic.report(workloads: ["day, high load"])
      data.workloads[0].sweeps = []
      for index in data.workloads[0].strategies.indices {
        for run in data.workloads[0].strategies[index].runs.indices {
          data.workloads[0].strategies[index].runs[run].description.configuration =
            configurations[index % configurations.count]
        }
      }
      return HTMLPage(ReportDocument.of(data), drawings: [:]).text
    }
    let fitted = "server.cost.profile.errors: itl_mean 1.5 % (9 runs)\n"
    let known = "fitted to: itl_mean 1.5 % (9 runs)"
    #expect(said(fitted).contains(known))
    #expect(!said(fitted).contains("not yet calibrated"))
    #expect(said(fitted, "a: b\n").contains(known))
    #expect(said(fitted, "a: b\n").contains("other runs: not yet calibrated"))
  }

  @Test("A page begins with what it says and ends with where that comes from")
  func order() throws {
    let html = HTMLPage(ReportDocument.of(Synthetic.report()), drawings: [:]).text
    let titles = html.matches(of: /<h2>([^<]*)/).map { String($0.1) }
    #expect(
      titles == [
        "What this says", "day, low load", "day, high load", "Where this comes from", "Appendix",
      ])
    let workloads = try #require(html.range(of: "<h2>day, low load"))
    let top = String(html[..<workloads.lowerBound])
    #expect(top.contains("<strong>Prediction error</strong>: not yet calibrated"))
    #expect(top.contains("recorded: arrival; assigned: prompt_tokens"))
    for seed in 1...5 {
      #expect(html.ranges(of: "\(seed): <code>lru-\(seed)-16</code>").count == 1)
    }
  }
}
