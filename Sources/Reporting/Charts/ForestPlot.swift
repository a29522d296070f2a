import Results

/// The differences between two strategies in all metrics: one row a metric, an estimate with its
/// confidence interval, and a line where there is no difference.
public enum ForestPlot {
  /// Draws it.
  ///
  /// - Parameters:
  ///   - differences: the rows from top to bottom; those without a relative difference (a baseline
  ///     of zero) are left out.
  ///   - tests: how many comparisons the verdicts are corrected for.
  public static func chart(
    _ differences: [Difference], tests: Int, baseline: String, candidate: String, name: String,
    context: String = ""
  ) -> Chart {
    let rows = Array(differences.filter { $0.relative.isFinite }.reversed())
    let limit = limit(rows)
    let isClipped = rows.contains { max($0.end(\.low).magnitude, $0.end(\.high).magnitude) > limit }
    let series = Verdict.listed.compactMap { verdict -> Series? in
      let intervals = rows.enumerated().filter { $0.element.verdict == verdict }.map { row, item in
        Series.Interval(
          y: Double(row), value: item.relative.clamped(to: -limit...limit),
          low: item.end(\.low).clamped(to: -limit...limit),
          high: item.end(\.high).clamped(to: -limit...limit))
      }
      return intervals.isEmpty
        ? nil : Series(label(verdict), .intervals(intervals), color: color(verdict))
    }
    let notes = rows.enumerated().map { row, item in
      Chart.Note(
        at: Point(0, Double(row)),
        text: item.relativeText + (item.verdict == .notSignificant ? " n.s." : ""),
        color: color(item.verdict) == .faint ? .text : color(item.verdict), inRightMargin: true)
    }
    let isExact = !rows.isEmpty && rows.allSatisfy { $0.verdict == .exact }
    let what =
      isExact
      ? "exact for this trace, no seeds vary"
      : "95 % CI each; verdicts corrected for \(tests) comparisons"
    return Chart(
      name: name, title: "What changes from \(baseline) to \(candidate)",
      subtitle: [
        context, what, "↓ ↑ the better way", isClipped ? "long bars cut off" : "",
      ].filter { !$0.isEmpty }.joined(separator: "; "),
      summary: rows.reversed().map {
        "\($0.title): \($0.relativeText), \($0.verdict.text(tests: tests))."
      }.joined(separator: " "),
      x: Axis("Difference from \(baseline)", .percent, limits: -limit...limit),
      y: Axis("", .names(rows.map { $0.title + arrow($0.direction) })),
      series: series,
      rules: [Chart.Rule(.vertical, at: 0, color: .bound, dotted: false)],
      notes: notes,
      size: Chart.Size(width: Chart.Size.wide, height: max(220, 150 + 24 * rows.count)))
  }

  private static func color(_ verdict: Verdict) -> Color {
    switch verdict {
    case .better: .green
    case .worse: .vermillion
    case .different: .purple
    case .equivalent: .blue
    case .notSignificant: .bound
    case .noDifference, .notEnoughSeeds: .faint
    case .exact: .text
    }
  }

  private static func label(_ verdict: Verdict) -> String {
    verdict == .notSignificant ? "n.s.: \(verdict.rawValue)" : verdict.rawValue
  }

  private static func arrow(_ direction: Direction) -> String {
    switch direction {
    case .lower: " ↓"
    case .higher: " ↑"
    case .none: ""
    }
  }

  /// Differences of less than a few minimum effects are shown to be small by looking so.
  private static let leastLimit = 0.05

  /// Half the width of the axis: all intervals, unless a few are so long that they would hide the
  /// others.
  private static func limit(_ rows: [Difference]) -> Double {
    let ends = rows.map { row in
      max(row.end(\.low).magnitude, row.end(\.high).magnitude, row.relative.magnitude)
    }.sorted()
    guard let longest = ends.last, longest > 0 else { return 0.1 }
    let typical = ends[(ends.count - 1) * 3 / 4]
    let shown = typical > 0 && longest > 10 * typical ? 2 * typical : longest
    return max(shown * 1.05, leastLimit)
  }
}

extension Difference {
  /// An end of the interval; the estimate itself where there is no interval.
  fileprivate func end(_ end: KeyPath<Difference, Double>) -> Double {
    self[keyPath: end].isFinite ? self[keyPath: end] : relative
  }
}
