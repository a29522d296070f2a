/// Numbers the distinct pieces of a text in the order in which they first appear, without making
/// a string of any of them.
struct ByteInterner {
  private struct Slot {
    var hash: Int
    var index: Int32
  }

  private var pieces: [Range<Int>] = []
  /// Open addressing with linear probing; an index of -1 is a free slot. Never more than half full.
  private var slots = [Slot](repeating: Slot(hash: 0, index: -1), count: 64)

  /// Number of distinct pieces so far.
  var count: Int { pieces.count }

  /// The number of a piece; `isNew` where it had none before.
  mutating func number(
    of piece: Range<Int>, in text: TextSource
  ) -> (index: Int, isNew: Bool) {
    let hash = text.hash(piece)
    var slot = hash & (slots.count - 1)
    while slots[slot].index >= 0 {
      let index = Int(slots[slot].index)
      if slots[slot].hash == hash && text.equals(pieces[index], piece) { return (index, false) }
      slot = (slot + 1) & (slots.count - 1)
    }
    slots[slot] = Slot(hash: hash, index: Int32(pieces.count))
    pieces.append(piece)
    if pieces.count * 2 > slots.count { grow() }
    return (pieces.count - 1, true)
  }

  private mutating func grow() {
    let old = slots
    slots = [Slot](repeating: Slot(hash: 0, index: -1), count: old.count * 2)
    for entry in old where entry.index >= 0 {
      var slot = entry.hash & (slots.count - 1)
      while slots[slot].index >= 0 { slot = (slot + 1) & (slots.count - 1) }
      slots[slot] = entry
    }
  }
}
