import ArgumentParser
import Primitives
import Results

struct CompareCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "compare",
    abstract: "Compare two strategies, paired by seed and by request.",
    discussion: """
      B is compared with A: a difference of -5 % means that B's value is 5 % below A's. Runs with
      the same workload and seed form a pair. Intervals are bootstrapped over seeds at 95 %;
      p-values are paired t-tests with Holm's correction over all rows that have seeds enough, so
      that a row whose own interval excludes 0 may not be significant. "equivalent" means that a
      difference of the metric's minimum effect (1 %, or 0.005 of a ratio) is excluded. "exact,
      one trace" means that every seed replayed the same run: there is nothing to test.

      With --baseline-db, A is taken from that database and B from --db: pitwall compare lru
      --baseline-db main.sqlite shows what a change of the code did to lru.

      EXAMPLES
        pitwall compare lru predictive
        pitwall compare lru predictive --workload day --metrics ttft_p99,goodput
        pitwall compare lru --baseline-db main.sqlite --db branch.sqlite --format csv
      """)

  @Argument(help: ArgumentHelp("The baseline strategy.", valueName: "a"))
  var baseline: String
  @Argument(
    help: ArgumentHelp(
      "The strategy to compare with it (default with --baseline-db: A).", valueName: "b"))
  var candidate: String?
  @OptionGroup var database: DatabaseOption
  @Option(
    name: .customLong("baseline-db"),
    help: ArgumentHelp("Take A's runs from this database.", valueName: "file"),
    completion: .file(extensions: ["sqlite"]))
  var baselineDatabase: String?
  @Option(help: "Only runs in this experiment's plan.") var experiment: String?
  @Option(help: "Only this workload.") var workload: String?
  @OptionGroup var metrics: MetricsOption
  @Flag(help: "Compare the points of a sweep too.") var sweeps = false
  @Flag(help: "Go on with fewer than five seeds; no verdict is given then.") var allowFew = false
  @Option(help: "How to print the result.") var format = OutputFormat.table

  func validate() throws {
    if candidate == nil, baselineDatabase == nil {
      throw ValidationError("name two strategies, or one and --baseline-db")
    }
    if candidate ?? baseline == baseline, baselineDatabase ?? database.path == database.path {
      throw ValidationError("\(baseline) would be compared with itself, in \(database.path)")
    }
  }

  func run() throws {
    let store = try RunStore(database.path)
    let before = RunSelection(
      try baselineDatabase.map { try RunStore($0) } ?? store, strategy: baseline,
      experiment: experiment, workload: workload, includesSweeps: sweeps)
    let after = RunSelection(
      store, strategy: candidate ?? baseline, experiment: experiment, workload: workload,
      includesSweeps: sweeps)
    var options = Comparison.Options()
    options.metrics = try metrics.names()
    options.allowsFewSeeds = allowFew
    let comparison = try Comparison(before, after, options)
    let table = format == .table ? comparison.forPeople() : comparison.forPrograms()
    print(table.rendered(as: format), terminator: "")
    if format == .table { print(comparison.legend(isAcrossDatabases: baselineDatabase != nil)) }
  }
}

extension Comparison {
  /// Few columns, numbers with their units.
  func forPeople() -> TextTable {
    let isLatency = rows.contains { $0.requests != nil }
    var table = TextTable(
      ["workload", "metric", "n", "A", "B", "B - A", "relative [95 %]", "p", "d_z"]
        + (isLatency ? ["faster"] : []) + ["verdict"])
    for row in rows {
      let unit = row.metric.unit
      let faster = row.requests.map { NumberText.fixed($0.shareFaster * 100, decimals: 1) + " %" }
      table.append(
        [
          .text(row.subject.description), .text(row.metric.name),
          .integer(Int64(row.seeds.count)), .text(unit.text(row.estimate.meanA)),
          .text(unit.text(row.estimate.meanB)), .text(unit.text(row.estimate.difference.mean)),
          row.relativeText.map { .text($0) } ?? .missing,
          row.adjustedPValue.map { .text(NumberText.pValue($0)) } ?? .missing,
          row.estimate.effectSize.map { .number($0, decimals: 2) } ?? .missing,
        ] + (isLatency ? [faster.map { .text($0) } ?? .missing] : [])
          + [.text(row.verdict.rawValue)])
    }
    return table
  }

