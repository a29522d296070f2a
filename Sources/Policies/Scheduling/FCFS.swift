import Orchestration
import Primitives

/// First come, first served, with a cap on the distinct adapters of a batch: vLLM's `max_loras`.
///
/// A request whose adapter would exceed the cap is passed over and keeps its place; later ones are
/// still looked at (vLLM since March 2025, pull request 15422). With `skip: false` it holds up
/// everything behind it, as vLLM did before. There is no ageing: a rare adapter can starve.
public struct FCFS: SchedulingPolicy, ~Copyable {
  private let cap: Int
  private let skips: Bool

  /// - Parameters:
  ///   - cap: most distinct adapters in a batch.
  ///   - skips: whether requests behind a blocked one may pass.
  public init(cap: Int, skips: Bool = true) {
    self.cap = cap
    self.skips = skips
  }

  public mutating func key(for request: Request) -> Int64 { 0 }

  public mutating func verdict(
    on request: Request, given load: SchedulingLoad
  ) -> SchedulingVerdict {
    guard load.newAdapters > 0, load.adaptersInUse + load.newAdapters > cap else { return .admit }
    return skips ? .skip : .stop
  }
}

/// As ``FCFS``, but requests of higher priority go first.
public struct PriorityFCFS: SchedulingPolicy, ~Copyable {
  private var arrivals: FCFS

  /// See ``FCFS/init(cap:skips:)``.
  public init(cap: Int, skips: Bool = true) { arrivals = FCFS(cap: cap, skips: skips) }

  public mutating func key(for request: Request) -> Int64 { -Int64(request.priority) }

  public mutating func verdict(
    on request: Request, given load: SchedulingLoad
  ) -> SchedulingVerdict {
    arrivals.verdict(on: request, given: load)
  }
}
