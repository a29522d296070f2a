import Orchestration
import Primitives

/// The 99th percentile of the time to first token in the course of a run: one line a strategy.
public enum TailOverTime {
  /// A window with fewer requests has no percentile that means anything, and is left out.
  static let fewestRequests = 20

  /// Draws it. A request belongs to the window in which it came; one that never had a first token
  /// counts as slower than any other.
  public static func chart(
    of runs: [StrategyRun], objective: Nanoseconds? = nil, name: String, context: String = ""
  ) -> Chart {
    let last = runs.flatMap { $0.requests.map(\.arrival) }.max() ?? 0
    let most = runs.map(\.requests.count).max() ?? 0
    // Some 200 requests a window, so that two of them are above the percentile.
    let count = (most / 200).clamped(to: 1...80)
    let width = Swift.max(1, last / Nanoseconds(count) + 1)
    let series = runs.indices.map { index in
      Series.strategy(
        runs[index].strategy, .line(points(runs[index].requests, width: width, count: count)),
        index: index, of: runs.count)
    }
    let window = most == 0 ? "" : "windows of \(Typeset.duration(width.seconds))"
    return Chart(
      name: name, title: "p99 time to first token over time",
      subtitle: [context, window].filter { !$0.isEmpty }.joined(separator: ", "),
      summary: summary(series, window),
      x: Axis.elapsed("Time of arrival", until: last),
      y: Axis("p99 TTFT (log scale)", .duration, scale: .logarithmic),
      series: series,
      rules: objective.map { limit in
        [
          Chart.Rule(
            .horizontal, at: limit.seconds, label: "SLO \(Typeset.duration(limit.seconds))")
        ]
      } ?? [])
  }

  static func points(_ requests: [RequestRecord], width: Nanoseconds, count: Int) -> [Point] {
    var served = [[Double]](repeating: [], count: count)
    var came = [Int](repeating: 0, count: count)
    for request in requests where request.arrival >= 0 {
      let window = Int((request.arrival / width).clamped(to: 0...Nanoseconds(count - 1)))
      came[window] += 1
      if let latency = Latency.timeToFirstToken.of(request) { served[window].append(latency) }
    }
    return (0..<count).map { window in
      let middle = (Double(window) + 0.5) * width.seconds
      let rank = Int((0.99 * Double(came[window])).rounded(.up))
      guard came[window] >= fewestRequests, rank <= served[window].count else {
        return Point(middle, .nan)
      }
      return Point(middle, served[window].sorted()[rank - 1])
    }
  }

  private static func summary(_ series: [Series], _ window: String) -> String {
    let parts = series.map { series in
      guard case .line(let points) = series.marks else { return series.name }
      let values = points.map(\.y).filter(\.isFinite)
      guard let low = values.min(), let high = values.max() else { return "\(series.name): none" }
      return "\(series.name): from \(Typeset.duration(low)) to \(Typeset.duration(high))"
    }
    return "99th percentile of TTFT in \(window). " + parts.joined(separator: "; ") + "."
  }
}
