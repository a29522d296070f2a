import Foundation
import Results

/// Where a report's figures come from: what a result must say to be one.
enum Provenance {
  /// The section.
  static func blocks(_ data: ReportData) -> [Document.Block] {
    let runs = allRuns(data).map(\.description)
    guard !runs.isEmpty else { return [] }
    var blocks: [Document.Block] = [
      .heading(2, "Where this comes from"), .table(summary(data, runs)),
    ]
    blocks += traces(runs).map { .table(columns(of: $0)) }
    blocks.append(.details("Runs (\(runs.count))", [.table(list(runs))]))
    return blocks
  }

  static func allRuns(_ data: ReportData) -> [ReportData.Run] {
    data.workloads.flatMap { workload in
      workload.strategies.flatMap(\.runs)
        + workload.sweeps.flatMap { $0.strategies.flatMap { $0.points.flatMap(\.runs) } }
    }
  }

  private static func summary(_ data: ReportData, _ runs: [RunDescription]) -> Document.Table {
    func joined(_ values: [String]) -> Inline {
      Inline(ReportDocument.unique(values).sorted().joined(separator: ", "))
    }
    let seeds = Set(runs.map(\.seed)).sorted().map { String($0) }.joined(separator: ", ")
    var rows: [[Inline]] = []
    for experiment in data.experiments {
      rows.append([
        "Experiment",
        """
        \(experiment.description.name): \(experiment.finished) of \(experiment.planned) runs \
        finished; file's SHA-256 \(code: String(experiment.description.digest.prefix(16)))
        """,
      ])
    }
    rows += [
      ["Traces, SHA-256", digests(runs)],
      ["Seeds", Inline(seeds)],
      ["Backend", joined(runs.map { "\($0.backend) (\($0.modelVersion))" })],
      ["Prediction error", Inline(predictionError(data, runs))],
      ["Code revision", joined(runs.map(\.codeRevision))],
      ["Host", joined(runs.map(\.host))],
      ["Run at", Inline(period(runs))],
    ]
    return Document.Table(
      caption: "Provenance", header: ["What", "Which"], rows: rows, isNumeric: false)
  }

  private static func predictionError(_ data: ReportData, _ runs: [RunDescription]) -> String {
    if let known = data.predictionError { return known }
    let predicted = runs.contains { $0.backend == "simulation" }
    return predicted
      ? "not yet calibrated against a real server: take the differences between strategies as the "
        + "model's, and absolute times as rough"
      : "none: these runs were measured, not predicted"
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

  /// One run of each trace that has columns of other origins than the traces before it: traces
  /// that differ only by their seed share a table.
  private static func traces(_ runs: [RunDescription]) -> [RunDescription] {
    runs.reduce(into: []) { kept, run in
      let isKnown = kept.contains {
        $0.traceName == run.traceName && $0.traceColumns == run.traceColumns
      }
      if !isKnown { kept.append(run) }
    }
  }

  private static func columns(of run: RunDescription) -> Document.Table {
    Document.Table(
      caption: "Columns of trace \(run.traceName): what was recorded, fitted or assigned",
      header: ["Column", "Is", "How"],
      rows: run.traceColumns.isEmpty
        ? [["no column's origin is known", "", ""]]
        : run.traceColumns.map { [Inline($0.column), Inline($0.provenance), Inline($0.note)] },
      isNumeric: false)
  }

  /// Each trace's name with the digests of its variants.
  private static func digests(_ runs: [RunDescription]) -> Inline {
    let names = ReportDocument.unique(runs.map(\.traceName))
    let lines = names.map { name in
      let digests = ReportDocument.unique(
        runs.filter { $0.traceName == name }.map { String($0.traceDigest.prefix(16)) })
      return "\(name): \(digests.joined(separator: ", "))"
    }
    return Inline(lines.joined(separator: "; "))
  }

  private static func list(_ runs: [RunDescription]) -> Document.Table {
    Document.Table(
      caption: "Runs", header: ["Run", "Workload", "Strategy", "Seed", "Varied", "Trace"],
      rows: runs.map { run in
        let sweep = run.sweep.map { "\($0.parameter) = \(Typeset.count($0.value))" } ?? ""
        return [
          "\(code: run.runID)", Inline(run.workload), Inline(run.strategy),
          Inline(String(run.seed)),
          Inline(sweep), Inline(String(run.traceDigest.prefix(16))),
        ]
      }, isNumeric: false)
  }
}
