import ArgumentParser
import Results

/// `--metrics ttft_p99,goodput`: names of metrics, or `all`.
struct MetricsOption: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "Metrics, with commas between, or \"all\" (default: \(MetricDefinition.headline.count) "
        + "that matter most; see pitwall runs --definitions).", valueName: "names"),
    completion: .list(MetricDefinition.all.map(\.name)))
  var metrics: String?

  /// The names, in the order in which they were given.
  /// - Throws: `PitwallError` (usage) for a name that is unknown.
  func names() throws -> [String] {
    guard let metrics else { return MetricDefinition.headline }
    if metrics == "all" { return MetricDefinition.all.map(\.name) }
    return try metrics.split(separator: ",").map { name in
      try MetricDefinition.required(name.trimmingSpaces()).name
    }
  }
}

extension Substring {
  fileprivate func trimmingSpaces() -> String { String(filter { $0 != " " }) }
}
