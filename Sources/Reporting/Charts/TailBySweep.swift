import Orchestration
import Primitives

/// The 99th percentile of the time to first token, against a parameter of the server: how much of
/// it an objective takes.
public enum TailBySweep {
  /// Draws it.
  ///
  /// - Parameters:
  ///   - strategies: for each, values of the parameter (x) and seconds (y), by rising x.
  ///   - objective: the limit that a service promises.
  public static func chart(
    _ strategies: [(name: String, points: [Point])], parameter: String,
    objective: Nanoseconds? = nil, name: String, context: String = ""
  ) -> Chart {
    let lines = strategies.enumerated().map { index, strategy in
      Series.strategy(
        strategy.name, .markedLine(strategy.points), index: index, of: strategies.count)
    }
    let summary = strategies.map { strategy in
      let points = strategy.points.map { "\(Typeset.duration($0.y)) at \(Typeset.count($0.x))" }
      return "\(strategy.name): \(points.joined(separator: ", "))."
    }
    return Chart(
      name: name, title: "p99 time to first token by \(parameter)", subtitle: context,
      summary: summary.joined(separator: " "),
      x: .swept(parameter, over: strategies.flatMap { $0.points.map(\.x) }),
      y: Axis("p99 TTFT (log scale)", .duration, scale: .logarithmic),
      series: lines,
      rules: objective.map { limit in
        [
          Chart.Rule(
            .horizontal, at: limit.seconds, label: "SLO \(Typeset.duration(limit.seconds))")
        ]
      } ?? [])
  }
}

extension Axis {
  /// The values of a parameter that is varied, logarithmic where they are spread widely.
  static func swept(_ parameter: String, over values: [Double]) -> Axis {
    let sorted = Array(Set(values)).sorted()
    let (least, most) = (sorted.first ?? 0, sorted.last ?? 0)
    let isLogarithmic = least > 0 && most >= 8 * least
    let label = parameter.prefix(1).uppercased() + parameter.dropFirst()
    return Axis(
      isLogarithmic ? "\(label) (log scale)" : label,
      scale: isLogarithmic ? .logarithmic : .linear,
      limits: most > least ? least...most : nil, tickValues: sorted.count <= 12 ? sorted : nil)
  }
}
