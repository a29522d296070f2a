import Primitives
import Workload

/// The statistics of a trace, as text, JSON or CSV.
struct StatisticsReport {
  private let trace: Trace
  private let statistics: TraceStatistics

  init(_ trace: Trace, _ statistics: TraceStatistics) {
    self.trace = trace
    self.statistics = statistics
  }

  func rendered(as format: OutputFormat) -> String {
    switch format {
    case .json: return json.rendered() + "\n"
    case .csv:
      var table = TextTable(["figure", "value"])
      for (path, cell) in json.flattened() { table.append([.text(path), cell]) }
      return table.rendered(as: .csv)
    case .table: return text
    }
  }

  // MARK: For programs

  private var json: JSONValue {
    let reuse = statistics.reuse
    let distances = reuse.stackDistances
    func ratios(_ value: (ReuseStatistics.HitRatio) -> Double) -> JSONValue {
      .object(reuse.hitRatios.map { (key: "\($0.slots)", value: .number(value($0))) })
    }
    func shares(_ shares: ShareSummary) -> [(key: String, value: JSONValue)] {
      [
        ("distinct", .integer(shares.distinct)), ("top1_share", .number(shares.share(ofTop: 1))),
        ("top10_share", .number(shares.share(ofTop: 10))),
      ]
    }
    return .object([
      ("trace", .string(trace.name)),
      ("requests", .integer(statistics.requests)),
      ("base_only_requests", .integer(statistics.baseOnlyRequests)),
      ("span_s", .number(statistics.span.seconds)),
      ("rate_rps", JSONValue(statistics.rate)),
      ("inter_arrival_cv", JSONValue(statistics.interArrivalCV)),
      ("prompt_tokens", lengths(statistics.promptTokens)),
      ("output_tokens", lengths(statistics.outputTokens)),
      ("sessions", .integer(statistics.sessions)),
      ("tenants", .object(shares(statistics.tenants))),
      ("adapters", .object(shares(statistics.adapters))),
      ("adapter_references", .integer(reuse.references)),
      ("same_as_previous", JSONValue(reuse.sameAsPrevious)),
      (
        "zipf",
        .object([
          ("exponent", JSONValue(statistics.zipf?.exponent)),
          ("ks_distance", JSONValue(statistics.zipf?.distance)),
        ])
      ),
      (
        "stack_distance",
        .object([
          ("cold_starts", .integer(distances.coldStarts)),
          ("p50", JSONValue(distances.quantile(0.5))),
          ("p90", JSONValue(distances.quantile(0.9))),
          ("p99", JSONValue(distances.quantile(0.99))),
        ])
      ),
      ("lru_hit_ratio", ratios(\.lru)),
      ("opt_hit_ratio", ratios(\.opt)),
      ("origins", origins),
    ])
  }

  private func lengths(_ summary: LengthSummary?) -> JSONValue {
    guard let summary else { return .null }
    return .object([
      ("mean", .number(summary.mean)), ("p50", .number(summary.p50)),
      ("p90", .number(summary.p90)), ("p99", .number(summary.p99)),
      ("max", .integer(summary.max)),
    ])
  }

  private var origins: JSONValue {
    .object(
      ColumnName.allCases.compactMap { column in
        trace.origins[column].map { origin in
          (
            key: column.rawValue,
            value: .object([
              ("provenance", .string(origin.provenance.rawValue)), ("note", .string(origin.note)),
            ])
          )
        }
      })
  }

  // MARK: For people

  private var text: String {
    let sections = [summary, lengthTable, hitRatioTable, originTable].filter { $0.hasRows }
    return sections.map { $0.table.rendered(as: .table) }.joined(separator: "\n")
  }

  private typealias Section = (table: TextTable, hasRows: Bool)

  private var summary: Section {
    let reuse = statistics.reuse
    let distances = reuse.stackDistances
    func number(_ value: Double?, _ decimals: Int) -> TextTable.Cell {
      value.map { .number($0, decimals: decimals) } ?? .missing
    }
    func integer(_ value: Int) -> TextTable.Cell { .integer(Int64(value)) }
    func optional(_ value: Int?) -> TextTable.Cell { value.map(integer) ?? .missing }
    var table = TextTable(["figure", "value"])
    let rows: [(String, TextTable.Cell)] = [
      ("requests", integer(statistics.requests)),
      ("requests for the base model alone", integer(statistics.baseOnlyRequests)),
      ("span (s)", number(statistics.span.seconds, 3)),
      ("rate (requests/s)", number(statistics.rate, 4)),
      ("inter-arrival CV", number(statistics.interArrivalCV, 3)),
      ("sessions", integer(statistics.sessions)),
      ("tenants", integer(statistics.tenants.distinct)),
      ("share of the top 10 tenants", number(statistics.tenants.share(ofTop: 10), 4)),
      ("adapter references", integer(reuse.references)),
      ("distinct adapters", integer(reuse.distinct)),
      ("share of the top 10 adapters", number(statistics.adapters.share(ofTop: 10), 4)),
      ("Zipf exponent", number(statistics.zipf?.exponent, 3)),
      (
        "Zipf fit (\(statistics.zipf?.goodness ?? "none")), KS distance",
        number(statistics.zipf?.distance, 3)
      ),
      ("same adapter as previous", number(reuse.sameAsPrevious, 4)),
      ("stack distance p50", optional(distances.quantile(0.5))),
      ("stack distance p90", optional(distances.quantile(0.9))),
      ("stack distance p99", optional(distances.quantile(0.99))),
    ]
    for (name, cell) in rows { table.append([.text(name), cell]) }
    return (table, true)
  }

  private var lengthTable: Section {
    var table = TextTable(["tokens", "mean", "p50", "p90", "p99", "max"])
    let columns = [("prompt", statistics.promptTokens), ("output", statistics.outputTokens)]
    for case (let name, let summary?) in columns {
      table.append([
        .text(name), .number(summary.mean, decimals: 1), .number(summary.p50, decimals: 0),
        .number(summary.p90, decimals: 0), .number(summary.p99, decimals: 0),
        .integer(Int64(summary.max)),
      ])
    }
    return (table, statistics.requests > 0)
  }

  private var hitRatioTable: Section {
    var table = TextTable(["slots", "LRU hit ratio", "OPT hit ratio"])
    for ratio in statistics.reuse.hitRatios {
      table.append([
        .integer(Int64(ratio.slots)), .number(ratio.lru, decimals: 4),
        .number(ratio.opt, decimals: 4),
      ])
    }
    return (table, !statistics.reuse.hitRatios.isEmpty)
  }

  private var originTable: Section {
    var table = TextTable(["column", "origin", "note"])
    for column in ColumnName.allCases {
      guard let origin = trace.origins[column] else { continue }
      table.append([
        .text(column.rawValue), .text(origin.provenance.rawValue), .text(origin.note),
      ])
    }
    return (table, true)
  }
}
