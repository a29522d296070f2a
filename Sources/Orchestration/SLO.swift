import Primitives

/// A service level objective: a request is good if it meets every bound that is given.
public struct SLO: Sendable, Equatable {
  /// Largest time to first token, from arrival.
  public var ttft: Nanoseconds?
  /// Largest time per output token.
  public var tpot: Nanoseconds?
  /// Largest time from arrival to last token.
  public var e2e: Nanoseconds?

  /// Makes an objective.
  public init(ttft: Nanoseconds? = nil, tpot: Nanoseconds? = nil, e2e: Nanoseconds? = nil) {
    self.ttft = ttft
    self.tpot = tpot
    self.e2e = e2e
  }

  /// Whether no bound is given.
  public var isEmpty: Bool { ttft == nil && tpot == nil && e2e == nil }

  /// Whether a request meets every bound. A request that did not finish meets none; one of a
  /// single token has a TPOT of 0, as in vLLM.
  public func isMet(by request: RequestRecord) -> Bool {
    guard let e2eTime = request.e2e, let ttftTime = request.ttft else { return false }
    return ttft.map { ttftTime <= $0 } ?? true
      && e2e.map { e2eTime <= $0 } ?? true
      && tpot.map { (request.tpot ?? 0) <= Double($0) } ?? true
  }
}

extension RequestRecord {
  /// Arrival to first token; nil where there was none.
  public var ttft: Nanoseconds? {
    firstToken == RequestRecord.never ? nil : firstToken - arrival
  }

  /// Arrival to last token; nil where the request did not finish.
  public var e2e: Nanoseconds? { outcome == .finished ? finished - arrival : nil }

  /// Arrival to the start of the first step; nil where there was none.
  public var queueTime: Nanoseconds? {
    admitted == RequestRecord.never ? nil : admitted - arrival
  }

  /// Mean gap between tokens in nanoseconds; nil for requests that did not finish, or with less
  /// than two tokens.
  public var tpot: Double? {
    guard outcome == .finished, outputTokens > 1 else { return nil }
    return Double(finished - firstToken) / Double(outputTokens - 1)
  }
}
