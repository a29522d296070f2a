import Results

/// Which columns of the traces were recorded, fitted or assigned. Traces of one workload differ by
/// their seed, and share a table.
enum TraceOrigins {
  private static let kinds = ["recorded", "fitted", "assigned"]

  /// All workloads in one sentence: `recorded: adapters; assigned: output_tokens`.
  static func sentence(_ runs: [RunDescription]) -> String {
    let columns = ReportDocument.unique(runs.flatMap { $0.traceColumns.map(\.column) })
    guard !columns.isEmpty else { return "no column's origin is known" }
    var byOrigin: [String: [String]] = [:]
    for column in columns {
      let origins = Set(
        runs.flatMap { $0.traceColumns.filter { $0.column == column }.map(\.provenance) })
      byOrigin[origins.count == 1 ? origins.first ?? "" : "", default: []].append(column)
    }
    let others = byOrigin.keys.filter { !$0.isEmpty && !kinds.contains($0) }.sorted()
    let parts = (kinds + others).compactMap { kind in
      byOrigin[kind].map { "\(kind): \($0.joined(separator: ", "))" }
    }
    let differing = byOrigin[""].map {
      ["different from workload to workload: \($0.joined(separator: ", "))"]
    }
    return (parts + (differing ?? [])).joined(separator: "; ")
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
