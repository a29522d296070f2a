import Results
import Validation

/// Errors of predictions as tables.
enum ValidationTables {
  /// One row a regime: the errors over all models, the twin's, and the mean of each model.
  static func errors(_ metric: ValidationQuantity, _ table: ErrorTable, _ runs: [ValidatedRun])
    -> Document.Table?
  {
    let models = Set(runs.map(\.model)).sorted()
    let rows = ErrorTable.regimes(of: runs).compactMap { regime -> [Inline]? in
      guard let entry = table.entry(metric, regime: regime) else { return nil }
      let byModel = models.map { model -> Inline in
        let entry = table.entry(metric, regime: regime, model: model)
        let twin = entry?.twin.map { " (\(number($0.mean)))" } ?? ""
        return Inline(mean(entry?.errors) + twin)
      }
      let errors = entry.errors
      return [
        Inline(RegimeText.title(regime)), Inline(errors.count),
        Inline([.strong(mean(errors))]), Inline(number(errors.median)), Inline(number(errors.p90)),
        Inline(number(errors.bias)),
        Inline(entry.twin.map { "\(number($0.mean)) (\(Typeset.count(Double($0.count))))" } ?? ""),
      ] + byModel
    }
    guard !rows.isEmpty else { return nil }
    let what = metric == .starts ? "runs predicted wrongly, in %" : "SMAPE in %"
    return Document.Table(
      caption: "\(metric.title): \(what); at the right each model's mean (the twin's)",
      header: ["Regime", "Runs", "Mean", "Median", "p90", "Bias", "Twin (runs)"] + models,
      rows: rows)
  }

  /// The runs that are furthest off, with what may be the cause.
  static func worst(_ metric: ValidationQuantity, _ runs: [ValidatedRun], count: Int)
    -> Document.Table?
  {
    let worst = ErrorTable.worst(metric, runs, count: count)
    guard !worst.isEmpty else { return nil }
    return Document.Table(
      caption: "\(metric.title): the \(worst.count) runs that are furthest off",
      header: [
        "Run", "Likely cause", "SMAPE, %", "Twin, %", "Measured\(metric.unitText)", "Predicted",
        "Regime", "Model", "Slots × rank", "Adapters", "Offered, 1/s",
      ],
      rows: worst.map { run in
        [
          Inline(String(run.number)), Inline(LikelyCause(of: run, metric).description),
          Inline(mean(ErrorSummary(ErrorTable.pairs(metric, [run])))),
          Inline(mean(ErrorSummary(ErrorTable.pairs(metric, [run]) { $0.twin }))),
          Inline(value(run.measured[metric])), Inline(value(run.predicted[metric])),
          Inline(RegimeText.title(run.regime)), Inline(run.model),
          "\(String(run.slots)) × \(String(run.slotRank))", Inline(run.adapters),
          Inline(Typeset.significant(run.offered)),
        ]
      })
  }

  /// One row a part that was left out: how mean errors change, below those of the whole model.
  static func contributions(_ ablated: [AblatedErrors], _ complete: ErrorTable) -> Document.Table {
    let whole = ErrorTable.metrics.map { Inline(mean(complete.entry($0)?.errors)) }
    let rows = ablated.map { part -> [Inline] in
      ["\(code: part.part)"]
        + ErrorTable.metrics.map { metric in
          let change = part.change(of: metric, from: complete)
          return Inline(change.map { ($0 > 0 ? "+" : "") + number($0) } ?? "")
        }
    }
    return Document.Table(
      caption: "Change of the mean SMAPE, in points",
      header: ["Without"] + ErrorTable.metrics.map(\.title),
      rows: [["nothing: mean SMAPE, %"] + whole] + rows)
  }

  static func number(_ value: Double) -> String { Typeset.fixed(value, 2) }

  private static func mean(_ summary: ErrorSummary?) -> String {
    summary.map { number($0.mean) } ?? ""
  }

  private static func value(_ value: Double?) -> String {
    value.map { Typeset.significant($0, digits: 4) } ?? ""
  }
}

extension Inline {
  fileprivate init(_ count: Int) { self.init(Typeset.count(Double(count))) }
}
