import BasicContainers
import Orchestration

/// Residents ordered by a key, smallest first, ties by the older use: an indexed binary heap.
///
/// - Complexity: O(log n) for changes; finding a victim looks past pinned adapters only.
struct RankedHeap<Key: Comparable & BitwiseCopyable & Sendable>: ~Copyable, Sendable {
  struct Entry: BitwiseCopyable {
    var key: Key
    var use: Int64
  }

  private var heap: [AdapterID] = []
  private var places: UniqueArray<Int32>
  private var entries: UniqueArray<Entry>
  private var clock: Int64 = 0

  init(count: Int, zero: Key) {
    places = UniqueArray(repeating: -1, count: count)
    entries = UniqueArray(repeating: Entry(key: zero, use: 0), count: count)
  }

  func key(of adapter: AdapterID) -> Key { entries[Int(adapter)].key }

  /// Adds an adapter, or gives it a new key; either is a use.
  mutating func set(_ adapter: AdapterID, to key: Key) {
    clock += 1
    entries[Int(adapter)] = Entry(key: key, use: clock)
    if places[Int(adapter)] < 0 {
      heap.append(adapter)
      places[Int(adapter)] = Int32(heap.count - 1)
    }
    siftUp(Int(places[Int(adapter)]))
    siftDown(Int(places[Int(adapter)]))
  }

  mutating func remove(_ adapter: AdapterID) {
    let place = Int(places[Int(adapter)])
    places[Int(adapter)] = -1
    let moved = heap.removeLast()
    guard moved != adapter else { return }
    heap[place] = moved
    places[Int(moved)] = Int32(place)
    siftUp(place)
    siftDown(Int(places[Int(moved)]))
  }

  /// The smallest adapter that is not pinned.
  func smallest(sparing pins: borrowing PinTable) -> AdapterID? {
    // Best-first over the heap's tree: children are worth a look only below a pinned parent.
    var frontier = heap.isEmpty ? [] : [0]
    while let (index, place) = frontier.enumerated().min(by: { precedes($0.1, $1.1) }) {
      if !pins.isPinned(heap[place]) { return heap[place] }
      frontier.remove(at: index)
      for child in [2 * place + 1, 2 * place + 2] where child < heap.count {
        frontier.append(child)
      }
    }
    return nil
  }

  private func precedes(_ a: Int, _ b: Int) -> Bool {
    let x = entries[Int(heap[a])]
    let y = entries[Int(heap[b])]
    return x.key == y.key ? x.use < y.use : x.key < y.key
  }

  private mutating func siftUp(_ start: Int) {
    var place = start
    while place > 0, precedes(place, (place - 1) / 2) {
      exchange(place, (place - 1) / 2)
      place = (place - 1) / 2
    }
  }

  private mutating func siftDown(_ start: Int) {
    var place = start
    while true {
      var least = place
      for child in [2 * place + 1, 2 * place + 2] where child < heap.count && precedes(child, least)
      {
        least = child
      }
      guard least != place else { return }
      exchange(place, least)
      place = least
    }
  }

  private mutating func exchange(_ a: Int, _ b: Int) {
    heap.swapAt(a, b)
    places[Int(heap[a])] = Int32(a)
    places[Int(heap[b])] = Int32(b)
  }
}
