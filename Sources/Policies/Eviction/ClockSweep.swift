import BasicContainers
import Orchestration
import Primitives

/// The CLOCK rule on one list: the oldest member goes if it was not used, else it gets another round
/// at the newest end for one of its uses.
///
/// Looking for the victim changes nothing, so that one may be asked for and spared; once it goes,
/// ``sweep(_:to:uses:)`` does what the hand does on its way.
extension ListSet {
  /// Where the hand would stop: after as many whole rounds as all idle members have uses for, at the
  /// oldest that has none left.
  func clockVictim(
    in list: Int32, uses: borrowing UniqueArray<UInt8>, sparing pins: borrowing PinTable
  ) -> AdapterID? {
    var best: AdapterID?
    var fewest = UInt8.max
    var adapter = last(of: list)
    while adapter != IndexList.none {
      let own = uses[Int(adapter)]
      if own < fewest || best == nil, !pins.isPinned(adapter) {
        if own == 0 { return adapter }
        best = adapter
        fewest = own
      }
      adapter = newer(than: adapter)
    }
    return best
  }

  /// Moves the hand to a victim, as many whole rounds as it has uses first. What has no use to give was
  /// passed because it is pinned, and stays where it is.
  mutating func sweep(
    _ list: Int32, to victim: AdapterID, uses: inout UniqueArray<UInt8>
  ) {
    for _ in 0..<uses[Int(victim)] { pass(over: list, to: IndexList.none, uses: &uses) }
    // Mostly all on the way have a use to give: they move as one piece.
    var adapter = last(of: list)
    while adapter != victim, uses[Int(adapter)] > 0 {
      uses[Int(adapter)] -= 1
      adapter = newer(than: adapter)
    }
    turn(list, to: adapter)
    pass(over: list, to: victim, uses: &uses)
  }

  /// Takes a use from each member that has one, which thereby becomes the newest; up to a member, or
  /// once round.
  private mutating func pass(
    over list: Int32, to end: AdapterID, uses: inout UniqueArray<UInt8>
  ) {
    let newest = first(of: list)
    var adapter = last(of: list)
    while adapter != end {
      let next = newer(than: adapter)
      if uses[Int(adapter)] > 0 {
        uses[Int(adapter)] -= 1
        moveFirst(adapter, in: list)
      }
      if adapter == newest { return }
      adapter = next
    }
  }
}
