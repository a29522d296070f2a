/// Something measured of a whole run that tells about step times.
enum RunObservable: CaseIterable {
  case itl, throughput, ttft

  /// How far a perfect model may be off, as the standard deviation of a logarithm: what runs that
  /// were repeated differ by, and more for what a model of the server alone does not hold. Nil in a
  /// regime of load in which the observable tells nothing about step times: the throughput of a
  /// server that keeps up is what it was offered, the time to first token of an overloaded one
  /// tells how long the run was.
  func deviation(in regime: String) -> Double? {
    switch (self, regime) {
    case (.itl, _): 0.025
    case (.throughput, "transition"), (.throughput, "overloaded"): 0.015
    case (.ttft, "unloaded"): 0.15
    case (.ttft, "slot_queueing"), (.ttft, "transition"): 0.3
    default: nil
    }
  }

  /// What was measured; nil where nothing was.
  func value(of measured: MeasuredRun.Measurements) -> Double? {
    switch self {
    case .itl: measured.itlMean
    case .throughput: measured.totalTokensPerSecond
    case .ttft: measured.ttftMean
    }
  }

  /// What is predicted; nil where nothing is.
  func value(of prediction: Prediction) -> Double? {
    switch self {
    case .itl: prediction.itlMean
    case .throughput: prediction.totalTokensPerSecond
    case .ttft: prediction.ttftMean
    }
  }
}
