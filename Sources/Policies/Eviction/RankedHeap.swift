import BasicContainers
import Orchestration

/// Residents ordered by a key, smallest first, ties by the older use: an indexed heap that is lazy.
///
/// Keys mostly rise, with every hit; but the order matters only once a victim is wanted, and then only
/// near the top. So a key that rises is written down, and the heap goes on with the old one, which is
/// a bound from below, until it comes to the top: a hit is O(1), however long the heap.
///
/// - Complexity: O(1) for a key that rises, O(log n) amortised for the rest; finding a victim looks
///   past pinned adapters only.
struct RankedHeap<Key: Comparable & BitwiseCopyable & Sendable>: ~Copyable, Sendable {
  struct Rank: BitwiseCopyable {
    var key: Key
    var use: Int64

    static func < (a: Rank, b: Rank) -> Bool { a.key == b.key ? a.use < b.use : a.key < b.key }
  }

  struct Node: BitwiseCopyable {
    /// The adapter's rank, or one that it had before.
    var rank: Rank
    var adapter: AdapterID
  }

  private var heap: UniqueArray<Node>
  private var places: UniqueArray<Int32>
  private var ranks: UniqueArray<Rank>
  private var clock: Int64 = 0
  /// Places whose subtrees may hold the smallest that is not pinned.
  private var frontier: [Int] = []

  init(count: Int, zero: Key) {
    heap = UniqueArray(minimumCapacity: count)
    places = UniqueArray(repeating: -1, count: count)
    ranks = UniqueArray(repeating: Rank(key: zero, use: 0), count: count)
  }

  /// The key that an adapter has, or had last.
  func key(of adapter: AdapterID) -> Key { ranks[Int(adapter)].key }

  /// Adds an adapter, or gives it a new key; either is a use.
  mutating func set(_ adapter: AdapterID, to key: Key) {
    clock += 1
    let rank = Rank(key: key, use: clock)
    ranks[Int(adapter)] = rank
    let place = Int(places[Int(adapter)])
    if place < 0 {
      let node = Node(rank: rank, adapter: adapter)
      heap.append(node)
      siftUp(node, from: heap.count - 1)
    } else if rank < heap[place].rank {
      siftUp(Node(rank: rank, adapter: adapter), from: place)
    }
  }

  mutating func remove(_ adapter: AdapterID) {
    let place = Int(places[Int(adapter)])
    places[Int(adapter)] = -1
    let moved = heap.removeLast()
    guard moved.adapter != adapter else { return }
    if place > 0, moved.rank < heap[(place - 1) / 4].rank {
      siftUp(moved, from: place)
    } else {
      siftDown(moved, from: place)
    }
  }

  /// The smallest adapter; nil if there is none.
  mutating func smallest() -> AdapterID? {
    if heap.isEmpty { return nil }
    while refresh(0) {}
    return heap[0].adapter
  }

  /// The smallest adapter that is not pinned.
  mutating func smallest(sparing pins: borrowing PinTable) -> AdapterID? {
    guard let first = smallest(), pins.isPinned(first) else { return smallest() }
    // Best-first over the heap's tree: children are worth a look only below a pinned parent.
    frontier.removeAll(keepingCapacity: true)
    addChildren(of: 0)
    while let index = frontier.indices.min(by: { heap[frontier[$0]].rank < heap[frontier[$1]].rank }
    ) {
      let place = frontier[index]
      if refresh(place) { continue }
      if !pins.isPinned(heap[place].adapter) { return heap[place].adapter }
      frontier.swapAt(index, frontier.count - 1)
      frontier.removeLast()
      addChildren(of: place)
    }
    return nil
  }

  private mutating func addChildren(of place: Int) {
    for child in 4 * place + 1..<max(4 * place + 1, min(4 * place + 5, heap.count)) {
      frontier.append(child)
    }
  }

  /// Puts the node of a place where it belongs by now; false if that is where it is.
  private mutating func refresh(_ place: Int) -> Bool {
    let adapter = heap[place].adapter
    let rank = ranks[Int(adapter)]
    guard heap[place].rank.use != rank.use else { return false }
    siftDown(Node(rank: rank, adapter: adapter), from: place)
    return true
  }

  private mutating func put(_ node: Node, at place: Int) {
    heap[place] = node
    places[Int(node.adapter)] = Int32(truncatingIfNeeded: place)
  }

  private mutating func siftUp(_ node: Node, from start: Int) {
    var place = start
    while place > 0 {
      let parent = (place - 1) / 4
      guard node.rank < heap[parent].rank else { break }
      put(heap[parent], at: place)
      place = parent
    }
    put(node, at: place)
  }

  private mutating func siftDown(_ node: Node, from start: Int) {
    var place = start
    while 4 * place + 1 < heap.count {
      var least = 4 * place + 1
      for child in least + 1..<min(least + 4, heap.count) where heap[child].rank < heap[least].rank
      {
        least = child
      }
      guard heap[least].rank < node.rank else { break }
      put(heap[least], at: place)
      place = least
    }
    put(node, at: place)
  }
}
