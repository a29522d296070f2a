import BasicContainers
import Orchestration

/// Residents and what a policy knows of each, side by side: for policies that have to look at all of
/// them to find a victim.
struct ResidentTable<Facts: BitwiseCopyable & Sendable>: ~Copyable, Sendable {
  struct Entry: BitwiseCopyable {
    var adapter: AdapterID
    var facts: Facts
  }

  private var entries = UniqueArray<Entry>(minimumCapacity: 0)
  private var places: UniqueArray<Int32>

  init(count: Int) { places = UniqueArray(repeating: -1, count: count) }

  /// Number of residents.
  var count: Int { entries.count }

  /// A resident, in no particular order.
  subscript(place: Int) -> Entry { entries[place] }

  mutating func insert(_ adapter: AdapterID, _ facts: Facts) {
    places[Int(adapter)] = Int32(entries.count)
    entries.append(Entry(adapter: adapter, facts: facts))
  }

  mutating func update(_ adapter: AdapterID, _ change: (inout Facts) -> Void) {
    change(&entries[Int(places[Int(adapter)])].facts)
  }

  mutating func remove(_ adapter: AdapterID) {
    let place = Int(places[Int(adapter)])
    places[Int(adapter)] = -1
    let moved = entries.removeLast()
    guard moved.adapter != adapter else { return }
    entries[place] = moved
    places[Int(moved.adapter)] = Int32(place)
  }
}
