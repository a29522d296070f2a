import Orchestration
import Primitives

/// What requests that miss come to: their number, their bytes, their load costs.
public struct MissTotals: Sendable, Equatable {
  /// Requests that miss.
  public var objects: Int64
  /// Their bytes.
  public var bytes: Bytes
  /// Their load cost.
  public var cost: Nanoseconds

  /// Makes totals.
  public init(objects: Int64 = 0, bytes: Bytes = 0, cost: Nanoseconds = 0) {
    self.objects = objects
    self.bytes = bytes
    self.cost = cost
  }
}

/// Between what the misses of a cache that knows the future would be.
///
/// Each of the three measures has bounds of its own: no cache that loads on demand misses less than
/// ``lower``, whichever it cares for; and for each there is a schedule that achieves ``upper``, but
/// not one for all three.
public struct CacheBounds: Sendable, Equatable {
  /// First requests: misses of a cache without end.
  public var compulsory: MissTotals
  /// What no cache of this capacity can be below.
  public var lower: MissTotals
  /// What a cache of this capacity that may refuse what comes can achieve.
  public var upper: MissTotals

  /// Which share of the way from LRU to a bound a policy has gone, of misses or of their bytes or
  /// cost: 0 is LRU, 1 is the bound, below 0 is worse than LRU. Nil where LRU meets the bound.
  public static func gapShare(lru: Double, policy: Double, bound: Double) -> Double? {
    lru == bound ? nil : (lru - policy) / (lru - bound)
  }
}
