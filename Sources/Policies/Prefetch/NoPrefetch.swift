import Orchestration
import Primitives

/// Brings nothing that nobody waits for: every adapter is loaded when a request needs it.
public struct NoPrefetch: PrefetchPolicy, ~Copyable {
  /// The policy has no state.
  public init() {}

  public mutating func arrived(_ request: Request, members: ArraySlice<AdapterID>) {}

  public mutating func proposal(
    at time: Nanoseconds, residency: borrowing Residency, queue: borrowing WaitingQueue
  ) -> PrefetchProposal? { nil }

  public mutating func worth(
    keeping adapter: AdapterID, at time: Nanoseconds, queue: borrowing WaitingQueue
  ) -> Double { 0 }
}
