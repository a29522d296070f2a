import Results
import Simulation
import Validation

/// The errors of predictions, as text, JSON or CSV.
struct ValidationOutput {
  var validation: ValidationDescription
  var runs: [ValidatedRun]
  /// Errors without parts of the model; empty where nobody asked for them.
  var ablated: [AblatedErrors]
  /// Whether each run stands beside its prediction.
  var showsRuns: Bool

  private var table: ErrorTable { ErrorTable(runs) }

  func rendered(as format: OutputFormat) -> String {
    switch format {
    case .table: text
    case .json: json.rendered() + "\n"
    case .csv: (ablated.isEmpty ? errors(table.entries) : contributions()).rendered(as: .csv)
    }
  }

  // MARK: For people

  /// What a reader wants first: every regime over all models, every model over all regimes.
  private var text: String {
    let shown = table.entries.filter { $0.regime == ErrorTable.all || $0.model == ErrorTable.all }
    var parts = [showsRuns ? sideBySide() : errors(shown, decimals: 2)]
    if !ablated.isEmpty { parts.append(contributions(decimals: 2)) }
    return parts.map { $0.rendered(as: .table) + "\n" }.joined() + legend
  }

  private var legend: String {
    let seeds = validation.seeds.map { "\($0)" }.joined(separator: ", ")
    let seconds = NumberText.fixed(validation.wallSeconds, decimals: 1)
    return """
      mean, median, p90: SMAPE in % (of starts: the percentage predicted wrongly); bias: the mean with
      its sign, above 0 where predictions are too high; ratio: the median of predicted / measured; twin:
      the mean of the published simulator.
      validation \(validation.id): \(runs.count) runs, seeds \(seeds), \(seconds) s

      """
  }

  private func errors(_ entries: [ErrorTable.Entry], decimals: Int = 6) -> TextTable {
    func number(_ value: Double) -> TextTable.Cell { .number(value, decimals: decimals) }
    var table = TextTable([
      "metric", "regime", "model", "n", "mean", "median", "p90", "bias", "ratio", "twin",
    ])
    for entry in entries {
      let errors = entry.errors
      table.append([
        .text(entry.metric.rawValue), .text(entry.regime),
        .text(ModelShape.known(as: entry.model)?.name ?? entry.model),
        .integer(Int64(errors.count)), number(errors.mean), number(errors.median),
        number(errors.p90), number(errors.bias), errors.ratio.map(number) ?? .missing,
        entry.twin.map { number($0.mean) } ?? .missing,
      ])
    }
    return table
  }

  /// Each quantity of each run, measured and predicted.
  private func sideBySide() -> TextTable {
    var table = TextTable(["run", "quantity", "measured", "predicted", "error", "twin", "cause"])
    for run in runs {
      for quantity in ValidationQuantity.allCases {
        let (measured, predicted) = (run.measured[quantity], run.predicted[quantity])
        guard measured != nil || predicted != nil else { continue }
        func error(_ prediction: Double?) -> TextTable.Cell {
          guard let measured, let prediction else { return .missing }
          return .number(
            ErrorSummary.signed(measured: measured, predicted: prediction), decimals: 2)
        }
        let isJudged =
          ErrorTable.worst(quantity, [run], count: 1).count == 1
          && ErrorTable.metrics.contains(quantity)
        table.append([
          .integer(Int64(run.number)), .text(quantity.rawValue), cell(measured), cell(predicted),
          error(predicted), error(run.twin[quantity]),
          isJudged ? .text(LikelyCause(of: run, quantity).description) : .missing,
        ])
      }
    }
    return table
  }

  private func cell(_ value: Double?) -> TextTable.Cell {
    value.map { .text(NumberText.significant($0)) } ?? .missing
  }

  /// By how much mean errors grow without each part of the model.
  private func contributions(decimals: Int = 6) -> TextTable {
    let complete = table
    let metrics = ErrorTable.metrics.filter { complete.entry($0) != nil }
    var rows = TextTable(["without"] + metrics.map(\.rawValue))
    func number(_ value: Double?) -> TextTable.Cell {
      value.map { .number($0, decimals: decimals) } ?? .missing
    }
    rows.append(
      [.text("nothing: mean SMAPE")]
        + metrics.map { number(complete.entry($0)?.errors.mean) })
    for part in ablated {
      rows.append(
        [.text(part.part)] + metrics.map { number(part.change(of: $0, from: complete)) })
    }
    return rows
  }

  // MARK: For programs

  private var json: JSONValue {
    let complete = table
    var fields: [(key: String, value: JSONValue)] = [
      ("validation", .string(validation.id)),
      (
        "runs",
        .object([
          ("file", .string(validation.runsFile)), ("sha256", .string(validation.runsDigest)),
          ("count", .integer(runs.count)),
        ])
      ),
      (
        "profile",
        .object([
          ("name", .string(validation.profileName)),
          ("sha256", .string(validation.profileDigest)),
        ])
      ),
      ("client", .string(validation.client)),
      ("seeds", .array(validation.seeds.map { .string("\($0)") })),
      ("code_revision", .string(validation.codeRevision)),
      ("model_version", .string(validation.modelVersion)), ("host", .string(validation.host)),
      ("wall_s", .number(validation.wallSeconds)),
      ("errors", .array(complete.entries.map(json))),
    ]
    if showsRuns { fields.append(("rows", .array(runs.flatMap(json)))) }
    if !ablated.isEmpty {
      fields.append(("ablations", .array(ablated.flatMap { json($0, complete) })))
    }
    return .object(fields)
  }

  private func json(_ entry: ErrorTable.Entry) -> JSONValue {
    .object([
      ("metric", .string(entry.metric.rawValue)), ("regime", .string(entry.regime)),
      ("model", .string(entry.model)), ("n", .integer(entry.errors.count)),
      ("smape_mean", .number(entry.errors.mean)), ("smape_median", .number(entry.errors.median)),
      ("smape_p90", .number(entry.errors.p90)), ("bias", .number(entry.errors.bias)),
      ("ratio_median", JSONValue(entry.errors.ratio)),
      ("twin_n", .integer(entry.twin?.count ?? 0)),
      ("twin_smape_mean", JSONValue(entry.twin?.mean)),
    ])
  }

  private func json(_ run: ValidatedRun) -> [JSONValue] {
    ValidationQuantity.allCases.compactMap { quantity in
      let (measured, predicted) = (run.measured[quantity], run.predicted[quantity])
      guard measured != nil || predicted != nil else { return nil }
      return .object([
        ("run_no", .integer(run.number)), ("quantity", .string(quantity.rawValue)),
        ("measured", JSONValue(measured)), ("predicted", JSONValue(predicted)),
        ("twin", JSONValue(run.twin[quantity])),
      ])
    }
  }

  private func json(_ part: AblatedErrors, _ complete: ErrorTable) -> [JSONValue] {
    part.table.entries.map { entry in
      let before = complete.entry(entry.metric, regime: entry.regime, model: entry.model)
      return .object([
        ("without", .string(part.part)), ("metric", .string(entry.metric.rawValue)),
        ("regime", .string(entry.regime)), ("model", .string(entry.model)),
        ("n", .integer(entry.errors.count)), ("smape_mean", .number(entry.errors.mean)),
        ("change", JSONValue(before.map { entry.errors.mean - $0.errors.mean })),
      ])
    }
  }
}
