import Primitives

/// Decides in which order waiting requests are considered, and whether each may start now.
///
/// The replica does the rest: it walks the queue in the policy's order, asks for a verdict, finds
/// KV blocks, and brings adapters in.
public protocol SchedulingPolicy: ~Copyable, Sendable {
  /// The key by which a request waits: smaller is earlier, ties by arrival.
  mutating func key(for request: Request) -> Int64
  /// Whether a waiting request may start in the step that is being put together.
  ///
  /// Must depend only on its arguments: a request that was told `.skip` is not asked about again
  /// before the set of adapters in use changes, and one that would not be admitted where nothing
  /// runs is rejected when it comes.
  mutating func verdict(on request: Request, given load: SchedulingLoad) -> SchedulingVerdict
}

/// What the step being put together already holds.
public struct SchedulingLoad: Sendable, Equatable {
  /// Sequences running.
  public var running: Int
  /// Distinct adapters that running sequences use, or that are on their way for a request.
  public var adaptersInUse: Int
  /// How many adapters of the request at hand are not among these.
  public var newAdapters: Int

  /// Makes a load.
  public init(running: Int, adaptersInUse: Int, newAdapters: Int) {
    self.running = running
    self.adaptersInUse = adaptersInUse
    self.newAdapters = newAdapters
  }
}

/// What becomes of a waiting request.
public enum SchedulingVerdict: Sendable {
  /// Start it, if memory allows.
  case admit
  /// Leave it, look at the next.
  case skip
  /// Leave it and all behind it.
  case stop
}

/// What a scheduling policy knows from the start.
public struct SchedulingContext: Sendable {
  /// Adapter slots of the device; nil where adapters share a pool with the KV cache.
  public var slots: Int?

  /// Makes a context.
  public init(slots: Int?) { self.slots = slots }
}
