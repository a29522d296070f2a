import Orchestration
import Primitives

/// Brings the adapters of waiting requests, in the queue's order, before it is their turn to run.
///
/// S-LoRA prefetches for the head of its waiting queue (Sheng et al., MLSys'24, section 5.2). An
/// adapter that a waiting request needs is never pushed out for another.
public struct QueueLookahead: PrefetchPolicy, ~Copyable {
  /// The policy has no state: the queue is all it looks at.
  public init() {}

  public mutating func arrived(_ request: Request, members: ArraySlice<AdapterID>) {}

  public mutating func proposal(
    at time: Nanoseconds, residency: borrowing Residency, queue: borrowing WaitingQueue
  ) -> PrefetchProposal? {
    QueueLookahead.firstWanted(residency, queue).map { PrefetchProposal(adapter: $0, worth: 1) }
  }

  public mutating func worth(
    keeping adapter: AdapterID, at time: Nanoseconds, queue: borrowing WaitingQueue
  ) -> Double {
    queue.waiting(for: adapter) > 0 ? 1 : 0
  }

  /// The first adapter, in the queue's order, that a waiting request lacks and that could be
  /// brought nearer now.
  static func firstWanted(
    _ residency: borrowing Residency, _ queue: borrowing WaitingQueue
  ) -> AdapterID? {
    guard queue.count > 0 else { return nil }
    return queue.firstMember { residency.mayPrefetch($0) }
  }
}
