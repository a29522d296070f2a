import Primitives

/// The order in which CPython goes through a set of adapters that is made anew for every step.
///
/// It is that of a hash table: by the lowest bits of each adapter's hash, as many as the table has room
/// for, but that whoever finds a place taken moves on. Hashes are drawn by the process
/// (`PYTHONHASHSEED`), so that the order is arbitrary, and another one whenever the set has outgrown a
/// table. The same adapters put in in the same order give the same order.
///
/// `set_add_entry`, `set_table_resize` and `set_insert_clean` of CPython 3.10 to 3.13,
/// Objects/setobject.c.
struct SetOrder {
  /// Places beside its own that are looked at before an element goes elsewhere.
  private static let linearProbes = 9
  private static let perturbShift = UInt64(5)
  private static let smallestTable = 8
  private static let free: AdapterID = -1

  private let hashes: [UInt64]

  /// Draws the hashes of `count` adapters.
  init(count: Int, random: consuming RandomStream) {
    hashes = (0..<count).map { _ in random.next() }
  }

  /// Adapters that are put into an empty set one after the other, in the set's order.
  func order(of adapters: [AdapterID]) -> [AdapterID] {
    var table = Array(repeating: SetOrder.free, count: SetOrder.smallestTable)
    for (index, adapter) in adapters.enumerated() {
      insert(adapter, into: &table)
      let used = index + 1
      // A table that is three fifths full is replaced by one with more than four places an element.
      if used * 5 >= (table.count - 1) * 3 {
        let old = table
        var size = SetOrder.smallestTable
        while size <= 4 * used { size *= 2 }
        table = Array(repeating: SetOrder.free, count: size)
        for element in old where element != SetOrder.free { insert(element, into: &table) }
      }
    }
    return table.filter { $0 != SetOrder.free }
  }

  private func insert(_ adapter: AdapterID, into table: inout [AdapterID]) {
    let mask = UInt64(table.count - 1)
    var perturb = hashes[Int(adapter)]
    var start = perturb & mask
    while true {
      let isWhole = Int(start) + SetOrder.linearProbes < table.count
      let last = Int(start) + (isWhole ? SetOrder.linearProbes : 0)
      if let place = (Int(start)...last).first(where: { table[$0] == SetOrder.free }) {
        table[place] = adapter
        return
      }
      perturb >>= SetOrder.perturbShift
      start = (start &* 5 &+ 1 &+ perturb) & mask
    }
  }
}
