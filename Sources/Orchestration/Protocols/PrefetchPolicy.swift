import Primitives

/// Decides which adapters to bring nearer before a request has to wait for them.
///
/// A prefetch never delays a demand load: the replica begins one only on an idle link, and cancels
/// it when a demand load needs the lane.
public protocol PrefetchPolicy: ~Copyable, Sendable {
  /// A request has come; the policy may learn from it.
  mutating func arrived(_ request: Request, members: ArraySlice<AdapterID>)
  /// The adapter most worth bringing to the device now, or nil.
  ///
  /// Called after events that may matter, whenever no transfer is under way. May propose only
  /// adapters that are neither on the device nor on their way (``Residency/isAbsent(_:)``).
  mutating func proposal(
    at time: Nanoseconds, residency: borrowing Residency, queue: borrowing WaitingQueue
  ) -> PrefetchProposal?
  /// What it is worth to keep an idle resident adapter, on the same scale as a proposal's worth: a
  /// prefetch may push it out only for something worth more.
  mutating func worth(
    keeping adapter: AdapterID, at time: Nanoseconds, queue: borrowing WaitingQueue
  ) -> Double
  /// When the policy wants to be asked again even if nothing happens; nil for never.
  mutating func nextLook(after time: Nanoseconds) -> Nanoseconds?
}

extension PrefetchPolicy where Self: ~Copyable {
  /// By default the policy is asked only when something has happened.
  public mutating func nextLook(after time: Nanoseconds) -> Nanoseconds? { nil }
}

/// An adapter worth bringing to the device.
public struct PrefetchProposal: Sendable, Equatable {
  /// Which.
  public var adapter: AdapterID
  /// Expected saving, in the policy's own scale (for instance nanoseconds saved per byte).
  public var worth: Double

  /// Makes a proposal.
  public init(adapter: AdapterID, worth: Double) {
    self.adapter = adapter
    self.worth = worth
  }
}

/// What a prefetch policy knows from the start.
public struct PrefetchContext: Sendable {
  /// Size of each adapter.
  public var bytes: [Bytes]
  /// Estimated time to bring each adapter into a tier from the one below it; indexed by the raw
  /// value of the tier, then by adapter. The entry for `.remote` is all zero.
  public var loadCost: [[Nanoseconds]]
  /// For policies that draw lots.
  public var seed: UInt64

  /// Number of adapters.
  public var count: Int { bytes.count }

  /// Makes a context.
  public init(bytes: [Bytes], loadCost: [[Nanoseconds]], seed: UInt64) {
    self.bytes = bytes
    self.loadCost = loadCost
    self.seed = seed
  }
}
