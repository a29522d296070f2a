import Orchestration
import Primitives

/// What a model of a server predicts for a run. Latencies are of completed requests only.
public struct Prediction: Sendable, Equatable {
  /// Whether the server starts; if it does not, everything else is 0 or nil.
  public var starts = true
  /// Requests that reach the server.
  public var sent = 0
  /// Requests for which the client has no connection.
  public var unsent = 0
  /// Requests that complete.
  public var completed = 0
  /// Prompt tokens of completed requests, in tokens/s.
  public var inputTokensPerSecond = 0.0
  /// Output tokens of completed requests, in tokens/s.
  public var outputTokensPerSecond = 0.0
  /// Both together.
  public var totalTokensPerSecond: Double { inputTokensPerSecond + outputTokensPerSecond }
  /// Mean gap between tokens, pooled over requests, in ms; nil if there is none.
  public var itlMean: Double?
  /// Mean time to first token, in ms; nil if nothing completes.
  public var ttftMean: Double?
  /// Mean number of running requests.
  public var runningMean = 0.0
  /// Mean number of waiting requests.
  public var waitingMean = 0.0
  /// Mean share of the KV cache in use.
  public var kvUsageMean = 0.0
  /// Requests preempted, as often as they are.
  public var preemptions = 0
  /// Copies of adapters into the device.
  public var adapterLoads = 0
  /// Mean number of different adapters in a step.
  public var adaptersInStep = 0.0
  /// Engine steps.
  public var steps = 0

  /// A server that does not start.
  public static var doesNotStart: Prediction {
    var prediction = Prediction()
    prediction.starts = false
    return prediction
  }
}

extension Prediction {
  /// What a run came to.
  /// - Parameter kvBytes: all of the KV cache.
  init(_ outcome: RunOutcome, kvBytes: Bytes) {
    let totals = outcome.totals
    sent = Int(totals.sent)
    unsent = Int(totals.unsent)
    completed = Int(totals.finished)
    if outcome.end > 0 {
      inputTokensPerSecond = Double(totals.promptTokens) / outcome.end.seconds
      outputTokensPerSecond = Double(totals.outputTokens) / outcome.end.seconds
    }
    itlMean = totals.meanTokenGap.map { $0 / 1e6 }
    ttftMean = totals.meanTimeToFirstToken.map { $0 / 1e6 }
    runningMean = outcome.occupancy?.running ?? 0
    waitingMean = outcome.occupancy?.waiting ?? 0
    kvUsageMean = (outcome.occupancy?.kvBytes ?? 0) / Double(max(1, kvBytes))
    preemptions = Int(outcome.counters.preemptions)
    adapterLoads = Int(outcome.counters.loads[Int(Tier.device.rawValue)])
    steps = Int(outcome.counters.steps)
    adaptersInStep = Double(outcome.counters.adapterSteps) / Double(max(1, steps))
  }
}
