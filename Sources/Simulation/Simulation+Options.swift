import Primitives

extension Simulation {
  /// What a run is to do besides serving.
  public struct Options: Sendable {
    /// Whether stretches of steps that differ only in context length are run as one event. The
    /// result is the same, to the bit, either way.
    public var leaps = true
    /// Whether to recount every book after every event, and stop at the first that is wrong.
    public var checks = false
    /// Time between the points of the time series.
    public var sampleInterval: Nanoseconds = 1_000_000_000
    /// When to abort what has not ended; nil to serve everything.
    public var horizon: Nanoseconds?
    /// What keeps clients from sending requests.
    public var client = ClientModel()
    /// Told of every stretch of steps that differ in context length only: what the first computes,
    /// and how many there are. From one to the next, contexts grow by a token a decoding sequence.
    public var onSteps: (@Sendable (_ first: StepWork, _ count: Int) -> Void)?
    /// Whether to keep a record of each request; totals, counters and series are kept anyway.
    public var keepsRecords = true

    /// Everything is served, nothing is checked.
    public init() {}
  }
}
