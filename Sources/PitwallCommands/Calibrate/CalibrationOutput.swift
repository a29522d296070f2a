import Replay
import Results
import Simulation
import Validation

/// What a fit came to, as text, JSON or CSV.
struct CalibrationOutput {
  var calibration: Calibration
  var point: RunRefinement.Point
  var crossValidation: CrossValidation?

  func rendered(as format: OutputFormat) -> String {
    switch format {
    case .table: text
    case .json: json.rendered() + "\n"
    case .csv: coefficients { .number($0, decimals: 6) }.rendered(as: .csv)
    }
  }

  // MARK: For people

  private var text: String {
    var tables = [coefficients { .text(NumberText.significant($0)) }, benchmarks, errorTable]
    if let crossValidation { tables.append(folds(of: crossValidation)) }
    return tables.map { $0.rendered(as: .table) }.joined(separator: "\n") + "\n" + legend
  }

  private var legend: String {
    let rows = point.profile.fittedFrom.map { "\n  \($0.file) \($0.rows)" }.joined()
    return """
      us: microseconds; se: standard error; alone: what steps timed alone say. mean, median, p90:
      SMAPE in % of the \(point.validated.count) runs fitted to; bias: above 0 where too high;
      seen, left out: mean SMAPE by the fit to all runs, and by that to all but those of the rates.
      rows:\(rows)

      """
  }

  private var benchmarks: TextTable {
    var table = TextTable(["model", "groups of steps timed alone", "relative error"])
    for (model, fit) in calibration.stepFits where point.profile.model(model) != nil {
      table.append([
        .text(model), .integer(Int64(fit.count)), .number(fit.relativeError, decimals: 3),
      ])
    }
    return table
  }

  private var errorTable: TextTable {
    var table = TextTable(["metric", "regime", "model", "n", "mean", "median", "p90", "bias"])
    for entry in errors {
      let values = [
        entry.errors.mean, entry.errors.median, entry.errors.p90, entry.errors.bias,
      ]
      table.append(
        [
          .text(entry.metric.rawValue), .text(entry.regime),
          .text(ModelShape.known(as: entry.model)?.name ?? entry.model),
          .integer(Int64(entry.errors.count)),
        ] + values.map { .number($0, decimals: 2) })
    }
    return table
  }

  private func folds(of crossValidation: CrossValidation) -> TextTable {
    var table = TextTable(["rates left out", "metric", "n", "seen", "left out"])
    for fold in crossValidation.folds + [crossValidation.whole] {
      for (metric, seen, unseen) in errors(of: fold) {
        table.append([
          .text(fold.rates), .text(metric.rawValue), .integer(Int64(seen.count)),
          .number(seen.mean, decimals: 2), .number(unseen.mean, decimals: 2),
        ])
      }
    }
    return table
  }

  // MARK: For programs

  private var json: JSONValue {
    var fields: [(key: String, value: JSONValue)] = [
      ("coefficients", .array(terms.map(json))), ("errors", .array(errors.map(json))),
    ]
    if let crossValidation {
      let folds = crossValidation.folds + [crossValidation.whole]
      fields.append(("cross_validation", .array(folds.flatMap(json))))
    }
    return .object(fields)
  }

  private func json(_ row: Row) -> JSONValue {
    .object([
      ("model", .string(row.model)), ("term", .string(row.term.rawValue)),
      ("us", .number(row.fitted.value)), ("standard_error", .number(row.fitted.standardError)),
      ("alone_us", .number(row.alone.value)),
      ("alone_standard_error", .number(row.alone.standardError)),
    ])
  }

  private func json(_ entry: ErrorTable.Entry) -> JSONValue {
    .object([
      ("metric", .string(entry.metric.rawValue)), ("regime", .string(entry.regime)),
      ("model", .string(entry.model)), ("n", .integer(entry.errors.count)),
      ("smape_mean", .number(entry.errors.mean)), ("smape_median", .number(entry.errors.median)),
      ("smape_p90", .number(entry.errors.p90)), ("bias", .number(entry.errors.bias)),
    ])
  }

  private func json(_ fold: CrossValidation.Fold) -> [JSONValue] {
    errors(of: fold).map { metric, seen, unseen in
      .object([
        ("rates", .string(fold.rates)), ("metric", .string(metric.rawValue)),
        ("n", .integer(seen.count)), ("smape_mean", .number(seen.mean)),
        ("smape_mean_left_out", .number(unseen.mean)),
      ])
    }
  }

  // MARK: Both

  private var errors: [ErrorTable.Entry] {
    ErrorTable(point.validated).entries.filter { $0.metric != .starts }
  }

  /// The errors of each metric that a fold has, by the fit to all runs and by that to all others.
  private func errors(
    of fold: CrossValidation.Fold
  ) -> [(metric: ValidationQuantity, seen: ErrorSummary, unseen: ErrorSummary)] {
    ErrorTable.metrics.filter { $0 != .starts }.compactMap { metric in
      guard let seen = ErrorSummary(ErrorTable.pairs(metric, fold.seen)),
        let unseen = ErrorSummary(ErrorTable.pairs(metric, fold.unseen))
      else { return nil }
      return (metric, seen, unseen)
    }
  }

  /// A coefficient as fitted to runs, and what the steps timed alone say of it.
  private struct Row {
    var model: String
    var term: StepTerm
    var fitted: Estimate
    var alone: Estimate
  }

  private var terms: [Row] {
    point.profile.models.flatMap { model in
      let alone = calibration.stepFits.first { $0.model == model.name }?.fit.coefficients ?? []
      return StepTerm.allCases.map { term in
        func estimate(_ coefficients: [Profile.Model.StepCoefficient]) -> Estimate {
          coefficients.first { $0.term == term }?.microseconds ?? Estimate(0, standardError: 0)
        }
        return Row(
          model: model.name, term: term, fitted: estimate(model.step), alone: estimate(alone))
      }
    }
  }

  private func coefficients(_ cell: (Double) -> TextTable.Cell) -> TextTable {
    var table = TextTable(["model", "term", "us", "se", "alone", "alone se", "per"])
    for row in terms {
      let values = [
        row.fitted.value, row.fitted.standardError, row.alone.value, row.alone.standardError,
      ]
      table.append(
        [.text(row.model), .text(row.term.rawValue)] + values.map(cell) + [.text(row.term.unit)])
    }
    return table
  }
}
