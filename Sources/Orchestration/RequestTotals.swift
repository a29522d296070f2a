import Primitives

/// Sums over a run's requests, enough for means and throughput where no records are kept.
///
/// Integers: exact, and the same in whichever order the requests end.
public struct RequestTotals: Sendable, Equatable {
  /// Requests that finished.
  public private(set) var finished: Int64 = 0
  /// Requests that could never have been served.
  public private(set) var rejected: Int64 = 0
  /// Requests that were cancelled.
  public private(set) var aborted: Int64 = 0
  /// Requests that their clients could not send.
  public private(set) var unsent: Int64 = 0
  /// Prompt tokens of finished requests.
  public private(set) var promptTokens: Int64 = 0
  /// Output tokens of finished requests.
  public private(set) var outputTokens: Int64 = 0
  /// Gaps between the output tokens of finished requests: one less than tokens in each.
  public private(set) var tokenGaps: Int64 = 0
  /// From arrival to first token, summed over finished requests, in nanoseconds.
  public private(set) var untilFirstToken: Int128 = 0
  /// From first to last token, summed over finished requests, in nanoseconds.
  public private(set) var afterFirstToken: Int128 = 0

  /// All zero.
  public init() {}

  /// The totals of some requests.
  public init(_ records: some Swift.Sequence<RequestRecord>) {
    for record in records { add(record) }
  }

  /// Adds a request that has ended.
  public mutating func add(_ record: RequestRecord) {
    switch record.outcome {
    case .finished: addFinished(record)
    case .rejected: rejected += 1
    case .aborted: aborted += 1
    case .unsent: addUnsent()
    }
  }

  /// Adds a request that its client could not send.
  public mutating func addUnsent() { unsent += 1 }

  private mutating func addFinished(_ record: RequestRecord) {
    finished += 1
    promptTokens += Int64(record.promptTokens)
    outputTokens += Int64(record.outputTokens)
    tokenGaps += Int64(max(0, record.outputTokens - 1))
    untilFirstToken += Int128(record.firstToken - record.arrival)
    afterFirstToken += Int128(record.finished - record.firstToken)
  }

  /// Requests that servers saw.
  public var sent: Int64 { finished + rejected + aborted }

  /// Mean time to first token of finished requests, in nanoseconds; nil if there are none.
  public var meanTimeToFirstToken: Double? {
    finished > 0 ? Double(untilFirstToken) / Double(finished) : nil
  }

  /// Mean gap between two tokens of a finished request, pooled over these, in nanoseconds; nil if
  /// there is none. What vLLM's `bench serve` prints as mean ITL.
  public var meanTokenGap: Double? {
    tokenGaps > 0 ? Double(afterFirstToken) / Double(tokenGaps) : nil
  }
}
