import Orchestration
import Primitives
import Replay

/// What a strategy's device memory holds in the course of a run, summed over replicas.
public enum MemoryOverTime {
  private static let buckets = 240

  /// Draws it: weights, adapters, slots without an adapter (where adapters have slots), KV cache,
  /// and what is free.
  public static func chart(of run: StrategyRun, name: String, context: String = "") -> Chart {
    let replicas = Double(run.replicaCount)
    let capacity = Double(run.memory.capacity) * replicas
    let weights = Double(run.memory.weights) * replicas
    let slots = Double(run.memory.adapterSlots) * replicas
    let adapters = means(run) { Double($0.adapterBytes) }
    let cache = means(run) { Double($0.kvBytes) }

    var layers = Layers(times: adapters.map(\.x))
    layers.add("weights", .faint, opacity: 0.75, adapters.map { _ in weights })
    layers.add("adapters", .orange, opacity: 1, adapters.map(\.y))
    if slots > 0 {
      layers.add("empty slots", .orange, opacity: 0.3, adapters.map { max(0, slots - $0.y) })
    }
    layers.add("KV cache", .sky, opacity: 0.9, cache.map(\.y))
    layers.add("free", .empty, opacity: 1, layers.top.map { max(0, capacity - $0) })

    return Chart(
      name: name, title: "Device memory by use: \(run.strategy)", subtitle: context,
      summary: summary(run, adapters, cache, capacity: capacity),
      x: Axis.elapsed("Time", until: run.span.upperBound),
      y: Axis("", .bytes, limits: 0...max(capacity, layers.top.max() ?? 0, 1)),
      series: layers.series)
  }

  private static func means(_ run: StrategyRun, _ quantity: (Sample) -> Double) -> [Point] {
    let steps = Downsampling.total(run.samples, quantity)
    return Downsampling.buckets(steps, over: run.span, count: buckets).map {
      Point($0.middle, $0.mean)
    }
  }

  private static func summary(
    _ run: StrategyRun, _ adapters: [Point], _ cache: [Point], capacity: Double
  ) -> String {
    func mean(_ points: [Point]) -> String {
      points.isEmpty
        ? "none"
        : Typeset.bytes(points.reduce(0) { $0 + $1.y } / Double(points.count)) + " on average"
    }
    return "Device memory of \(Typeset.bytes(capacity)) under \(run.strategy). Adapters: "
      + "\(mean(adapters)); KV cache: \(mean(cache))."
  }
}

/// Areas, each on top of the one before.
private struct Layers {
  private let times: [Double]
  private(set) var top: [Double]
  private(set) var series: [Series] = []

  init(times: [Double]) {
    self.times = times
    top = times.map { _ in 0 }
  }

  mutating func add(_ name: String, _ color: Color, opacity: Double, _ heights: [Double]) {
    let raised = zip(top, heights).map(+)
    let ranges = times.indices.map {
      Series.Range(x: times[$0], low: top[$0], high: raised[$0])
    }
    series.append(Series(name, .band(ranges), color: color, opacity: opacity))
    top = raised
  }
}
