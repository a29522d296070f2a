import BasicContainers
import Primitives

/// Decides which adapter leaves a tier when room is needed.
///
/// The owner of the tier tells the policy what happens and asks it for victims; the policy sees
/// nothing else, so it cannot tell in which world it runs. Sizes, load costs and the tier's capacity
/// come at the start, in ``EvictionContext``.
///
/// For a request of an adapter the policy hears either ``accessed(_:at:)`` or, where the adapter is
/// not there, ``missed(_:at:)``; then, room having been made by asking for victims, ``inserted(_:at:)``
/// when it has arrived, before which others may be requested. A prefetched adapter arrives without
/// having been missed. Only ``inserted(_:at:)``, ``accessed(_:at:)``, ``removed(_:)`` and
/// ``victim(for:sparing:at:)`` have to be written; of the rest, a policy writes what it needs.
public protocol EvictionPolicy: ~Copyable, Sendable {
  /// A request asks for an adapter that is not in the tier: what ghost lists learn from. It is told
  /// before room is made, and whether or not the adapter will be admitted.
  mutating func missed(_ adapter: AdapterID, at time: Nanoseconds)
  /// Whether an adapter that was missed is worth a place. A tier through which the adapter has to
  /// pass anyway, such as a device that is about to compute with it, does not ask.
  mutating func admits(_ adapter: AdapterID, at time: Nanoseconds) -> Bool
  /// An adapter has come to the tier; a demand load's first use is part of this call.
  mutating func inserted(_ adapter: AdapterID, at time: Nanoseconds)
  /// A request uses an adapter that is in the tier.
  mutating func accessed(_ adapter: AdapterID, at time: Nanoseconds)
  /// The last user of an adapter is done with it. Policies of recency count from here.
  mutating func released(_ adapter: AdapterID, at time: Nanoseconds)
  /// A request that needs an adapter has come to wait, where none did; in the tier or not.
  mutating func queued(_ adapter: AdapterID)
  /// No request waits for an adapter any more: the last has started, or ended.
  mutating func unqueued(_ adapter: AdapterID)
  /// An adapter has left the tier, as a victim or for another reason.
  mutating func removed(_ adapter: AdapterID)
  /// The adapter that should go next; not pinned. Nil if all are pinned.
  ///
  /// The caller calls ``removed(_:)`` if it does evict it, and may ask again first: asked twice with
  /// nothing in between, the policy gives the same answer.
  /// - Parameter incoming: the adapter that needs the room, if it is known. A policy to which it is
  ///   worth less than all that are there may name it, unless it is pinned: then it does not come.
  mutating func victim(
    for incoming: AdapterID?, sparing pins: borrowing PinTable, at time: Nanoseconds
  ) -> AdapterID?
  /// An adapter that should go though there is room, as where a segment of its own is full. Asked
  /// after insertions and uses, until it is nil.
  mutating func surplus(sparing pins: borrowing PinTable, at time: Nanoseconds) -> AdapterID?
  /// The tier's capacity has changed, in the unit of ``EvictionContext/capacity``: where adapters
  /// share a pool with the KV cache it moves.
  mutating func capacityChanged(to capacity: Bytes)
  /// Replays requests through a cache that has nothing but this policy. Nobody writes it: it is
  /// required so that every policy has its own, specialised loop.
  mutating func replay(_ requests: CacheRequests, in cache: inout LoneCache)
}

extension EvictionPolicy where Self: ~Copyable {
  /// Most policies remember nothing of what is not there.
  @inlinable public mutating func missed(_ adapter: AdapterID, at time: Nanoseconds) {}
  /// Most policies admit everything.
  @inlinable public mutating func admits(_ adapter: AdapterID, at time: Nanoseconds) -> Bool {
    true
  }
  /// Most policies do not care.
  @inlinable public mutating func released(_ adapter: AdapterID, at time: Nanoseconds) {}
  /// Most policies do not know who waits.
  @inlinable public mutating func queued(_ adapter: AdapterID) {}
  /// Most policies do not know who waits.
  @inlinable public mutating func unqueued(_ adapter: AdapterID) {}
  /// Most policies have no parts that could be too full.
  @inlinable public mutating func surplus(
    sparing pins: borrowing PinTable, at time: Nanoseconds
  ) -> AdapterID? { nil }
  /// Most policies do not need to know.
  @inlinable public mutating func capacityChanged(to capacity: Bytes) {}
}

/// What an eviction policy knows from the start.
public struct EvictionContext: Sendable {
  /// The tier it works for.
  public var tier: Tier
  /// Bytes of each adapter.
  public var bytes: [Bytes]
  /// What each adapter takes of the tier's capacity: its bytes, or 1 where the tier has slots.
  public var sizes: [Bytes]
  /// The tier's capacity, in the unit of ``sizes``.
  public var capacity: Bytes
  /// Estimated time to bring each adapter back from the tier below it.
  public var loadCost: [Nanoseconds]
  /// What each adapter is called outside, as a number: for policies that hash, or break ties by it.
  public var keys: [UInt64]
  /// All requests to come, for clairvoyant policies; nil where nobody can know.
  public var future: RequestedFuture?
  /// For policies that draw lots.
  public var seed: UInt64

  /// Number of adapters.
  public var count: Int { bytes.count }

  /// Makes a context.
  /// - Parameters:
  ///   - slots: how many adapters the tier holds, where it counts them rather than their bytes.
  ///   - capacity: bytes that it holds, where it does not.
  public init(
    tier: Tier, bytes: [Bytes], loadCost: [Nanoseconds], seed: UInt64, slots: Int? = nil,
    capacity: Bytes = .max, keys: [UInt64]? = nil, future: RequestedFuture? = nil
  ) {
    self.tier = tier
    self.bytes = bytes
    self.loadCost = loadCost
    self.seed = seed
    self.future = future
    self.keys = keys ?? bytes.indices.map { UInt64($0) }
    sizes = slots == nil ? bytes : bytes.map { _ in 1 }
    // Room for arithmetic with what means "no limit".
    self.capacity = min(slots.map { Bytes($0) } ?? capacity, Bytes.max / 16)
  }
}

/// What will be requested, for clairvoyant policies: bounds, not contestants.
public struct RequestedFuture: Sendable {
  /// For the i-th request, the index of the next one to the same adapter; ``never`` if there is none.
  public let nextUse: [Int32]
  /// For each adapter, the index of its first request; ``never`` if there is none.
  public let firstUse: [Int32]
  /// No further request.
  public static let never = Int32.max

  /// Finds the next uses of a stream of requests to adapters `0..<count`.
  ///
  /// - Complexity: O(n).
  public init(of requests: [AdapterID], count: Int) {
    var upcoming = Array(repeating: Self.never, count: count)
    var nextUse = Array(repeating: Self.never, count: requests.count)
    for position in requests.indices.reversed() {
      let adapter = Int(requests[position])
      nextUse[position] = upcoming[adapter]
      upcoming[adapter] = Int32(clamping: position)
    }
    self.nextUse = nextUse
    firstUse = upcoming
  }
}
