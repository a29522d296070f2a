import Primitives

/// Decides in which order waiting requests are considered, and whether each may start now.
///
/// The replica does the rest: it walks the queue in the policy's order, asks for a verdict, finds
/// KV blocks, and brings adapters in.
///
/// Most policies are a key and a verdict. One that decides over time which adapter sets are served also
/// notes what happens (``note(_:of:)``), and changes what it wants in a ``review(at:queue:residency:)``.
public protocol SchedulingPolicy: ~Copyable, Sendable {
  /// The key by which a request waits: smaller is earlier, ties by arrival.
  mutating func key(for request: Request) -> Int64
  /// Whether a waiting request may start in the step that is being put together.
  ///
  /// Must depend only on its arguments: a request that was told `.skip` is not asked about again
  /// before the set of adapters in use changes, and one that would not be admitted where nothing
  /// runs is rejected when it comes.
  mutating func verdict(on request: Request, given load: SchedulingLoad) -> SchedulingVerdict
  /// Something has happened to a request of a set.
  mutating func note(_ event: SchedulingEvent, of set: AdapterSetID)
  /// What is to change before waiting requests are looked at; called whenever they are about to be,
  /// if there are any.
  ///
  /// Must depend only on what has happened, what it is shown, and the time, and on the last only as
  /// ``SchedulingReview/next`` says: equal steps are run as one, and reviewed once. Where a set was
  /// ranked or dropped there is another review before steps are taken for equal, and at once if nothing
  /// runs.
  mutating func review(
    at time: Nanoseconds, queue: borrowing WaitingQueue, residency: borrowing Residency
  ) -> SchedulingReview
}

extension SchedulingPolicy where Self: ~Copyable {
  /// Most policies do not care.
  public mutating func note(_ event: SchedulingEvent, of set: AdapterSetID) {}

  /// Most policies change nothing.
  public mutating func review(
    at time: Nanoseconds, queue: borrowing WaitingQueue, residency: borrowing Residency
  ) -> SchedulingReview { SchedulingReview() }
}

/// What may happen to a request.
public enum SchedulingEvent: Sendable {
  /// It has come, and waits.
  case arrived
  /// It waits no longer, but runs.
  case started
  /// It runs no longer: it has ended, or was preempted and waits again.
  case stopped
}

/// What a scheduling policy wants changed.
public struct SchedulingReview: Sendable, Equatable {
  /// What to do, in order.
  public var changes: [SchedulingChange] = []
  /// When, if nothing happens before, the policy may want something else; nil for never.
  public var next: Nanoseconds?

  /// Nothing.
  public init() {}
}

/// A change to how an adapter set stands.
public enum SchedulingChange: Sendable, Equatable {
  /// Requests of the set are looked at before those of sets with a larger rank, whatever their keys; if
  /// nil, not at all. All sets begin with rank 0.
  case rank(AdapterSetID, Int32?)
  /// The set's adapters are to come to a tier, where they are farther away; on the device they are held
  /// for the next request of the set that starts. To say so again while they are coming changes nothing.
  case bring(AdapterSetID, to: Tier)
  /// The set's adapters are to leave the device, unless somebody else holds them.
  case drop(AdapterSetID)
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
  /// Device memory for adapters, or the whole pool.
  public var adapterBytes: Bytes
  /// Bytes of each adapter set, its adapters together.
  public var setBytes: [Bytes]
  /// Number of adapters of each set.
  public var setSizes: [Int]

  /// Makes a context.
  public init(slots: Int?, adapterBytes: Bytes, setBytes: [Bytes], setSizes: [Int]) {
    self.slots = slots
    self.adapterBytes = adapterBytes
    self.setBytes = setBytes
    self.setSizes = setSizes
  }

  /// The context of a replica's policy.
  public init(
    _ configuration: ReplicaConfiguration, catalogue: AdapterCatalogue, sets: AdapterSets
  ) {
    let all = (0..<AdapterSetID(sets.count)).map { sets.members($0) }
    self.init(
      slots: configuration.slots, adapterBytes: configuration.adapterBytes,
      setBytes: all.map { $0.reduce(0) { $0 + catalogue.bytes($1) } },
      setSizes: all.map { $0.count })
  }
}
