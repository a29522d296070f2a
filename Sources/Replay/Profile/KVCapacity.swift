/// How many tokens the KV cache of a server has room for, given its adapter slots.
///
/// What the slots and the buffers beside them take is lost to the cache:
/// `base - perSlotRank x slots x rank - perSlot x slots`.
public struct KVCapacity: Sendable, Equatable {
  /// Tokens without slots.
  public var base: Estimate
  /// Tokens lost for each slot and unit of the rank that slots are made for: its weights.
  public var perSlotRank: Estimate
  /// Tokens lost for each slot, whatever its rank.
  public var perSlot: Estimate

  /// Makes a capacity.
  public init(base: Estimate, perSlotRank: Estimate, perSlot: Estimate) {
    self.base = base
    self.perSlotRank = perSlotRank
    self.perSlot = perSlot
  }

  /// The tokens beside slots of a rank, in whole blocks; 0 where nothing is left.
  public func tokens(slots: Int, rank: Int, blockTokens: Int = 16) -> Int {
    let lost = perSlotRank.value * Double(rank) + perSlot.value
    let tokens = base.value - lost * Double(slots)
    return Int(min(max(0, tokens), 1e15)) / blockTokens * blockTokens
  }
}

/// Why a server does not start: what is left for its KV cache cannot hold the longest context that
/// it promises.
public struct StartRefusal: Error, Sendable, Equatable, CustomStringConvertible {
  /// Adapter slots.
  public var slots: Int
  /// The rank that they are made for.
  public var rank: Int
  /// Tokens that the KV cache would have room for; 0 where the slots alone do not fit.
  public var tokens: Int
  /// Tokens that it must have room for.
  public var needed: Int

  public var description: String {
    let room = tokens == 0 ? "no KV cache" : "a KV cache of \(tokens) tokens"
    return "does not start: \(slots) slots of rank \(rank) leave \(room), "
      + "and the model's context of \(needed) tokens must fit"
  }
}
