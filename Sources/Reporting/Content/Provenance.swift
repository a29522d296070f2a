import Foundation
import Replay
import Results

/// Where a report's figures come from: what a result must say to be one. A summary stands near the
/// top of the page, the whole at its end.
enum Provenance {
  /// In three lines: the runs, what is known of the model's error, and what of the traces is real.
  static func summary(_ data: ReportData) -> [Document.Block] {
    let runs = allRuns(data).map(\.description)
    guard !runs.isEmpty else { return [] }
    let names = data.experiments.map(\.description.name).joined(separator: ", ")
    let swept = runs.count { $0.sweep != nil }
    let counts =
      "\(runs.count) \(runs.count == 1 ? "run" : "runs")"
      + (swept > 0 ? " (\(swept) of them at points of a sweep)" : "")
      + (names.isEmpty ? "" : " of experiment \(names)")
    let revisions = joined(runs.map { withShortHashes($0.codeRevision) })
    return [
      .list([
        "\(strong: "Runs"): \(counts); code \(revisions); \(joined(runs.map(\.host))).",
        "\(strong: "Prediction error"): \(predictionError(runs)).",
        "\(strong: "Trace columns"): \(TraceOrigins.sentence(runs)).",
      ])
    ]
  }

  /// The section at the end.
  static func blocks(_ data: ReportData) -> [Document.Block] {
    let runs = allRuns(data).map(\.description)
    guard !runs.isEmpty else { return [] }
    return [
      .heading(2, "Where this comes from"), .table(overview(data, runs)),
    ] + TraceOrigins.tables(runs).map { .table($0) } + [
      .details("Traces, by seed", [.table(traces(runs))]),
      .details("Runs, by workload, strategy and seed (\(runs.count))", [.table(list(runs))]),
    ]
  }

  static func allRuns(_ data: ReportData) -> [ReportData.Run] {
    data.workloads.flatMap { workload in
      workload.strategies.flatMap(\.runs)
        + workload.sweeps.flatMap { $0.strategies.flatMap { $0.points.flatMap(\.runs) } }
    }
  }

  /// Text in which a commit's 40 hexadecimal digits are its first 12.
  private static func withShortHashes(_ text: String) -> String {
    text.replacing(/\b[0-9a-f]{40}\b/) { $0.output.prefix(12) }
  }

  private static func joined(_ values: [String]) -> String {
    ReportDocument.unique(values).sorted().joined(separator: ", ")
  }

  private static func overview(_ data: ReportData, _ runs: [RunDescription]) -> Document.Table {
    let seeds = Set(runs.map(\.seed)).sorted().map { String($0) }.joined(separator: ", ")
    var rows: [[Inline]] = data.experiments.map { experiment in
      [
        "Experiment",
        """
        \(experiment.description.name): \(experiment.finished) of \(experiment.planned) runs \
        finished; file's SHA-256 \(code: String(experiment.description.digest.prefix(16)))
        """,
      ]
    }
    rows += [
      ["Seeds", Inline(seeds)],
      ["Backend", Inline(joined(runs.map { "\($0.backend) (\($0.modelVersion))" }))],
      ["Prediction error", Inline(predictionError(runs))],
      ["Code revision", Inline(joined(runs.map(\.codeRevision)))],
      ["Host", Inline(joined(runs.map(\.host)))],
      ["Run at", Inline(period(runs))],
    ]
    return Document.Table(
      caption: "Provenance", header: ["What", "Which"], rows: rows, isNumeric: false)
  }

  private static func predictionError(_ runs: [RunDescription]) -> String {
    let predicted = runs.filter { $0.backend == "simulation" }
    guard !predicted.isEmpty else { return "none: these runs were measured, not predicted" }
    let known = predicted.map { Profile.Model.errors(configuration: $0.configuration) }
    let sentences = Set(known.compactMap(\.self)).sorted()
    let fitted = sentences.map {
      "mean SMAPE over the real runs that the model was fitted to: \($0)"
    }
    guard known.contains(nil) else { return fitted.joined(separator: "; ") }
    let rough =
      "not yet calibrated against a real server: take the differences between strategies as the "
      + "model's, and absolute times as rough"
    return (fitted + [fitted.isEmpty ? rough : "other runs: " + rough]).joined(separator: "; ")
  }

  private static func period(_ runs: [RunDescription]) -> String {
    guard let first = runs.map(\.startedAt).min(), let last = runs.map(\.finishedAt).max() else {
      return ""
    }
    let (from, to) = (minute(first), minute(last))
    return from == to ? from : "\(from) to \(to)"
  }

  private static func minute(_ date: Date) -> String {
    let text = date.formatted(.iso8601)
    return text.prefix(16).replacing("T", with: " ") + " UTC"
  }

  // MARK: Lists by seed

  private static func traces(_ runs: [RunDescription]) -> Document.Table {
    let rows = groups(runs) { [$0.workload, $0.traceName] }.map { key, runs in
      key.map { Inline($0) } + [bySeed(runs) { String($0.traceDigest.prefix(16)) }]
    }
    return Document.Table(
      caption: "Traces that were replayed", header: ["Workload", "Trace", "SHA-256 by seed"],
      rows: rows, isNumeric: false)
  }

  private static func list(_ runs: [RunDescription]) -> Document.Table {
    let rows = groups(runs) { run in
      let sweep = run.sweep.map { "\($0.parameter) = \(Typeset.count($0.value))" } ?? ""
      return [run.workload, sweep, run.strategy]
    }.map { key, runs in key.map { Inline($0) } + [bySeed(runs, \.runID)] }
    return Document.Table(
      caption: "Runs", header: ["Workload", "Varied", "Strategy", "Run by seed"],
      rows: rows, isNumeric: false)
  }

  /// Runs with equal keys, in the order of each key's first run.
  private static func groups(_ runs: [RunDescription], by key: (RunDescription) -> [String])
    -> [(key: [String], runs: [RunDescription])]
  {
    var positions: [[String]: Int] = [:]
    var groups: [(key: [String], runs: [RunDescription])] = []
    for run in runs {
      let key = key(run)
      if let position = positions[key] {
        groups[position].runs.append(run)
      } else {
        positions[key] = groups.count
        groups.append((key, [run]))
      }
    }
    return groups
  }

  /// `1: 0123abcd, 2: 4567ef01`; a seed's value once, however many runs share it.
  private static func bySeed(_ runs: [RunDescription], _ value: (RunDescription) -> String)
    -> Inline
  {
    var pieces: [Inline.Piece] = []
    var seen: Set<String> = []
    for run in runs.sorted(by: { $0.seed < $1.seed })
    where seen.insert("\(run.seed) \(value(run))").inserted {
      pieces += [.text("\(pieces.isEmpty ? "" : ", ")\(run.seed): "), .code(value(run))]
    }
    return Inline(pieces)
  }
}
