/// The unit in which a metric is stored and printed.
public enum MetricUnit: String, Sendable, CaseIterable {
  case milliseconds = "ms"
  case seconds = "s"
  case requestsPerSecond = "req/s"
  case tokensPerSecond = "tok/s"
  case ratio
  case count
  case bytes = "B"
}

/// Which way a metric is better.
public enum Direction: String, Sendable {
  case lower
  case higher
  /// Neither: a description of the run.
  case none
}

/// The smallest difference that is worth an engineer's attention; anything smaller is called
/// equivalent however certain it is.
public enum MinimumEffect: Sendable, Equatable {
  /// A share of the baseline's mean.
  case relative(Double)
  /// In the metric's own unit.
  case absolute(Double)

  /// The effect in the metric's unit, for a baseline with this mean.
  public func amount(baseline: Double) -> Double {
    switch self {
    case .relative(let share): abs(baseline) * share
    case .absolute(let amount): amount
    }
  }
}

/// What a metric means. ``all`` is the one table of metrics: what is not in it is not computed,
/// stored, compared or gated.
public struct MetricDefinition: Sendable {
  /// Its name in the database, in options and in gate files.
  public var name: String
  /// Its unit.
  public var unit: MetricUnit
  /// Which way is better.
  public var direction: Direction
  /// The smallest difference of note, unless a gate says otherwise.
  public var minimumEffect: MinimumEffect
  /// In one line, and whose definition it is where they differ.
  public var summary: String

  /// The definition of a name, or nil.
  public static func named(_ name: String) -> MetricDefinition? {
    ranks[name].map { all[$0] }
  }

  /// What `compare` prints unless told otherwise: few, so that the correction for their number
  /// leaves power to see differences.
  public static let headline = [
    "ttft_mean", "ttft_p50", "ttft_p99", "tpot_mean", "itl_p99", "e2e_mean", "e2e_p99",
    "output_token_throughput", "goodput", "slo_attainment", "hit_ratio", "bytes_moved_device",
  ]

  /// Position in ``all``; behind all others for a name that is unknown.
  static func rank(_ name: String) -> Int { ranks[name] ?? all.count }

  private static let ranks = Dictionary(
    all.enumerated().map { ($1.name, $0) }, uniquingKeysWith: { first, _ in first })

  private init(
    _ name: String, _ unit: MetricUnit, _ direction: Direction, _ summary: String
  ) {
    self.name = name
    self.unit = unit
    self.direction = direction
    self.summary = summary
    minimumEffect = unit == .ratio ? .absolute(0.005) : .relative(0.01)
  }

