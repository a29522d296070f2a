/// How many tokens the KV cache of a server has room for, given its adapter slots.
///
/// What the slots and the buffers beside them take is lost to the cache:
/// `base - perSlotRank x slots x rank - perSlot x slots`, unless it was found at single numbers of
/// slots by what the server then did.
public struct KVCapacity: Sendable, Equatable {
  /// The tokens that a server with so many slots turned out to have room for.
  public struct Finding: Sendable, Equatable {
    /// Adapter slots, at least 1.
    public var slots: Int
    /// Tokens.
    public var tokens: Double

    /// Makes a finding.
    public init(slots: Int, tokens: Double) {
      self.slots = slots
      self.tokens = tokens
    }
  }

  /// Tokens without slots.
  public var base: Estimate
  /// Tokens lost for each slot and unit of the rank that slots are made for: its weights.
  public var perSlotRank: Estimate
  /// Tokens lost for each slot, whatever its rank.
  public var perSlot: Estimate
  /// What goes before all of these, by rising slots; empty where nothing was found.
  public var findings: [Finding] = []

  /// Makes a capacity.
  public init(base: Estimate, perSlotRank: Estimate, perSlot: Estimate) {
    self.base = base
    self.perSlotRank = perSlotRank
    self.perSlot = perSlot
  }

  /// The tokens beside slots of a rank, in whole blocks; 0 where nothing is left.
  public func tokens(slots: Int, rank: Int, blockTokens: Int = 16) -> Int {
    let lost = perSlotRank.value * Double(rank) + perSlot.value
    let tokens = found(slots: slots) ?? base.value - lost * Double(slots)
    return Int(min(max(0, tokens), 1e15)) / blockTokens * blockTokens
  }

  /// Between two findings linear in 1/slots, the form that findings have had so far; beyond them that
  /// of the nearest.
  private func found(slots: Int) -> Double? {
    guard let last = findings.last, slots > 0 else { return nil }
    guard let upper = findings.firstIndex(where: { $0.slots >= slots }) else { return last.tokens }
    let (low, high) = (findings[max(0, upper - 1)], findings[upper])
    guard low.slots < high.slots else { return high.tokens }
    let ends = (1 / Double(low.slots), 1 / Double(high.slots))
    let share = (1 / Double(slots) - ends.0) / (ends.1 - ends.0)
    return low.tokens + share * (high.tokens - low.tokens)
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
