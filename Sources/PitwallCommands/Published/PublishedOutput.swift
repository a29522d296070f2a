import Results
import Validation

/// Published figures beside predictions, as text, JSON or CSV.
struct PublishedOutput {
  private let comparison: PublishedComparison

  init(_ comparison: PublishedComparison) { self.comparison = comparison }

  func rendered(as format: OutputFormat) -> String {
    switch format {
    case .table: text
    case .json: json.rendered() + "\n"
    case .csv: figures(exact: true).rendered(as: .csv)
    }
  }

  // MARK: For people

  private var text: String {
    var parts = [figures(exact: false).rendered(as: .table), errors.rendered(as: .table)]
    if !comparison.leftOut.isEmpty { parts.append(leftOut.rendered(as: .table)) }
    parts += comparison.notes.map { $0 + "\n" }
    return parts.joined(separator: "\n")
  }

  /// - Parameter exact: numbers with all their digits, without errors: for programs.
  private func figures(exact: Bool) -> TextTable {
    let fittedMark = exact ? ["fitted_to"] : []
    var table = TextTable(
      ["group", "setting", "quantity", "published"] + comparison.models
        + (exact ? [] : comparison.models.map { "\($0) error" }) + fittedMark)
    func number(_ value: Double?) -> TextTable.Cell {
      guard let value else { return .missing }
      return exact ? .number(value, decimals: 6) : .text(NumberText.significant(value))
    }
    for figure in comparison.figures {
      let errors = figure.predicted.map { predicted -> TextTable.Cell in
        guard let predicted else { return .missing }
        return .number(
          ErrorSummary.signed(measured: figure.published, predicted: predicted), decimals: 1)
      }
      table.append(
        [
          .text(figure.group), .text(figure.setting), .text(figure.quantity),
          number(figure.published),
        ] + figure.predicted.map(number)
          + (exact ? [.text(figure.isFitted ? "true" : "false")] : errors))
    }
    return table
  }

  private var errors: TextTable {
    var table = TextTable(["quantity", "group", "model", "n", "mean", "median", "p90", "bias"])
    for entry in comparison.errors {
      table.append([
        .text(entry.quantity), .text(entry.group), .text(entry.model),
        .integer(Int64(entry.errors.count)), .number(entry.errors.mean, decimals: 1),
        .number(entry.errors.median, decimals: 1), .number(entry.errors.p90, decimals: 1),
        .number(entry.errors.bias, decimals: 1),
      ])
    }
    return table
  }

  private var leftOut: TextTable {
    var table = TextTable(["not predicted", "rows"])
    for entry in comparison.leftOut {
      table.append([.text(entry.reason), .integer(Int64(entry.rows))])
    }
    return table
  }

  // MARK: For programs

  private var json: JSONValue {
    .object([
      ("models", .array(comparison.models.map { .string($0) })),
      ("figures", .array(comparison.figures.map(json))),
      ("errors", .array(comparison.errors.map(json))),
      (
        "not_predicted",
        .array(
          comparison.leftOut.map {
            .object([("reason", .string($0.reason)), ("rows", .integer($0.rows))])
          })
      ),
      ("notes", .array(comparison.notes.map { .string($0) })),
    ])
  }

  private func json(_ figure: PublishedFigure) -> JSONValue {
    .object([
      ("group", .string(figure.group)), ("setting", .string(figure.setting)),
      ("quantity", .string(figure.quantity)), ("published", .number(figure.published)),
      (
        "predicted",
        .object(zip(comparison.models, figure.predicted).map { ($0, JSONValue($1)) })
      ), ("fitted_to", .string(figure.isFitted ? "true" : "false")),
    ])
  }

  private func json(_ entry: PublishedComparison.Entry) -> JSONValue {
    .object([
      ("quantity", .string(entry.quantity)), ("group", .string(entry.group)),
      ("model", .string(entry.model)), ("n", .integer(entry.errors.count)),
      ("smape_mean", .number(entry.errors.mean)), ("smape_median", .number(entry.errors.median)),
      ("smape_p90", .number(entry.errors.p90)), ("bias", .number(entry.errors.bias)),
    ])
  }
}
