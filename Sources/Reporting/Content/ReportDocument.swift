import Orchestration
import Primitives
import Results

/// Turns what is known into a page's text: what it says, in three lines where that comes from, how
/// to read it, a section for each workload, and at the end provenance and everything else.
enum ReportDocument {
  /// Sets a report.
  static func of(_ data: ReportData) -> Document {
    var blocks: [Document.Block] = [.callout("What this says", Findings.blocks(data))]
    blocks += Provenance.summary(data)
    blocks.append(.details("How to read this", [.list(howToRead)]))
    for (index, workload) in data.workloads.enumerated() {
      blocks += section(workload, WorkloadCharts(workload, index: index))
    }
    blocks += Provenance.blocks(data)
    blocks += appendix(data)
    return Document(title: data.title, blocks: blocks)
  }

  private static let howToRead: [Inline] = [
    """
    Tables of metrics give the mean over seeds, and half the width of its 95 % confidence interval \
    (Student's t over seeds). A seed fixes all luck: the same seed gives two strategies the same \
    requests.
    """,
    """
    Differences are of the second strategy from the first, paired by request and seed, with a \
    bootstrapped 95 % confidence interval for each row alone. d_z is Cohen's effect size over \
    seeds; “faster” is the share of requests that became faster, each compared with itself.
    """,
    """
    Verdicts are corrected (Holm) for the number of comparisons, all workloads and metrics \
    together. “Not significant after correction”: the row's own interval excludes zero, but among \
    so many comparisons that may be luck; more seeds would tell. “No difference detected” is not \
    “equal”: the interval says how large a difference could have gone unseen. “Equivalent” means \
    that any difference is known to be too small to matter (below 1 %, or 0.5 points of a ratio).
    """,
    """
    “Exact, one trace”: nothing was drawn by seed, so that every seed replayed the same run. The \
    difference is exact for this trace, and has neither p nor interval; nothing is known about \
    other traces.
    """,
    """
    A strategy “pays” where a latency, goodput or SLO attainment is better by more than that, its \
    whole interval included, and none is worse.
    """,
    """
    TTFT is the time from a request's arrival to its first token, queueing and the loading of its \
    adapter included; E2E is until the last token. Goodput counts requests that meet every bound \
    of the objective.
    """,
    """
    Charts over requests and over time show one run a strategy, all of the same seed: the one with \
    the baseline's median p99 TTFT. A distribution that ends below 100 % does so by the requests \
    that were never served.
    """,
    """
    Dashed grey lines are hit ratios of the references in arrival order, each adapter loaded on \
    demand only: under LRU, and under OPT (Belady), which knows the future and is the best that \
    such loading can do. A run that prefetches for waiting requests, or serves requests out of \
    arrival order, may lie above it. The way from LRU to OPT is 0 % where a run hits as often as the \
    one, and 100 % where as often as the other.
    """,
  ]

  /// Stands below a chart of hit ratios with bounds.
  private static let whatBoundsAre: Inline = """
    Dashed: LRU and OPT (Belady) of the references in arrival order, loading on demand only. OPT \
    knows the future, and no cache that keeps to that order and loads on demand does better. A run \
    may lie above it: prefetch for waiting requests has their adapters on the device before they \
    are counted, and a scheduler that serves requests out of arrival order, as it does when one \
    that waits for its adapter is passed over, brings together those that want the same one.
    """

  // MARK: A workload's section

  private static func section(_ workload: ReportData.Workload, _ charts: WorkloadCharts)
    -> [Document.Block]
  {
    var blocks: [Document.Block] = [.heading(2, workload.name), .paragraph(introduction(workload))]
    if let table = MetricTables.metrics(workload, MetricTables.headline) {
      blocks.append(.table(table))
    }
    if let table = MetricTables.worlds(workload) { blocks.append(.table(table)) }
    for (comparison, chart) in zip(workload.comparisons, charts.comparisons) {
      blocks.append(.heading(3, "\(comparison.candidate) against \(comparison.baseline)"))
      blocks.append(.figures([chart]))
      blocks.append(.table(MetricTables.comparison(comparison)))
    }
    let groups = [
      ("Latency and queue", charts.latency), ("Device memory and adapters", charts.memory),
      ("What varying a parameter does", charts.sweeps),
    ]
    for (title, charts) in groups where !charts.isEmpty {
      blocks.append(.heading(3, title))
      blocks.append(.figures(charts))
    }
    if !charts.sweeps.isEmpty, !workload.bounds.isEmpty { blocks.append(.paragraph(whatBoundsAre)) }
    blocks += workload.sweeps.map { sweep in
      .table(MetricTables.sweep(sweep, bounds: sweep.isOverSlots ? workload.bounds : []))
    }
    return blocks
  }

  private static func introduction(_ workload: ReportData.Workload) -> Inline {
    let runs = workload.strategies.flatMap(\.runs)
    let traces = unique(runs.map(\.description.traceName)).joined(separator: ", ")
    let seeds = Set(runs.map(\.description.seed)).count
    let names = workload.strategies.map(\.name).joined(separator: ", ")
    let requests = workload.strategies.compactMap(\.representative).map(\.requests.count).max() ?? 0
    var text: Inline = """
      Trace \(code: traces); strategies \(names); \(seeds) \(seeds == 1 ? "seed" : "seeds")\
      \(requests > 0 ? "; \(Typeset.count(Double(requests))) requests" : "").
      """
    let objective = [
      ("TTFT", workload.objective.ttft), ("TPOT", workload.objective.tpot),
      ("E2E", workload.objective.e2e),
    ]
    .compactMap { name, bound in bound.map { "\(name) ≤ \(Typeset.duration($0.seconds))" } }
    if !objective.isEmpty {
      text.pieces.append(.text(" Objective: " + objective.joined(separator: ", ") + "."))
    }
    return text
  }

  // MARK: The end

  private static func appendix(_ data: ReportData) -> [Document.Block] {
    guard !data.workloads.isEmpty || !data.experiments.isEmpty else { return [] }
    var blocks: [Document.Block] = [.heading(2, "Appendix")]
    for workload in data.workloads {
      if let table = MetricTables.metrics(workload, MetricDefinition.all.map(\.name)) {
        blocks.append(.details("All metrics: \(workload.name)", [.table(table)]))
      }
    }
    blocks.append(.details("What the metrics mean", [.table(MetricTables.definitions(data))]))
    for experiment in data.experiments {
      let description = experiment.description
      blocks.append(
        .details("Experiment file: \(description.name)", [.verbatim(description.config)]))
    }
    blocks += configurations(data)
    return blocks
  }

  /// The resolved configuration of one run of each strategy on each workload.
  private static func configurations(_ data: ReportData) -> [Document.Block] {
    data.workloads.flatMap { workload in
      workload.strategies.compactMap { strategy -> Document.Block? in
        guard let run = strategy.runs.first?.description, !run.configuration.isEmpty else {
          return nil
        }
        return .details(
          "Configuration: \(workload.name), \(strategy.name), seed \(run.seed)",
          [.verbatim(run.configuration)])
      }
    }
  }

  /// Each value once, in the order of first appearance.
  static func unique(_ values: [String]) -> [String] {
    var seen: Set<String> = []
    return values.filter { seen.insert($0).inserted }
  }
}
