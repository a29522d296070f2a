import Results

extension ValidationQuantity {
  /// What a reader calls it.
  var title: String {
    switch self {
    case .starts: "Starts"
    case .totalThroughput: "Total throughput"
    case .itlMean: "Mean ITL"
    case .ttftCompleted: "Mean TTFT of completed requests"
    case .completed: "Completed requests"
    case .sent: "Requests sent"
    case .running: "Running requests, mean"
    case .waiting: "Waiting requests, mean"
    case .kvUsage: "KV cache in use, mean"
    case .preemptions: "Preemptions"
    case .adapterLoads: "Adapter loads"
    case .adaptersInStep: "Adapters in a step, mean"
    }
  }

  /// What it is counted in, as it stands behind a name; empty where it is a plain number.
  var unitText: String {
    switch self {
    case .totalThroughput: " (tokens/s)"
    case .itlMean, .ttftCompleted: " (ms)"
    case .starts, .completed, .sent, .running, .waiting, .kvUsage, .preemptions, .adapterLoads,
      .adaptersInStep:
      ""
    }
  }
}

/// Regimes of load as a reader sees them.
enum RegimeText {
  /// A name from the file of measurements, without its underscores.
  static func title(_ regime: String) -> String { regime.replacing("_", with: " ") }

  /// The colour of a regime: the same in every chart.
  static func color(_ regime: String) -> Color {
    switch regime {
    case "unloaded": .blue
    case "slot_queueing": .orange
    case "transition": .purple
    case "overloaded": .vermillion
    default: .bound
    }
  }
}
