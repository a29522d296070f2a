import Results

/// How metrics are named and printed in reports.
enum MetricText {
  /// `ttft_p99` as `p99 TTFT`; a name that is not known as it is.
  static func title(_ metric: String) -> String {
    if let title = titles[metric] { return title }
    let parts = metric.split(separator: "_", maxSplits: 1)
    let families = [
      "ttft": "TTFT", "tpot": "TPOT", "itl": "ITL", "e2e": "E2E", "queue": "queue time",
    ]
    if parts.count == 2, let family = families[String(parts[0])] { return "\(parts[1]) \(family)" }
    return metric.replacing("_", with: " ")
  }

  private static let titles = [
    "load_wait_mean": "mean load wait", "load_wait_p99": "p99 load wait",
    "load_wait_total": "total load wait", "slo_attainment": "SLO attainment",
    "hit_ratio": "hit ratio, device", "hit_ratio_host": "hit ratio, host",
    "hit_ratio_disk": "hit ratio, disk", "byte_hit_ratio": "byte hit ratio, device",
    "byte_hit_ratio_host": "byte hit ratio, host", "byte_hit_ratio_disk": "byte hit ratio, disk",
    "loads_device": "loads, device", "loads_host": "loads, host", "loads_disk": "loads, disk",
    "bytes_moved_device": "bytes moved, device", "bytes_moved_host": "bytes moved, host",
    "bytes_moved_disk": "bytes moved, disk", "evictions_device": "evictions, device",
    "evictions_host": "evictions, host", "evictions_disk": "evictions, disk",
    "queue_depth_mean": "mean queue depth", "queue_depth_max": "largest queue depth",
    "queue_mean": "mean queue time", "fairness_jain": "fairness (Jain)",
  ]

  /// A value with its unit.
  static func value(_ value: Double, _ metric: String) -> String {
    switch MetricDefinition.named(metric)?.unit {
    case .milliseconds: Typeset.duration(value / 1e3)
    case .seconds: Typeset.duration(value)
    case .requestsPerSecond, .tokensPerSecond, nil:
      Typeset.significant(value) + suffix(metric)
    case .ratio: Typeset.percent(value, decimals: 1)
    case .count: Typeset.count(value)
    case .bytes: Typeset.bytes(value)
    }
  }

  /// A mean over seeds with half the width of its confidence interval, in one unit.
  static func value(_ summary: SeedSummary, _ metric: String) -> String {
    guard let half = summary.halfWidth else { return value(summary.mean, metric) }
    let unit: Typeset.Unit
    switch MetricDefinition.named(metric)?.unit {
    case .milliseconds:
      let seconds = Typeset.unit(ofSeconds: summary.mean / 1e3)
      unit = Typeset.Unit(name: seconds.name, size: seconds.size * 1e3)
    case .seconds: unit = Typeset.unit(ofSeconds: summary.mean)
    case .ratio: unit = Typeset.Unit(name: "%", size: 0.01)
    case .bytes: unit = Typeset.unit(ofBytes: summary.mean)
    case .requestsPerSecond, .tokensPerSecond, .count, nil:
      return Typeset.estimate(summary.mean, half) + suffix(metric)
    }
    return Typeset.estimate(summary.mean / unit.size, half / unit.size) + Typeset.space
      + unit.name
  }

  private static func suffix(_ metric: String) -> String {
    switch MetricDefinition.named(metric)?.unit {
    case .requestsPerSecond: Typeset.space + MetricUnit.requestsPerSecond.rawValue
    case .tokensPerSecond: Typeset.space + MetricUnit.tokensPerSecond.rawValue
    case .milliseconds, .seconds, .ratio, .count, .bytes, nil: ""
    }
  }
}
