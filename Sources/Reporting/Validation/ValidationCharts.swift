import Results
import Validation

/// Charts that hold predictions against measurements.
enum ValidationCharts {
  /// Runs as points, measured across and predicted up, coloured by regime, with the diagonal on
  /// which a perfect prediction lies and a band of 10 % to both sides.
  ///
  /// - Parameter number: tells the charts of models apart, whose names need not differ as files'.
  static func scatter(
    _ metric: ValidationQuantity, of model: String, number: Int, _ runs: [ValidatedRun]
  ) -> Chart {
    let runs = runs.filter { $0.model == model }
    let points = ErrorTable.pairs(metric, runs).flatMap { [$0.measured, $0.predicted] }
      .filter { $0 > 0 }
    let (low, high) = (points.min() ?? 1, points.max() ?? 1)
    let isWide = high > 10 * low
    let limits = isWide ? low / 1.3...high * 1.3 : 0...high * 1.05
    func axis(_ side: String) -> Axis {
      Axis(
        side + metric.unitText + (isWide ? ", log scale" : ""),
        scale: isWide ? .logarithmic : .linear,
        limits: limits)
    }
    let summary = ErrorSummary(ErrorTable.pairs(metric, runs))
    return Chart(
      name: "scatter-\(Slug.of(metric.rawValue))-\(number)",
      title: metric.title,
      subtitle: [model, summary.map(text) ?? ""].filter { !$0.isEmpty }.joined(separator: ": "),
      summary: "Predicted against measured, a point a run of \(model). "
        + (summary.map { text($0) + "." } ?? ""),
      x: axis("Measured"), y: axis("Predicted"),
      series: guides(limits) + groups(metric, runs),
      size: Chart.Size(width: Chart.Size.half.width, height: 560))
  }

  private static func text(_ summary: ErrorSummary) -> String {
    "\(summary.count) runs, SMAPE mean \(percent(summary.mean)), median \(percent(summary.median))"
  }

  private static func percent(_ value: Double) -> String { Typeset.percent(value / 100) }

  /// The band and the diagonal.
  private static func guides(_ limits: ClosedRange<Double>) -> [Series] {
    let ends = [limits.lowerBound, limits.upperBound]
    return [
      Series(
        "± 10 %", .band(ends.map { Series.Range(x: $0, low: $0 * 0.9, high: $0 * 1.1) }),
        color: .empty),
      Series("", .line(ends.map { Point($0, $0) }), color: .faint, lineWidth: 1),
    ]
  }

  /// How much too high or too low each prediction is, over what was measured: what a scatter over
  /// several decades hides.
  static func deviation(_ metric: ValidationQuantity, _ runs: [ValidatedRun]) -> Chart? {
    func deviation(_ pair: (measured: Double, predicted: Double)) -> Double {
      pair.predicted / pair.measured - 1
    }
    let pairs = ErrorTable.pairs(metric, runs).filter { $0.measured > 0 }
    let sizes = pairs.map { deviation($0).magnitude }.sorted()
    guard let common = Downsampling.quantile(sizes, 0.98) else { return nil }
    // A few that are far off must not squeeze the others.
    let limit = max(common * 1.2, 0.02)
    let limits = max(-limit, -1)...limit
    let cut = sizes.count { $0 > limit }
    let measured = pairs.map(\.measured)
    let isWide = (measured.max() ?? 1) > 10 * (measured.min() ?? 1)
    return Chart(
      name: "deviation-\(Slug.of(metric.rawValue))",
      title: "\(metric.title): deviation of predictions",
      subtitle: "\(pairs.count) runs of all models"
        + (cut > 0 ? "; \(cut) farther off than is shown lie at the edge" : ""),
      summary: "Relative deviation of predictions by measured value. Half of the runs are within "
        + "\(Typeset.percent(Downsampling.quantile(sizes, 0.5) ?? 0)).",
      x: Axis(
        "Measured" + metric.unitText + (isWide ? ", log scale" : ""),
        scale: isWide ? .logarithmic : .linear),
      y: Axis("Predicted / measured − 1", .percent, limits: limits),
      series: groups(metric, runs) { pair in
        Point(pair.measured, min(max(deviation(pair), limits.lowerBound), limits.upperBound))
      },
      rules: [Chart.Rule(.horizontal, at: 0, color: .bound, dotted: false)])
  }

  /// A series a regime; the largest lies lowest, so that it hides none of the others.
  private static func groups(
    _ metric: ValidationQuantity, _ runs: [ValidatedRun],
    point: ((measured: Double, predicted: Double)) -> Point = { Point($0.measured, $0.predicted) }
  ) -> [Series] {
    let regimes = ErrorTable.regimes(of: runs)
    let groups = regimes.map { regime in
      (regime, points: ErrorTable.pairs(metric, runs.filter { $0.regime == regime }))
    }
    return groups.filter { !$0.points.isEmpty }.sorted { $0.points.count > $1.points.count }
      .map { regime, points in
        Series(
          RegimeText.title(regime), .points(points.map(point)),
          color: RegimeText.color(regime))
      }
  }

  /// The distribution of errors over runs, beside the twin's on the same runs; nil where it has none.
  static func errors(_ metric: ValidationQuantity, _ runs: [ValidatedRun]) -> Chart? {
    let shared = runs.filter { $0.twin[metric] != nil }
    let own = errors(ErrorTable.pairs(metric, shared))
    let twin = errors(ErrorTable.pairs(metric, shared) { $0.twin })
    guard let least = own.first(where: { $0 > 0 }), let most = twin.last else { return nil }
    func line(_ sorted: [Double]) -> Series.Marks {
      .line(
        Downsampling.distribution(sorted).filter { $0.x > 0 }.map { Point($0.x / 100, $0.y) })
    }
    return Chart(
      name: "errors-\(Slug.of(metric.rawValue))", title: "\(metric.title): error of a run",
      subtitle: "\(own.count) runs that the published twin predicts too",
      summary: "Cumulative distribution of the symmetric error over runs. Median "
        + "\(percent(Downsampling.quantile(own, 0.5) ?? 0)), the twin's "
        + "\(percent(Downsampling.quantile(twin, 0.5) ?? 0)).",
      x: Axis(
        "SMAPE of a run (log scale)", .percent, scale: .logarithmic,
        limits: max(least, 0.05) / 100...max(most, own.last ?? most) / 100),
      y: Axis("Share of runs", .percent, limits: 0...1),
      series: [
        Series("Pitwall", line(own), color: .blue),
        Series("published twin", line(twin), color: .bound, dashed: true),
      ], key: .row)
  }

  private static func errors(_ pairs: [(measured: Double, predicted: Double)]) -> [Double] {
    pairs.map { ErrorSummary.smape(measured: $0.measured, predicted: $0.predicted) }.sorted()
  }
}
