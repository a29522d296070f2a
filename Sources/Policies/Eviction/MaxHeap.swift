import BasicContainers
import Orchestration

/// Residents ordered by a key, largest first: an indexed binary heap.
///
/// Which of two equal adapters comes first follows from the moves alone: one moves up past a smaller
/// one only, of two children the larger moves up and of equal ones the left, and the last takes the
/// place of what is removed; a changed one moves up if it grew and else down. Where ties are many, as
/// among sizes or among what is never used again, libCacheSim's victims follow from it.
///
/// - Complexity: O(log n) for changes; finding a victim looks past pinned adapters only.
struct MaxHeap<Key: Comparable & BitwiseCopyable & Sendable>: ~Copyable, Sendable {
  struct Node: BitwiseCopyable {
    var key: Key
    var adapter: AdapterID
  }

  private var nodes: UniqueArray<Node>
  private var places: UniqueArray<Int32>
  /// Places whose subtrees may hold the largest that is not pinned.
  private var frontier: [Int] = []

  init(count: Int) {
    nodes = UniqueArray(minimumCapacity: count)
    places = UniqueArray(repeating: -1, count: count)
  }

  mutating func insert(_ adapter: AdapterID, key: Key) {
    let node = Node(key: key, adapter: adapter)
    nodes.append(node)
    siftUp(node, from: nodes.count - 1)
  }

  mutating func change(_ adapter: AdapterID, to key: Key) {
    let place = Int(places[Int(adapter)])
    let node = Node(key: key, adapter: adapter)
    if nodes[place].key < key { siftUp(node, from: place) } else { siftDown(node, from: place) }
  }

  mutating func remove(_ adapter: AdapterID) {
    let place = Int(places[Int(adapter)])
    let removed = nodes[place]
    let last = nodes.removeLast()
    guard last.adapter != adapter else { return }
    if removed.key < last.key { siftUp(last, from: place) } else { siftDown(last, from: place) }
  }

  /// The first adapter that is not pinned.
  mutating func largest(sparing pins: borrowing PinTable) -> AdapterID? {
    if nodes.isEmpty { return nil }
    if !pins.isPinned(nodes[0].adapter) { return nodes[0].adapter }
    // Best-first over the heap's tree: children are worth a look only below a pinned parent.
    frontier.removeAll(keepingCapacity: true)
    addChildren(of: 0)
    while let index = frontier.indices.max(by: { precedes(frontier[$1], frontier[$0]) }) {
      let place = frontier[index]
      if !pins.isPinned(nodes[place].adapter) { return nodes[place].adapter }
      frontier.swapAt(index, frontier.count - 1)
      frontier.removeLast()
      addChildren(of: place)
    }
    return nil
  }

  private mutating func addChildren(of place: Int) {
    if 2 * place + 1 < nodes.count { frontier.append(2 * place + 1) }
    if 2 * place + 2 < nodes.count { frontier.append(2 * place + 2) }
  }

  private func precedes(_ a: Int, _ b: Int) -> Bool {
    nodes[a].key == nodes[b].key ? a < b : nodes[a].key > nodes[b].key
  }

  private mutating func put(_ node: Node, at place: Int) {
    nodes[place] = node
    places[Int(node.adapter)] = Int32(truncatingIfNeeded: place)
  }

  private mutating func siftUp(_ node: Node, from start: Int) {
    var place = start
    while place > 0 {
      let parent = (place - 1) / 2
      guard nodes[parent].key < node.key else { break }
      put(nodes[parent], at: place)
      place = parent
    }
    put(node, at: place)
  }

  private mutating func siftDown(_ node: Node, from start: Int) {
    var place = start
    while 2 * place + 1 < nodes.count {
      var child = 2 * place + 1
      if child + 1 < nodes.count, nodes[child].key < nodes[child + 1].key { child += 1 }
      guard node.key < nodes[child].key else { break }
      put(nodes[child], at: place)
      place = child
    }
    put(node, at: place)
  }
}
