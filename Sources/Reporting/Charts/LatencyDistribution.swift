import Orchestration
import Primitives

/// The distribution of a latency over requests: one line a strategy.
public enum LatencyDistribution {
  /// Draws it.
  ///
  /// A line ends below 100 % by the share of requests that never got there.
  ///
  /// - Parameter objective: the limit that a service promises, in nanoseconds.
  public static func chart(
    _ latency: Latency, of runs: [StrategyRun], objective: Nanoseconds? = nil, name: String,
    context: String = ""
  ) -> Chart {
    let sorted = runs.map { run in run.requests.compactMap(latency.of).sorted() }
    let series = runs.indices.map { index in
      Series.strategy(
        runs[index].strategy,
        .line(
          Downsampling.distribution(sorted[index], total: runs[index].requests.count)
            .filter { $0.x > 0 }),
        index: index, of: runs.count)
    }
    return Chart(
      name: name, title: "\(latency.title) by strategy",
      subtitle: context,
      summary: summary(latency, runs, sorted),
      x: Axis(
        "\(latency.rawValue) (log scale)", .duration, scale: .logarithmic, limits: limits(sorted)),
      y: Axis("Share of requests", .percent, limits: 0...1),
      series: series,
      rules: objective.map { limit in
        [
          Chart.Rule(
            .vertical, at: limit.seconds, label: "SLO \(Typeset.duration(limit.seconds))")
        ]
      } ?? [],
      key: .bottomRight)
  }

  /// From where the first thousandth of some strategy's requests has passed to the slowest of all.
  private static func limits(_ sorted: [[Double]]) -> ClosedRange<Double>? {
    let low = sorted.compactMap { values in
      Downsampling.quantile(values, 0.001).map { $0 > 0 ? $0 : values.first { $0 > 0 } ?? $0 }
    }.filter { $0 > 0 }.min()
    guard let low, let high = sorted.compactMap(\.last).max(), high >= low else { return nil }
    return Ticks(
      Axis("", .duration, scale: .logarithmic), extent: low...high
    ).limits
  }

  private static func summary(_ latency: Latency, _ runs: [StrategyRun], _ sorted: [[Double]])
    -> String
  {
    let parts = runs.indices.map { index in
      let values = sorted[index]
      let quantiles = [0.5, 0.9, 0.99].map { q in
        "p\(Int(q * 100)) "
          + (Downsampling.quantile(values, q).map(Typeset.duration) ?? "none")
      }
      return "\(runs[index].strategy): \(quantiles.joined(separator: ", "))"
    }
    return "Cumulative distribution of \(latency.rawValue). " + parts.joined(separator: "; ") + "."
  }
}
