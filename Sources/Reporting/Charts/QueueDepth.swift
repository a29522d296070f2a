import Orchestration
import Primitives

/// How many requests wait in the course of a run, summed over replicas: one line a strategy.
public enum QueueDepth {
  private static let buckets = 200

  /// Draws it: the mean in each stretch of time, and in a paler tone the range from the least to
  /// the most in it.
  public static func chart(of runs: [StrategyRun], name: String, context: String = "") -> Chart {
    let end = runs.map(\.span.upperBound).max() ?? 0
    let depths = runs.map { run in
      Downsampling.buckets(
        Downsampling.total(run.samples) { Double($0.waiting) }, over: 0..<max(end, 0),
        count: buckets)
    }
    let ranges = runs.indices.map { index in
      Series(
        "", .band(depths[index].map { Series.Range(x: $0.middle, low: $0.low, high: $0.high) }),
        color: .series(index), opacity: 0.2)
    }
    let means = runs.indices.map { index in
      Series.strategy(
        runs[index].strategy, .line(depths[index].map { Point($0.middle, $0.mean) }),
        index: index, of: runs.count)
    }
    let most = depths.flatMap { $0.map(\.high) }.max() ?? 0
    return Chart(
      name: name, title: "Requests waiting over time",
      subtitle: context.isEmpty ? "mean and range" : "\(context), mean and range",
      summary: summary(runs, depths),
      x: Axis.elapsed("Time", until: end),
      // Room for at least one request, so that an idle server's line lies on the ground.
      y: most < 1 ? Axis("Requests", limits: 0...1) : Axis("Requests"),
      series: ranges + means)
  }

  private static func summary(_ runs: [StrategyRun], _ depths: [[Downsampling.Bucket]]) -> String {
    let parts = runs.indices.map { index in
      let mean = depths[index].reduce(0) { $0 + $1.mean } / Double(max(depths[index].count, 1))
      let most = depths[index].map(\.high).max() ?? 0
      return "\(runs[index].strategy): \(Typeset.significant(mean)) on average, "
        + "at most \(Typeset.count(most))"
    }
    return "Requests waiting to run. " + parts.joined(separator: "; ") + "."
  }
}
