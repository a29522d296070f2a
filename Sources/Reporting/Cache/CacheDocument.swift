import Results

/// The page about replays of caches.
enum CacheDocument {
  /// Sets a page.
  static func of(_ runs: [CacheRun], title: String, command: String) -> Document {
    let comparison = CacheComparison(runs)
    return Document(
      title: title,
      blocks: [
        .callout("What this says", [.list(findings(comparison))]),
        .details("How to read this", [.list(howToRead)]),
        .figures([GapChart.chart(comparison, name: "gap")]),
        .table(missRatios(comparison)),
        .heading(2, "Where this comes from"),
        .table(traces(runs)),
        .table(provenance(runs)),
        .details("Made by", [.verbatim(command)]),
        .details("Runs, by trace and policy (\(runs.count))", [.table(list(runs, comparison))]),
      ])
  }

  private static func findings(_ comparison: CacheComparison) -> [Inline] {
    var lines = comparison.workloads.map { workload -> Inline in
      let bests = comparison.sizes.map { size in
        let names = comparison.best(workload, size)
        let share = names.first.flatMap { comparison.share($0, workload, size) }
        let shown = names.prefix(3).joined(separator: ", ") + (names.count > 3 ? ", …" : "")
        return "\(size) \(shown)" + (share.map { " (\(Typeset.percent($0, decimals: 0)))" } ?? "")
      }
      return "\(strong: workload): fewest misses at \(bests.joined(separator: "; "))."
    }
    let top = comparison.online.prefix(3).compactMap { policy in
      comparison.meanShare(policy).map { "\(policy) \(Typeset.percent($0, decimals: 0))" }
    }
    if !top.isEmpty {
      lines.append(
        """
        \(strong: "Over all"): furthest from LRU to the bound, on average, go \
        \(top.joined(separator: ", ")).
        """)
    }
    return lines
  }

  private static let howToRead: [Inline] = [
    """
    Only the cache is replayed, empty at first: no queue, no link, no time that a load takes. What a \
    policy is worth in a server depends on these too.
    """,
    """
    The share in brackets is that of the way from LRU’s misses (0 %) to those of the best policy that \
    knows the future (100 %); below 0 a policy misses more than LRU. That bound may refuse an object \
    that it will not need soon, as some policies do; where whatever is loaded is also kept, and all \
    objects are of one size, belady is the optimum.
    """,
    """
    A replay has no luck but that of policies which draw lots: a difference is exact for this trace, \
    and says nothing about others.
    """,
  ]

  private static func missRatios(_ comparison: CacheComparison) -> Document.Table {
    let places = comparison.workloads.flatMap { workload in
      comparison.sizes.map { (workload, $0) }
    }
    let rows = (comparison.online + comparison.bounds).map { policy -> [Inline] in
      let isBound = comparison.bounds.contains(policy)
      let cells = places.map { workload, size -> Inline in
        guard let run = comparison.run(policy, workload, size) else { return "" }
        let text = Typeset.fixed(run.missRatio, 4)
        return comparison.best(workload, size).contains(policy)
          ? "\(strong: text)" : Inline(text)
      }
      let mean = comparison.meanShare(policy).map { Typeset.percent($0) } ?? ""
      return [Inline(isBound ? "\(policy) (bound)" : policy)] + cells + [Inline(mean)]
    }
    return Document.Table(
      caption: "Miss ratios; the fewest misses of a column stand out",
      header: ["Policy"] + places.map { "\($0.0), \($0.1)" } + ["Mean way to the bound"],
      rows: rows)
  }

  private static func traces(_ runs: [CacheRun]) -> Document.Table {
    let rows = ReportDocument.unique(runs.map(\.workload)).compactMap { workload -> [Inline]? in
      guard let run = runs.first(where: { $0.workload == workload }) else { return nil }
      return [
        Inline(workload), Inline(run.traceName),
        Inline(run.transforms.isEmpty ? "as recorded" : run.transforms.joined(separator: "; ")),
        Inline(Typeset.count(Double(run.requests))), "\(code: String(run.traceDigest.prefix(16)))",
      ]
    }
    return Document.Table(
      caption: "Traces that were replayed",
      header: ["Name", "Trace", "Transforms", "Requests", "SHA-256"], rows: rows,
      isNumeric: false)
  }

  private static func provenance(_ runs: [CacheRun]) -> Document.Table {
    func joined(_ values: [String]) -> Inline {
      Inline(ReportDocument.unique(values).joined(separator: ", "))
    }
    return Document.Table(
      caption: "Provenance", header: ["What", "Which"],
      rows: [
        ["Seeds", joined(runs.map { String($0.seed) })],
        ["Model", Inline(CacheRun.modelVersion)],
        ["Code revision", joined(runs.map(\.codeRevision))], ["Host", joined(runs.map(\.host))],
      ], isNumeric: false)
  }

  private static func list(_ runs: [CacheRun], _ comparison: CacheComparison) -> Document.Table {
    let rows = comparison.workloads.flatMap { workload in
      (comparison.online + comparison.bounds).map { policy -> [Inline] in
        let ids = comparison.sizes.flatMap { size -> [Inline.Piece] in
          guard let run = comparison.run(policy, workload, size) else { return [] }
          return [.text("\(size): "), .code(run.id), .text(" ")]
        }
        return [Inline(workload), Inline(policy), Inline(ids)]
      }
    }
    return Document.Table(
      caption: "Runs", header: ["Trace", "Policy", "Run by size"], rows: rows, isNumeric: false)
  }
}
