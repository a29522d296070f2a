import Primitives

/// One run of a real server under a load generator: how both were set up, and what was measured.
///
/// Where the configuration alone is known there are no measurements; a model of the server is
/// judged by whether it predicts them from that alone.
public struct MeasuredRun: Sendable, Equatable {
  /// What became of the server.
  public enum Status: String, Sendable, CaseIterable {
    /// It served.
    case ok
    /// It did not start, for want of device memory.
    case memoryError = "memory_error"
    /// Something else went wrong; the measurements mean nothing.
    case invalid
  }

  /// How long a client goes on.
  public enum Extent: Sendable, Equatable {
    /// For a time, after which it cancels what has not ended.
    case duration(Nanoseconds)
    /// For a number of requests, all of which it waits for.
    case requests(Int)
  }

  /// `file:line`.
  public var place: String
  /// The run's number in the file.
  public var number: Int
  /// The campaign of measurements that it belongs to.
  public var family: String
  /// The runs that share everything but slots and adapters.
  public var group: String
  /// The base model.
  public var model: String
  /// The server's software and version.
  public var engine: String
  /// Adapter slots on the device; 0 where the server serves no adapters.
  public var slots: Int
  /// The rank that slots are made for.
  public var slotRank: Int
  /// Adapters served.
  public var adapters: Int
  /// Ranks, dealt round robin to the adapters; empty where the file does not say.
  public var adapterRanks: [Int]
  /// Requests an adapter in 1/s, likewise.
  public var adapterRates: [Double]
  /// Requests of all adapters together, in 1/s.
  public var offered: Double
  /// How long the client goes on; nil where the file does not say.
  public var extent: Extent?
  /// Most sequences at once; nil for the engine's default.
  public var maxSequences: Int?
  /// Most tokens in a step; nil for the engine's default.
  public var tokenBudget: Int?
  /// Room in the KV cache, in tokens. Often taken from another run with the same model, slots and
  /// rank, so a prediction must not need it.
  public var kvTokens: Int?
  /// Mean prompt of those that the client drew from, in tokens.
  public var promptMean: Double?
  /// Mean of the lengths at which outputs were cut off, in tokens.
  public var outputMean: Double?
  /// Whether all requests are equally long, at these means.
  public var hasConstantLengths: Bool
  /// What became of the server; nil where only the configuration is known.
  public var status: Status?
  /// How loaded the server was: `unloaded`, `overloaded` and so on; empty where it is not known.
  public var regime: String
  /// What was measured; nil for a run that served nothing, or of which nothing is known.
  public var measured: Measurements?
  /// What the published simulator predicts where it replays the run's own arrivals.
  public var twinReplay: TwinPrediction?
  /// What the published simulator predicts with arrivals of its own.
  public var twinFromScratch: TwinPrediction?
}

extension MeasuredRun {
  /// What was measured of a run. Latencies are the client's and of completed requests only.
  public struct Measurements: Sendable, Equatable {
    /// Requests that completed.
    public var completed: Int
    /// Requests that were sent.
    public var sent: Double?
    /// Length of the run, in seconds.
    public var duration: Double?
    /// Prompt tokens of completed requests, in tokens/s.
    public var inputTokensPerSecond: Double?
    /// Output tokens of completed requests, in tokens/s.
    public var outputTokensPerSecond: Double?
    /// Both together.
    public var totalTokensPerSecond: Double?
    /// Mean time to first token, in ms.
    public var ttftMean: Double?
    /// Mean gap between tokens, pooled over requests, in ms.
    public var itlMean: Double?
    /// Mean number of running requests.
    public var runningMean: Double?
    /// Mean number of waiting requests.
    public var waitingMean: Double?
    /// Mean share of the KV cache in use.
    public var kvUsageMean: Double?
    /// Requests preempted, as often as they were.
    public var preemptions: Double?
    /// Requests that ended before their output was cut off.
    public var finishedEarly: Double?
    /// Requests that failed since the client had no port left; an estimate from its log.
    public var portErrors: Double?
    /// Copies of adapters into the device, once the server was warm.
    public var adapterLoads: Double?
    /// What these took together, in seconds.
    public var adapterLoadTime: Double?
    /// Adapters read from disk while serving.
    public var diskLoads: Double?
    /// What that took altogether, in seconds.
    public var diskLoadTime: Double?
    /// Mean number of different adapters in a step.
    public var adaptersInStep: Double?
  }

  /// What a simulator that others published predicts for a run.
  public struct TwinPrediction: Sendable, Equatable {
    /// Tokens of completed requests, in tokens/s.
    public var totalTokensPerSecond: Double?
    /// Mean gap between tokens, in ms.
    public var itlMean: Double?
    /// Mean time to first token of completed requests, in ms.
    public var ttftMean: Double?
    /// Requests that completed.
    public var completed: Double?
  }
}