  /// Every metric, in the order in which reports list them.
  ///
  /// Quantiles interpolate linearly between order statistics (Hyndman and Fan's type 7, NumPy's
  /// default), as vLLM's `bench serve` does.
  public static let all: [MetricDefinition] =
    distribution(
      "ttft",
      "time to first token, from arrival: queueing and adapter load included (Vidur; "
        + "vLLM's `bench serve` counts from sending)")
    + distribution(
      "tpot",
      "time per output token after the first, (last - first) / (n - 1), a mean per request "
        + "with n > 1 (vLLM)")
    + distribution(
      "itl", "inter-token latency: every gap between two tokens, pooled over requests (vLLM)")
    + distribution("e2e", "arrival to last token, finished requests only")
    + distribution("queue", "arrival to the start of the first step (vLLM's request queue time)")
    + [
      MetricDefinition(
        "load_wait_mean", .milliseconds, .lower,
        "time a request could have run but for an adapter not yet on the device; all that were sent"
      ),
      MetricDefinition("load_wait_p99", .milliseconds, .lower, "99th percentile of load wait"),
      MetricDefinition("load_wait_total", .seconds, .lower, "load wait summed over requests"),
      MetricDefinition(
        "goodput", .requestsPerSecond, .higher,
        "finished requests that meet every bound of the SLO, per second of makespan (DistServe, "
          + "vLLM)"),
      MetricDefinition(
        "slo_attainment", .ratio, .higher,
        "share of all requests, also those rejected or never sent, that meet every bound of the SLO"
      ),
      MetricDefinition(
        "request_throughput", .requestsPerSecond, .higher, "finished requests / makespan"),
      MetricDefinition(
        "input_token_throughput", .tokensPerSecond, .higher,
        "prompt tokens of finished requests / makespan"),
      MetricDefinition(
        "output_token_throughput", .tokensPerSecond, .higher,
        "output tokens of finished requests / makespan"),
      MetricDefinition(
        "total_token_throughput", .tokensPerSecond, .higher,
        "prompt and output tokens of finished requests / makespan"),
      MetricDefinition("completed", .count, .higher, "requests that finished"),
      MetricDefinition("rejected", .count, .lower, "requests that could never have been served"),
      MetricDefinition("aborted", .count, .lower, "requests cancelled before they finished"),
      MetricDefinition(
        "unsent", .count, .lower, "requests for which their client had no connection left"),
      MetricDefinition(
        "hit_ratio", .ratio, .higher,
        "adapter references found on the device when the scheduler first wanted the request"),
      MetricDefinition(
        "hit_ratio_host", .ratio, .higher, "of the references that missed the device, found in host"
      ),
      MetricDefinition(
        "hit_ratio_disk", .ratio, .higher,
        "of the references that missed device and host, found on disk"),
      MetricDefinition("byte_hit_ratio", .ratio, .higher, "hit_ratio weighted by adapter bytes"),
      MetricDefinition(
        "byte_hit_ratio_host", .ratio, .higher, "hit_ratio_host weighted by adapter bytes"),
      MetricDefinition(
        "byte_hit_ratio_disk", .ratio, .higher, "hit_ratio_disk weighted by adapter bytes"),
    ] + perTier("loads", .count, "transfers completed into the")
    + perTier("bytes_moved", .bytes, "bytes of transfers completed into the")
    + perTier("evictions", .count, "adapters dropped to make room from the")
    + [
      MetricDefinition(
        "prefetch_precision", .ratio, .higher, "prefetches that a request used / prefetches begun"),
      MetricDefinition(
        "prefetch_recall", .ratio, .higher,
        "used prefetches, in time or late / (used prefetches + demand loads)"),
      MetricDefinition(
        "prefetch_late_share", .ratio, .lower, "used prefetches wanted before they had arrived"),
      MetricDefinition(
        "prefetch_wasted_bytes", .bytes, .lower, "prefetched bytes that no request used"),
      MetricDefinition(
        "kv_occupancy_mean", .ratio, .none, "share of device memory in KV cache, mean over time"),
      MetricDefinition(
        "adapter_occupancy_mean", .ratio, .none,
        "share of device memory in adapters, mean over time"),
      MetricDefinition(
        "queue_depth_mean", .count, .lower, "requests waiting in all replicas, mean over time"),
      MetricDefinition(
        "queue_depth_max", .count, .lower, "requests waiting in all replicas, the most at once"),
      MetricDefinition("running_mean", .count, .none, "requests running, mean over time"),
      MetricDefinition("preemptions", .count, .lower, "sequences that lost their KV cache"),
      MetricDefinition(
        "fairness_jain", .ratio, .higher,
        "Jain's index over tenants of the service rate that each experienced: (prompt + 2 output "
          + "tokens) served (VTC's weights) / time its requests spent in the system"),
      MetricDefinition("makespan", .seconds, .lower, "first arrival to last finish"),
      MetricDefinition("arrival_span", .seconds, .none, "first arrival to last arrival"),
      MetricDefinition(
        "utilisation", .ratio, .none, "time in engine steps / (replicas x run's length)"),
    ]

  private static func distribution(_ name: String, _ summary: String) -> [MetricDefinition] {
    [("mean", "mean"), ("p50", "median"), ("p90", "p90"), ("p95", "p95"), ("p99", "p99")].map {
      MetricDefinition("\(name)_\($0)", .milliseconds, .lower, "\($1) of \(summary)")
    }
  }

  private static func perTier(
    _ name: String, _ unit: MetricUnit, _ summary: String
  ) -> [MetricDefinition] {
    ["device", "host", "disk"].map { tier in
      MetricDefinition("\(name)_\(tier)", unit, .lower, "\(summary) \(tier) tier")
    }
  }
}

/// One metric of one run.
public struct MetricValue: Sendable, Equatable {
  /// The metric's name.
  public var name: String
  /// Its value, finite.
  public var value: Double
  /// Its unit.
  public var unit: MetricUnit

  /// Makes a value.
  public init(name: String, value: Double, unit: MetricUnit) {
    self.name = name
    self.value = value
    self.unit = unit
  }
}
