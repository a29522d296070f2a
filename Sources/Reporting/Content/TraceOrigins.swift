import Results

/// Which columns of the traces were recorded, fitted or assigned. Traces of one workload differ by
/// their seed, and share a table.
enum TraceOrigins {
  private static let kinds = ["recorded", "fitted", "assigned"]

  /// All workloads in one sentence: `recorded: adapters; assigned: output_tokens`.
  static func sentence(_ runs: [RunDescription]) -> String {
    let columns = ReportDocument.unique(runs.flatMap { $0.traceColumns.map(\.column) })
    guard !columns.isEmpty else { return "no column's origin is known" }
    var alike: [String: [String]] = [:]
    var differing: [String] = []
    for column in columns {
      let origins = origins(of: column, runs)
      if let only = origins.first, origins.count == 1 {
        alike[only.kind, default: []].append(column)
      } else {
        let parts = origins.map { "\($0.kind) on \($0.workloads.joined(separator: ", "))" }
        differing.append("\(column): \(parts.joined(separator: " but "))")
      }
    }
    let others = alike.keys.filter { !kinds.contains($0) }.sorted()
    let parts = (kinds + others).compactMap { kind in
      alike[kind].map { "\(kind): \($0.joined(separator: ", "))" }
    }
    return (parts + differing).joined(separator: "; ")
  }

  /// The origins of a column, each with the workloads in whose traces it is so.
  private static func origins(of column: String, _ runs: [RunDescription])
    -> [(kind: String, workloads: [String])]
  {
    let all = runs.flatMap { run in
      run.traceColumns.filter { $0.column == column }.map {
        (kind: $0.provenance, workload: run.workload)
      }
    }
    return ReportDocument.unique(all.map(\.kind)).map { kind in
      (kind, ReportDocument.unique(all.filter { $0.kind == kind }.map(\.workload)))
    }
  }

  /// One table a workload.
  static func tables(_ runs: [RunDescription]) -> [Document.Table] {
    ReportDocument.unique(runs.map(\.workload)).map { workload in
      table(workload, runs.filter { $0.workload == workload })
    }
  }

  private static func table(_ workload: String, _ runs: [RunDescription]) -> Document.Table {
    let traces = ReportDocument.unique(runs.map(\.traceName)).joined(separator: ", ")
    let columns = ReportDocument.unique(runs.flatMap { $0.traceColumns.map(\.column) })
    return Document.Table(
      caption: "\(workload): what of trace \(traces) was recorded, fitted or assigned",
      header: ["Column", "Is", "How"],
      rows: columns.isEmpty
        ? [["no column's origin is known", "", ""]]
        : columns.map { row($0, runs) }, isNumeric: false)
  }

  private static func row(_ column: String, _ runs: [RunDescription]) -> [Inline] {
    var origins: [(provenance: String, note: String)] = []
    var seeds: Set<UInt64> = []
    for run in runs {
      for origin in run.traceColumns where origin.column == column {
        let note = withoutSeed(origin.note, run.seed)
        if note != origin.note { seeds.insert(run.seed) }
        if !origins.contains(where: { $0 == (origin.provenance, note) }) {
          origins.append((origin.provenance, note))
        }
      }
    }
    let notes = ReportDocument.unique(origins.map(\.note)).joined(separator: "; or ")
    return [
      Inline(column),
      Inline(ReportDocument.unique(origins.map(\.provenance)).joined(separator: " or ")),
      Inline(notes.replacing(mark, with: spelled(seeds))),
    ]
  }

  /// Stands for a run's seed in a note; no text from outside holds it, as it is not a character.
  private static let mark = "\u{ffff}"

  /// A note with its run's own seed taken out, so that the notes of several seeds are equal.
  private static func withoutSeed(_ note: String, _ seed: UInt64) -> String {
    note.replacing(mark, with: " ").split(separator: "seed ", omittingEmptySubsequences: false)
      .enumerated().map { index, part -> String in
        guard index > 0 else { return String(part) }
        let digits = part.prefix { $0.isASCII && $0.isNumber }
        return digits == "\(seed)" ? mark + part.dropFirst(digits.count) : "seed " + part
      }.joined()
  }

  /// `seed 1`, `seeds 1 to 5`, `seeds 1, 3, 7`.
  private static func spelled(_ seeds: Set<UInt64>) -> String {
    let sorted = seeds.sorted()
    guard let first = sorted.first, let last = sorted.last, first != last else {
      return "seed \(sorted.first ?? 0)"
    }
    return last - first == UInt64(sorted.count - 1) && sorted.count > 2
      ? "seeds \(first) to \(last)"
      : "seeds " + sorted.map { "\($0)" }.joined(separator: ", ")
  }
}