  /// What the columns mean, and which seeds were used.
  func legend(isAcrossDatabases: Bool) -> String {
    let seeds = Set(rows.flatMap(\.seeds)).sorted().map { "\($0)" }.joined(separator: ", ")
    let source = isAcrossDatabases ? " (baseline database)" : ""
    return "\nA: \(baseline)\(source)   B: \(candidate)   seeds: \(seeds)\n"
      + "n: paired seeds; p: paired t-test, Holm-corrected for \(comparisons); d_z: mean "
      + "difference in standard deviations over seeds;\n"
      + "faster: share of requests that B served faster, ties counted half.\n"
      + (tests == 0
        ? "Nothing was tested."
        : "Each interval is for its row alone, verdicts are for the whole table. "
          + "\"\(Verdict.notSignificant.rawValue)\": the row's\n"
          + "interval excludes 0, but among \(comparisons) that may be luck; more seeds would tell.")
      + repeated.map { subject in
        exact.contains(subject)
          ? "\nNote: on \(subject), every seed replayed the very same run. Its differences are exact "
            + "for this trace;\nno seeds vary, so nothing is known about other traces."
          : "\nNote: on \(subject), every seed replayed the very same requests. Its differences hold "
            + "for these requests;\np and intervals say nothing about others."
      }.joined()
  }

  /// `48 comparisons`.
  private var comparisons: String { "\(tests) \(tests == 1 ? "comparison" : "comparisons")" }

  /// Every number, one a column.
  func forPrograms() -> TextTable {
    var table = TextTable([
      "baseline", "candidate", "workload", "sweep_parameter", "sweep_value", "backend", "metric",
      "unit", "n", "seeds", "mean_a", "mean_b", "difference", "ci_low", "ci_high", "relative",
      "relative_ci_low", "relative_ci_high", "p", "p_holm", "p_equivalence", "d_z",
      "request_pairs", "request_median_difference_ms", "request_share_faster", "verdict",
    ])
    func number(_ value: Double?) -> TextTable.Cell {
      value.map { .number($0, decimals: 9) } ?? .missing
    }
    for row in rows {
      let estimate = row.estimate
      table.append([
        .text(baseline), .text(candidate), .text(row.subject.workload),
        row.subject.sweep.map { .text($0.parameter) } ?? .missing,
        number(row.subject.sweep?.value), .text(row.subject.backend), .text(row.metric.name),
        .text(row.metric.unit.rawValue), .integer(Int64(row.seeds.count)),
        .text(row.seeds.map { "\($0)" }.joined(separator: " ")), number(estimate.meanA),
        number(estimate.meanB), number(estimate.difference.mean),
        number(estimate.interval?.lowerBound), number(estimate.interval?.upperBound),
        number(estimate.relative), number(estimate.relativeInterval?.lowerBound),
        number(estimate.relativeInterval?.upperBound), number(row.isTested ? row.pValue : nil),
        number(row.adjustedPValue), number(row.isTested ? row.equivalencePValue : nil),
        number(estimate.effectSize),
        row.requests.map { .integer(Int64($0.pairs)) } ?? .missing,
        number(row.requests?.medianDifference), number(row.requests?.shareFaster),
        .text(row.verdict.rawValue),
      ])
    }
    return table
  }
}

extension MetricComparison {
  /// Whether its p-values mean anything.
  fileprivate var isTested: Bool { verdict != .exact }

  /// `-5.20 % [-6.30 %, -4.10 %]`; nil where the baseline's mean is 0.
  fileprivate var relativeText: String? {
    estimate.relative.map { NumberText.change($0, estimate.relativeInterval) }
  }
}
