import Orchestration
import Primitives

/// How long a server takes for a step.
///
/// A pure function of what the step computes: two equal steps take equally long, so stretches of
/// steps that differ in context length only can be added up without simulating anything else.
public protocol CostModel: Sendable {
  /// The duration of one step, at least 1 ns.
  func duration(of step: StepWork) -> Nanoseconds
  /// The duration of a step as a function of its context tokens alone, the same as
  /// ``duration(of:)`` to the nanosecond: for steps that are repeated while contexts grow. A model
  /// gives its own where most of the work can be done once.
  func durations(repeating step: StepWork) -> (_ contextTokens: Int64) -> Nanoseconds
}

extension CostModel {
  public func durations(repeating step: StepWork) -> (_ contextTokens: Int64) -> Nanoseconds {
    var step = step
    return { contextTokens in
      step.contextTokens = contextTokens
      return duration(of: step)
    }
  }
}

/// What one step computes.
public struct StepWork: Sendable, Equatable {
  /// Sequences that decode, one token each.
  public var decodes = 0
  /// Sequences that wait for this step to end before they decode on.
  public var paused = 0
  /// Tokens in the KV cache of these, summed.
  public var contextTokens: Int64 = 0
  /// Prompt tokens computed.
  public var promptTokens = 0
  /// Pairs of a prompt token and a token that it attends to.
  public var promptPairs: Int64 = 0
  /// Sum over all computed tokens of the ranks of their adapters.
  public var rankTokens: Int64 = 0
  /// Distinct adapters.
  public var adapters = 0
  /// Bytes of these.
  public var adapterBytes: Bytes = 0
  /// Requests that wait while the step is put together.
  public var waiting = 0
  /// Of these, looked at by the scheduler.
  public var scanned = 0

  /// Tokens computed.
  public var tokens: Int { decodes + promptTokens }

  /// No work.
  public init() {}

  /// The work of a plan's next step.
  init(_ plan: StepPlan) {
    decodes = plan.decodes
    paused = plan.paused
    contextTokens = plan.contextTokens
    for chunk in plan.chunks {
      let tokens = Int64(chunk.tokens)
      promptTokens += Int(tokens)
      promptPairs += tokens * Int64(chunk.offset) + tokens * (tokens + 1) / 2
    }
    rankTokens = plan.decodeRanks + plan.chunkRanks
    adapters = plan.adapters
    adapterBytes = plan.adapterBytes
    waiting = plan.waiting
    scanned = plan.scanned
  }
}
