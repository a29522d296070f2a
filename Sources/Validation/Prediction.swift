/// What is predicted for a run.
public struct Prediction: Sendable, Equatable {
  public var starts = true
  public var completed = 0
  public var sent = 0
  public var totalTokensPerSecond = 0.0
  public var itlMean: Double?
  public var ttftMean: Double?
  public var runningMean = 0.0
  public var waitingMean = 0.0
  public var kvUsageMean = 0.0
  public var preemptions = 0
}
