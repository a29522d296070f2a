import Foundation
import Results
import Validation

/// The page that holds predictions against measurements.
enum ValidationDocument {
  /// Runs that are shown one by one for each metric.
  private static let worstShown = 10
  /// Starts are a yes or no: nothing to draw.
  private static let charted = ErrorTable.metrics.filter { $0 != .starts }

  /// Sets a page.
  static func of(
    _ validation: ValidationDescription, _ runs: [ValidatedRun], _ ablated: [AblatedErrors] = []
  ) -> Document {
    let table = ErrorTable(runs)
    return Document(
      title: "Validation of \(validation.profileName)",
      blocks: [
        .callout("What this says", [.list(findings(table))]),
        .details("How to read this", [.list(howToRead)]),
        .heading(2, "Predicted against measured"),
        .figures(scatters(runs) + charted.compactMap { ValidationCharts.deviation($0, runs) }),
        .heading(2, "Errors"),
      ]
        + ErrorTable.metrics.compactMap { ValidationTables.errors($0, table, runs) }
        .map { .table($0) }
        + distributions(runs) + contributions(ablated, table) + worst(runs)
        + provenance(validation, runs))
  }

  private static func findings(_ table: ErrorTable) -> [Inline] {
    ErrorTable.metrics.compactMap { metric in
      guard let entry = table.entry(metric) else { return nil }
      let errors = entry.errors
      if metric == .starts {
        let wrong = Int((errors.mean * Double(errors.count) / 100).rounded())
        return "\(strong: metric.title): \(errors.count - wrong) of \(errors.count) as predicted."
      }
      let twin = entry.twin.map {
        "; the published twin \(ValidationTables.number($0.mean)) % on \($0.count) of them"
      }
      return """
        \(strong: metric.title): mean SMAPE \(strong: ValidationTables.number(errors.mean) + " %") \
        over \(errors.count) runs\(twin ?? "").
        """
    }
  }

  private static let howToRead: [Inline] = [
    """
    Each run is simulated from its configuration alone: arrivals, lengths and the pairing of ranks \
    and rates are drawn anew, so that a perfect model would still be off by what chance does.
    """,
    """
    SMAPE is 100 |r − p| / (|r| + |p|) of a run, from 0 to 100; small values are half of the \
    relative error. Tables give its mean, median and 90th percentile over runs. Bias is the mean \
    with its sign: above 0, predictions are too high. For starts, the mean is the percentage of \
    runs whose start is predicted wrongly.
    """,
    """
    The twin is the simulator that the authors of the measurements published (Agullo et al., \
    arXiv:2508.08343). Its error is over those of the same runs for which they published a \
    prediction.
    """,
    """
    TTFT is compared where the server keeps up, unloaded or queueing for slots: in overload it \
    grows for as long as the run lasts. “Not overloaded” adds the runs in between (transition).
    """,
    """
    Likely causes are rules over the other quantities of the same run. They say what was seen, and \
    are no diagnosis. “Another KV size”: the share of the cache that a running request takes \
    differs from the measured one by more than 8 %. “Client sent”: the number of requests that \
    reached the server differs by more than 3 %. “Near saturation”: requests wait in one of the \
    two and not in the other, or the server just fails to keep up, where a small error of \
    capacity becomes a long queue. “Long steps that feed themselves”: requests pile up while a \
    step lasts, and make the next one longer. “Chance”: within twice the standard deviation that \
    random arrivals and lengths give.
    """,
  ]

  private static func scatters(_ runs: [ValidatedRun]) -> [Chart] {
    let models = Set(runs.map(\.model)).sorted()
    return charted.flatMap { metric in
      models.enumerated().filter { _, model in
        !ErrorTable.pairs(metric, runs.filter { $0.model == model }).isEmpty
      }.map { ValidationCharts.scatter(metric, of: $1, number: $0 + 1, runs) }
    }
  }

  private static func distributions(_ runs: [ValidatedRun]) -> [Document.Block] {
    let charts = charted.compactMap { ValidationCharts.errors($0, runs) }
    return charts.isEmpty ? [] : [.heading(3, "Beside the published twin"), .figures(charts)]
  }

  private static func contributions(_ ablated: [AblatedErrors], _ table: ErrorTable)
    -> [Document.Block]
  {
    if ablated.isEmpty { return [] }
    return [
      .heading(2, "What each part of the model contributes"),
      .paragraph(
        """
        The same runs with one part left out at a time, nothing else fitted anew: by how many \
        points the mean SMAPE grows. A term of the step time may stand in for another, so that \
        small numbers do not mean that both could go.
        """),
      .table(ValidationTables.contributions(ablated, table)),
    ]
  }

  private static func worst(_ runs: [ValidatedRun]) -> [Document.Block] {
    let tables = ErrorTable.metrics.compactMap {
      ValidationTables.worst($0, runs, count: worstShown)
    }
    return tables.isEmpty ? [] : [.heading(2, "Furthest off")] + tables.map { .table($0) }
  }

  private static func provenance(_ validation: ValidationDescription, _ runs: [ValidatedRun])
    -> [Document.Block]
  {
    let rows: [[Inline]] = [
      ["Validation", "\(code: validation.id)"],
      ["Measurements", "\(validation.runsFile), \(runs.count) runs"],
      ["Their SHA-256", "\(code: validation.runsDigest)"],
      ["Profile", Inline(validation.profileName)],
      ["Its SHA-256", "\(code: validation.profileDigest)"],
      ["Client", Inline(validation.client)],
      ["Seeds", Inline(validation.seeds.map { "\($0)" }.joined(separator: ", "))],
      ["Model version", Inline(validation.modelVersion)],
      ["Code revision", Inline(validation.codeRevision)],
      ["Host", Inline(validation.host)],
      [
        "Run at",
        """
        \(validation.startedAt.formatted(.iso8601)), for \
        \(Typeset.duration(validation.wallSeconds))
        """,
      ],
    ]
    return [
      .heading(2, "Where this comes from"),
      .table(
        Document.Table(
          caption: "Provenance", header: ["What", "Which"], rows: rows, isNumeric: false)),
      .details("Profile", [.verbatim(validation.profile)]),
    ]
  }
}
