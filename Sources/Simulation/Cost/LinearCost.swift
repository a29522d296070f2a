import Primitives

/// Step times linear in what the step computes: for queueing-theory checks, and for servers that
/// somebody measured.
public struct LinearCost: CostModel {
  /// Time of any step.
  public var base: Nanoseconds
  /// For each decoding sequence.
  public var perDecode: Double
  /// For each prompt token.
  public var perPromptToken: Double
  /// For each distinct adapter.
  public var perAdapter: Double
  /// For each token in the KV cache of decoding sequences.
  public var perContextToken: Double

  /// Makes a cost; the four rates are in nanoseconds.
  public init(
    base: Nanoseconds, perDecode: Double = 0, perPromptToken: Double = 0, perAdapter: Double = 0,
    perContextToken: Double = 0
  ) {
    self.base = base
    self.perDecode = perDecode
    self.perPromptToken = perPromptToken
    self.perAdapter = perAdapter
    self.perContextToken = perContextToken
  }

  public func duration(of step: StepWork) -> Nanoseconds {
    let variable =
      perDecode * Double(step.decodes) + perPromptToken * Double(step.promptTokens)
      + perAdapter * Double(step.adapters) + perContextToken * Double(step.contextTokens)
    return max(1, base + Nanoseconds(min(variable, 4e18)))
  }
}
